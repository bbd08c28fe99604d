#include "services/segmentation/people/person_loader.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "libs/base/each_once.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/people/purchase.h"

namespace esnaf::segmentation {
namespace {

// One SELECT, up to its last condition, in its two forms: of these contacts, and of a range of contacts. The contact is
// always column 0.
class PersonQuery {
 public:
  PersonQuery(const std::string& name, const std::string& select)
      : among_sql_(select + " contact_id = ANY ($1::uuid[])"),
        between_sql_(select + " contact_id > $1::uuid AND contact_id <= $2::uuid"),
        among_name_(name + "_among"),
        between_name_(name + "_between"),
        among_("segmentation", among_name_.c_str(), among_sql_.c_str()),
        between_("segmentation", between_name_.c_str(), between_sql_.c_str()) {}

  const postgres::Statement& among() const { return among_; }
  const postgres::Statement& between() const { return between_; }

 private:
  std::string among_sql_;
  std::string between_sql_;
  std::string among_name_;
  std::string between_name_;
  postgres::Statement among_;
  postgres::Statement between_;
};

const PersonQuery kOrders("person_orders", R"sql(
SELECT contact_id, order_id, place_time, store_id, channel, currency_code, kind, completed, cancelled,
       net_value_minor, gross_value_minor, lines FROM purchase WHERE)sql");

const PersonQuery kCarts("person_carts", R"sql(
SELECT contact_id, cart_id, change_time, store_id, currency_code, ordered, value_minor, lines FROM cart WHERE)sql");

const PersonQuery kProfiles("person_profiles", R"sql(
SELECT contact_id, version, deleted, create_time, update_time, given_name, family_name, company_name, locale,
       lifecycle_stage, owner, country_code, city, has_email, has_phone, tags, custom_fields FROM person_profile WHERE)sql");

const PersonQuery kConsents("person_consents", R"sql(
SELECT contact_id, purpose, channel, granted, consent_time, record_time, consent_id FROM person_consent WHERE)sql");

const PersonQuery kScores("person_scores", R"sql(
SELECT contact_id, policy_id, label, recency_score, frequency_score, monetary_score FROM rfm_score WHERE)sql");

// Who is on a static list is kept by canonical contact.
const PersonQuery kLists("person_lists", R"sql(
SELECT contact_id, segment_id FROM segment_member JOIN segment ON segment.id = segment_id AND kind = 2
 AND delete_time IS NULL WHERE)sql");

// As the default model's list stands. The currency is read once, not for each row.
const PersonQuery kValues("person_values", R"sql(
SELECT contact_id, clv_minor, value_minor, churn_probability, expected_purchases,
       (SELECT coalesce(f.body::json -> 'model' ->> 'currencyCode', '') FROM value_fit f JOIN value_model n
            ON n.id = f.model_id AND n.list_fit_number = f.number WHERE n.id = 'default')
  FROM contact_value v JOIN value_model m ON m.id = v.model_id AND m.list_number = v.list_number
 WHERE v.model_id = 'default' AND)sql");

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

const postgres::Statement kAliases("segmentation", "aliased_contacts", R"sql(
SELECT original FROM contact_alias UNION SELECT canonical FROM contact_alias
)sql");

// The last contact of the next range: no table has more rows in it than a step may read. NULL where the rest is less.
const postgres::Statement kNextBound("segmentation", "next_person_bound", R"sql(
SELECT least(
  (SELECT contact_id FROM purchase WHERE contact_id > $1::uuid ORDER BY contact_id OFFSET 50000 LIMIT 1),
  (SELECT contact_id FROM cart WHERE contact_id > $1::uuid ORDER BY contact_id OFFSET 50000 LIMIT 1),
  (SELECT contact_id FROM person_profile WHERE contact_id > $1::uuid ORDER BY contact_id OFFSET 20000 LIMIT 1),
  (SELECT contact_id FROM person_consent WHERE contact_id > $1::uuid ORDER BY contact_id OFFSET 50000 LIMIT 1),
  (SELECT contact_id FROM segment_member WHERE contact_id > $1::uuid ORDER BY contact_id OFFSET 100000 LIMIT 1))
)sql");

constexpr std::size_t kPeopleAtOnce = 5000;
const Uuid kLastUuid({255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255});

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

// Values are made per person, so those of a contact that was merged since are nobody's.
void AddValues(const postgres::Row& row, PersonRecord& person) {
  if (row.Get<Uuid>(0) != person.contact_id) return;
  const auto currency_code = row.Get<std::optional<std::string>>(5);
  if (currency_code && !currency_code->empty()) {
    person.values.push_back({.key = "value.clv", .type = ColumnType::kMoney, .minor = row.Get<std::int64_t>(1)});
    person.values.back().currency_code = *currency_code;
    person.values.push_back({.key = "value.historic", .type = ColumnType::kMoney, .minor = row.Get<std::int64_t>(2)});
    person.values.back().currency_code = *currency_code;
  }
  person.values.push_back({.key = "value.churn_probability", .number = row.Get<double>(3)});
  person.values.push_back({.key = "value.expected_orders", .number = row.Get<double>(4)});
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

// `execute` runs one of a query's forms; `person_of` answers the record that a contact's rows belong to, or null.
template <typename Execute, typename PersonOf>
absl::Status Gather(const Execute& execute, const PersonOf& person_of) {
  const auto each = [&](const PersonQuery& query, const auto& add) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, execute(query));
    for (int i = 0; i < rows.size(); ++i) {
      if (PersonRecord* person = person_of(rows[i].Get<Uuid>(0))) add(rows[i], *person);
    }
    return absl::OkStatus();
  };
  using postgres::Row;
  ESNAF_RETURN_IF_ERROR(
      each(kProfiles, [](const Row& row, PersonRecord& p) { p.profiles.push_back(ReadProfile(row)); }));
  ESNAF_RETURN_IF_ERROR(each(kConsents, [](const Row& row, PersonRecord& p) { p.words.push_back(ReadConsent(row)); }));
  ESNAF_RETURN_IF_ERROR(each(kOrders, [](const Row& row, PersonRecord& p) { p.orders.push_back(ReadOrder(row)); }));
  ESNAF_RETURN_IF_ERROR(each(kCarts, [](const Row& row, PersonRecord& p) { p.carts.push_back(ReadCart(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kScores, [](const Row& row, PersonRecord& p) { p.scores.push_back(ReadScoreFacts(row)); }));
  ESNAF_RETURN_IF_ERROR(
      each(kLists, [](const Row& row, PersonRecord& p) { p.lists.push_back(row.Get<std::string>(1)); }));
  return each(kValues, AddValues);
}

// Everybody in a range, without those who are merged or have merged others.
absl::StatusOr<PersonBatch> ReadRange(postgres::Tx& tx, const Uuid& after, const Uuid& until,
                                      const std::unordered_set<Uuid>& aliased) {
  Gathering gathering;
  ESNAF_RETURN_IF_ERROR(Gather([&](const PersonQuery& query) { return tx.Execute(query.between(), after, until); },
                               [&](const Uuid& contact) -> PersonRecord* {
                                 return aliased.contains(contact) ? nullptr : &gathering.Of(contact);
                               }));
  PersonBatch batch;
  batch.records = gathering.Take();
  return batch;
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
  ESNAF_RETURN_IF_ERROR(Gather([&](const PersonQuery& query) { return tx.Execute(query.among(), all); },
                               [&](const Uuid& contact) { return &gathering.Of(canonical_of.at(contact)); }));
  batch.records = gathering.Take();
  all.insert(all.end(), contacts.begin(), contacts.end());
  all = EachOnce(std::move(all));
  std::set_difference(all.begin(), all.end(), canonicals.begin(), canonicals.end(),
                      std::back_inserter(batch.merged_away));
  return batch;
}

absl::Status LoadEverybody(postgres::Connection& connection, PersonTable& table,
                           const std::function<bool(std::uint32_t person_count)>& progress) {
  const postgres::TxOptions options{.autocommit = true, .read_only = true};
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> merged,
                         connection.Run(options, [](postgres::Tx& tx) -> absl::StatusOr<std::vector<Uuid>> {
                           ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAliases));
                           std::vector<Uuid> contacts;
                           for (int i = 0; i < rows.size(); ++i) contacts.push_back(rows[i].Get<Uuid>(0));
                           return contacts;
                         }));
  const std::unordered_set<Uuid> aliased(merged.begin(), merged.end());
  PersonEncoder encoder(table);
  const auto put = [&](absl::StatusOr<PersonBatch> batch) -> absl::Status {
    if (!batch.ok()) return batch.status();
    std::move(*batch).PutInto(encoder, table);
    const bool go_on = !progress || progress(table.person_count());
    return go_on ? absl::OkStatus() : absl::CancelledError("loading everybody was given up");
  };
  for (Uuid after; after != kLastUuid;) {
    Uuid until;
    ESNAF_RETURN_IF_ERROR(put(connection.Run(options, [&](postgres::Tx& tx) -> absl::StatusOr<PersonBatch> {
      ESNAF_ASSIGN_OR_RETURN(const postgres::Result bound, tx.Execute(kNextBound, after));
      until = bound[0].Get<std::optional<Uuid>>(0).value_or(kLastUuid);
      return ReadRange(tx, after, until, aliased);
    })));
    after = until;
  }
  for (std::size_t begin = 0; begin < merged.size(); begin += kPeopleAtOnce) {
    const std::vector<Uuid> some(
        merged.begin() + static_cast<std::ptrdiff_t>(begin),
        merged.begin() + static_cast<std::ptrdiff_t>(std::min(merged.size(), begin + kPeopleAtOnce)));
    ESNAF_RETURN_IF_ERROR(put(connection.Run(options, [&](postgres::Tx& tx) { return ReadPersons(tx, some); })));
  }
  return absl::OkStatus();
}

}  // namespace esnaf::segmentation
