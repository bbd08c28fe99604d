#pragma once

// Forms and what was sent by them, as they are stored.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/forms.pb.h"
#include "libs/postgres/connection.h"
#include "services/support/records.h"

namespace esnaf::support {

struct FormRecord {
  Record<v1::TicketForm> record;
  std::int64_t tickets = 0;
  std::int64_t spam = 0;
};

// ALREADY_EXISTS where the id is taken, RESOURCE_EXHAUSTED where there are 500.
absl::Status InsertForm(postgres::Tx& tx, const Record<v1::TicketForm>& record);
absl::Status UpdateForm(postgres::Tx& tx, const Record<v1::TicketForm>& record);
absl::Status DeleteForm(postgres::Tx& tx, const std::string& id);
// With its counts, which read what was sent by it. NOT_FOUND where there is none; locked where it is about to change.
absl::StatusOr<FormRecord> GetForm(postgres::Tx& tx, const std::string& id, bool lock = false);
// The form alone, as everybody asks for it who fills it in. NOT_FOUND where there is none.
absl::StatusOr<v1::TicketForm> GetFormToFill(postgres::Tx& tx, const std::string& id);
// What lists select of `ticket_form f`.
extern const char kFormColumns[];
inline constexpr int kFormColumnCount = 6;
absl::StatusOr<FormRecord> ReadForm(const postgres::Row& row);

// What was sent, without its text: hashes that only the installation makes.
struct Submission {
  Uuid ticket_id;
  std::string form_id;
  std::string store_id;
  std::string address_hash;  // empty where the address is not known
  std::string content_hash;
  std::vector<std::string> suspicions;
  Time create_time;
};
// False where its ticket is made already; waits for a transaction that is making it.
absl::StatusOr<bool> InsertSubmission(postgres::Tx& tx, const Submission& submission);
// The hash of what made the ticket; none where nothing did.
absl::StatusOr<std::optional<std::string>> FindSentContent(postgres::Tx& tx, const Uuid& ticket_id);

struct SentBefore {
  std::int64_t from_address = 0;  // since `since`, of this address
  std::int64_t to_store = 0;      // since `since`, without what was suspected
  bool said_before = false;       // since `said_since`, by anybody
};
// Times before which nothing counts, and how far it is counted.
struct SentBounds {
  Time since;
  Time said_since;
  std::int64_t most_from_address = 0;
  std::int64_t most_to_store = 0;
};
absl::StatusOr<SentBefore> CountSent(postgres::Tx& tx, const Submission& submission, const SentBounds& bounds);

// A worker's round: forgets addresses that are older than a day, up to 1000. True where more may be left.
absl::StatusOr<bool> ForgetFormAddresses(postgres::Tx& tx, Time now);

}  // namespace esnaf::support
