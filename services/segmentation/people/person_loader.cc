#include "services/segmentation/people/person_loader.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "libs/base/each_once.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/people/person_queries.h"
#include "services/segmentation/people/purchase.h"

namespace esnaf::segmentation {
namespace {

// The walk ends after 64 links, so that a circle, which swapped events can leave for a moment, ends too.
const postgres::Statement kMembers("segmentation", "cluster_members", R"sql(
WITH RECURSIVE member (canonical, contact_id, depth) AS (
  SELECT c, c, 0 FROM unnest($1::uuid[]) AS c
  UNION ALL
  SELECT m.canonical, a.original, m.depth + 1
    FROM member m JOIN contact_alias a ON a.canonical = m.contact_id WHERE m.depth < 64
)
SELECT DISTINCT canonical, contact_id FROM member
)sql");

FactRecord ReadOrder(const postgres::Row& row) {
  FactRecord record{.id = row.Get<Uuid>(1),
                    .time = row.Get<Time>(2),
                    .store_id = row.Get<std::string>(3),
                    .channel = row.Get<std::string>(4),
                    .currency_code = row.Get<std::string>(5),
                    .is_return = row.Get<int>(6) == static_cast<int>(PurchaseKind::kReturn),
                    .completed = row.Get<bool>(7),
                    .cancelled = row.Get<bool>(8),
                    .net_minor = row.Get<std::int64_t>(9),
                    .gross_minor = row.Get<std::int64_t>(10),
                    .lines = row.Get<std::string>(11)};
  return record;
}

FactRecord ReadCart(const postgres::Row& row) {
  FactRecord record{.id = row.Get<Uuid>(1), .time = row.Get<Time>(2), .store_id = row.Get<std::string>(3)};
  record.currency_code = row.Get<std::string>(4);
  record.completed = row.Get<bool>(5);
  record.net_minor = record.gross_minor = row.Get<std::int64_t>(6);
  record.lines = row.Get<std::string>(7);
  return record;
}

FactRecord ReadTicket(const postgres::Row& row) {
  FactRecord record{.id = row.Get<Uuid>(1),
                    .time = row.Get<Time>(2),
                    .store_id = row.Get<std::string>(3),
                    .channel = row.Get<std::string>(4)};
  record.completed = row.Get<bool>(5);
  record.cancelled = row.Get<bool>(6);
  record.net_minor = row.Get<bool>(7) ? 1 : 0;
  record.lines = row.Get<std::string>(8);
  return record;
}

FactRecord ReadAnswer(const postgres::Row& row) {
  FactRecord record{.id = row.Get<Uuid>(1),
                    .time = row.Get<Time>(2),
                    .store_id = row.Get<std::string>(3),
                    .channel = row.Get<std::string>(4)};
  record.net_minor = row.Get<int>(5);
  record.lines = row.Get<std::string>(6);
  return record;
}

Profile ReadProfile(const postgres::Row& row) {
  Profile profile{.contact_id = row.Get<Uuid>(0),
                  .version = row.Get<std::int64_t>(1),
                  .deleted = row.Get<bool>(2),
                  .create_time = row.Get<Time>(3),
                  .update_time = row.Get<Time>(4),
                  .given_name = row.Get<std::string>(5),
                  .family_name = row.Get<std::string>(6),
                  .company_name = row.Get<std::string>(7),
                  .locale = row.Get<std::string>(8),
                  .lifecycle_stage = row.Get<std::string>(9),
                  .owner = row.Get<std::string>(10),
                  .country_code = row.Get<std::string>(11),
                  .city = row.Get<std::string>(12),
                  .has_email = row.Get<bool>(13),
                  .has_phone = row.Get<bool>(14),
                  .tags = row.Get<std::vector<std::string>>(15)};
  profile.custom_fields = ParseCustomFields(row.Text(16));
  return profile;
}

ConsentWord ReadConsent(const postgres::Row& row) {
  return {.contact_id = row.Get<Uuid>(0),
          .purpose = row.Get<std::string>(1),
          .channel = row.Get<std::string>(2),
          .granted = row.Get<bool>(3),
          .consent_time = row.Get<Time>(4),
          .record_time = row.Get<Time>(5),
          .consent_id = row.Get<Uuid>(6)};
}

ScoreFacts ReadScoreFacts(const postgres::Row& row) {
  return {.policy_id = row.Get<std::string>(1),
          .label = row.Get<std::string>(2),
          .recency_score = row.Get<int>(3),
          .frequency_score = row.Get<int>(4),
          .monetary_score = row.Get<int>(5)};
}

Acquisition ReadAcquisition(const postgres::Row& row) {
  return {.order_id = row.Get<Uuid>(1),
          .place_time = row.Get<Time>(2),
          .channel = row.Get<std::string>(3),
          .source = row.Get<std::string>(4),
          .medium = row.Get<std::string>(5),
          .campaign = row.Get<std::string>(6)};
}

// Values are made per person, so those of a contact that was merged since are nobody's.
void AddValues(const postgres::Row& row, PersonRecord& person) {
  if (row.Get<Uuid>(0) != person.contact_id) return;
  DerivedValuesOf({.clv_minor = row.Get<std::int64_t>(1),
                   .historic_minor = row.Get<std::int64_t>(2),
                   .churn_probability = row.Get<double>(3),
                   .expected_orders = row.Get<double>(4),
                   .next_order_day = row.Get<std::optional<std::int64_t>>(5),
                   .mean_gap_days = row.Get<std::optional<double>>(6),
                   .currency_code = row.Text(7)},
                  person.values);
}

// Gathers what several statements say into one record a person.
class Gathering {
 public:
  PersonRecord& Of(const Uuid& canonical) {
    const auto [found, is_new] = places_.try_emplace(canonical, records_.size());
    if (is_new) records_.push_back({.contact_id = canonical});
    return records_[found->second];
  }
  std::vector<PersonRecord> Take() { return std::move(records_); }

