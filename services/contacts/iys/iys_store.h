#pragma once

// The SQL of what İYS is told and tells.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/api/list_query.h"
#include "libs/postgres/connection.h"
#include "services/contacts/iys/iys.h"

namespace esnaf::contacts {

// Creates or replaces the brand with its stores. FAILED_PRECONDITION as the contract says.
absl::Status SaveIysBrand(postgres::Tx& tx, const IysBrand& brand, Time now);
absl::StatusOr<std::vector<IysBrand>> ListIysBrands(postgres::Tx& tx);
absl::StatusOr<IysBrand> GetIysBrand(postgres::Tx& tx, const std::string& brand_code);  // NOT_FOUND
// The code under which consents are kept: the given one, else that of the store; empty for the default brand.
absl::StatusOr<std::string> CanonicalBrand(postgres::Tx& tx, const std::string& brand_code,
                                           const std::string& store_id);

// Writes what İYS is to be told of a consent that this transaction recorded, once; nothing where İYS is not concerned.
absl::Status AddIysRecords(postgres::Tx& tx, const Consent& consent);

struct IysRecordPage {
  std::vector<IysRecord> records;
  std::string next_page_token;
};
const api::FieldTable& IysRecordFields();
// Those that İYS did not acknowledge, of all times or overdue ones.
absl::StatusOr<IysRecordPage> ListIysRecords(postgres::Tx& tx, const api::ListQuery& query,
                                             std::optional<Time> overdue_at);
absl::StatusOr<std::int64_t> CountOverdueIysRecords(postgres::Tx& tx, Time now);

struct IysBatch {
  Uuid id;
  std::string brand_code;
  Time create_time;
  std::vector<IysRecord> records;  // in their order
};
// Takes the oldest pending records of the brand; answers how many. No other batch gets them.
absl::StatusOr<int> CreateIysBatch(postgres::Tx& tx, const IysBatch& batch, bool is_default_brand, int most);
absl::StatusOr<IysBatch> GetIysBatch(postgres::Tx& tx, const Uuid& id);  // NOT_FOUND
struct IysAnswer {
  int index = 0;
  std::string error;  // empty: acknowledged
};
// INVALID_ARGUMENT where the batch has no such record.
absl::Status ReportIysBatch(postgres::Tx& tx, const Uuid& id, const std::vector<IysAnswer>& answers, bool others);
absl::Status RetryIysBatch(postgres::Tx& tx, const Uuid& id);

// The contacts whose address of the channel this is: who holds it, and who consented or refused with it.
absl::StatusOr<std::vector<Uuid>> ContactsOfAddress(postgres::Tx& tx, const IysChange& change);
// Whether a consent or refusal of the address, or of whichever the contact has, is as late as the change.
absl::StatusOr<bool> HasLaterWord(postgres::Tx& tx, const std::vector<Uuid>& contacts, const std::string& brand_code,
                                  const IysChange& change);
// Those of the contacts who have refused already, as the refusal says.
absl::StatusOr<std::set<Uuid>> ContactsWhoRefused(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                                  const std::string& brand_code, const IysChange& change);
// Notes the change and how many contacts it was recorded for; false where it was recorded before for anybody.
absl::StatusOr<bool> NoteIysChange(postgres::Tx& tx, const std::string& brand_code, const IysChange& change,
                                   std::size_t contact_count, Time now);

}  // namespace esnaf::contacts