 private:
  std::unordered_map<Uuid, std::size_t> places_;
  std::vector<PersonRecord> records_;
};

// `person_of` answers the record that a contact's rows belong to.
template <typename PersonOf>
absl::Status Gather(postgres::Tx& tx, const std::vector<Uuid>& contacts, const PersonOf& person_of) {
  const auto each = [&](const PersonQuery& query, const auto& add) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(query.among(), contacts));
    for (int i = 0; i < rows.size(); ++i) add(rows[i], person_of(rows[i].Get<Uuid>(0)));
    return absl::OkStatus();
  };
  using postgres::Row;
  ESNAF_RETURN_IF_ERROR(
      each(kPersonProfiles, [](const Row& row, PersonRecord& p) { p.profiles.push_back(ReadProfile(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kPersonConsents, [](const Row& row, PersonRecord& p) { p.words.push_back(ReadConsent(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kPersonOrders, [](const Row& row, PersonRecord& p) { p.orders.push_back(ReadOrder(row)); }));
  ESNAF_RETURN_IF_ERROR(each(kPersonCarts, [](const Row& row, PersonRecord& p) { p.carts.push_back(ReadCart(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kPersonTickets, [](const Row& row, PersonRecord& p) { p.tickets.push_back(ReadTicket(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kPersonAnswers, [](const Row& row, PersonRecord& p) { p.answers.push_back(ReadAnswer(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kPersonScores, [](const Row& row, PersonRecord& p) { p.scores.push_back(ReadScoreFacts(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kPersonLists, [](const Row& row, PersonRecord& p) { p.lists.push_back(row.Get<std::string>(1)); }));
  ESNAF_RETURN_IF_ERROR(each(kPersonAcquisitions,
                             [](const Row& row, PersonRecord& p) { p.acquisitions.push_back(ReadAcquisition(row)); }));
  return each(kPersonValues, AddValues);
}

}  // namespace

void PersonBatch::PutInto(PersonEncoder& encoder, PersonTable& table) && {
  for (const Uuid& contact : merged_away) table.Erase(contact);
  for (PersonRecord& record : records) encoder.Put(std::move(record));
}

absl::StatusOr<PersonBatch> ReadPersons(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  PersonBatch batch;
  if (contacts.empty()) return batch;
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  canonicals = EachOnce(std::move(canonicals));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result members, tx.Execute(kMembers, canonicals));
  std::unordered_map<Uuid, Uuid> canonical_of;
  std::vector<Uuid> all;
  for (int i = 0; i < members.size(); ++i) {
    all.push_back(members[i].Get<Uuid>(1));
    canonical_of.emplace(all.back(), members[i].Get<Uuid>(0));
  }
  Gathering gathering;
  for (const Uuid& canonical : canonicals) gathering.Of(canonical);
  ESNAF_RETURN_IF_ERROR(
      Gather(tx, all, [&](const Uuid& contact) -> PersonRecord& { return gathering.Of(canonical_of.at(contact)); }));
  batch.records = gathering.Take();
  all.insert(all.end(), contacts.begin(), contacts.end());
  all = EachOnce(std::move(all));
  std::set_difference(all.begin(), all.end(), canonicals.begin(), canonicals.end(),
                      std::back_inserter(batch.merged_away));
  return batch;
}

}  // namespace esnaf::segmentation
