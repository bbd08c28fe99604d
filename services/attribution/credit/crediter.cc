#include "services/attribution/credit/crediter.h"

#include <algorithm>

#include "esnaf/attribution/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "libs/events/outbox.h"
#include "libs/identity/identity.h"
#include "services/attribution/credit/credit_store.h"
#include "services/attribution/touches/touchpoint_store.h"
#include "services/attribution/touches/visitor_store.h"

namespace esnaf::attribution {
namespace {

constexpr int kPeopleAtOnce = 200;

const postgres::Statement kChangedAnonymous("attribution", "changed_anonymous_conversions", R"sql(
SELECT order_id FROM conversion WHERE contact_id IS NULL AND change_reason IS NOT NULL ORDER BY order_id LIMIT $1::int
)sql");

const postgres::Statement kMarkAnonymous("attribution", "mark_anonymous_conversions", R"sql(
UPDATE conversion SET change_reason = coalesce(change_reason, 'settings') WHERE contact_id IS NULL
)sql");

const postgres::Statement kMarkPeople("attribution", "mark_people_with_conversions", R"sql(
INSERT INTO path_change (contact_id, change_time)
SELECT DISTINCT contact_id, $1::timestamptz FROM conversion WHERE contact_id IS NOT NULL ORDER BY contact_id
ON CONFLICT (contact_id) DO UPDATE SET change_time = greatest(path_change.change_time, excluded.change_time)
)sql");

// Each person once, in one order everywhere, so that two who lock several wait for each other and never in a circle.
// The number names these locks among the schema's advisory locks; the schema's own number keeps them from other
// schemas'.
const postgres::Statement kLockPeople("attribution", "lock_people", R"sql(
SELECT pg_advisory_xact_lock(21, key)
  FROM (SELECT DISTINCT hashtext(current_schema() || '/' || p::text) AS key FROM unnest($1::uuid[]) AS p ORDER BY 1) k
)sql");

const postgres::Statement kBuyersOf("attribution", "buyers_of_orders", R"sql(
SELECT contact_id FROM conversion WHERE order_id = ANY ($1::uuid[]) AND contact_id IS NOT NULL
)sql");

// By what all conversions of one transaction are credited.
struct Basis {
  CreditSettings settings;
  TimeZone zone = TimeZone::Utc();
  Fits fits;
};

absl::StatusOr<Basis> LoadBasis(postgres::Tx& tx) {
  Basis basis;
  ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
  basis.settings = record.settings;
  ESNAF_ASSIGN_OR_RETURN(basis.zone, TimeZone::Load(basis.settings.time_zone));
  ESNAF_ASSIGN_OR_RETURN(basis.fits, LoadFits(tx));
  return basis;
}

// Collects what is to be written.
class Crediter {
 public:
  Crediter(const Basis& basis, std::string_view reason) : basis_(basis), reason_(reason) {}

  void Add(const StoredConversion& stored, const std::vector<Touchpoint>& touches, bool new_customer,
           std::optional<Time> known_time) {
    const Conversion& conversion = stored.conversion;
    const Circumstances circumstances{new_customer, known_time, FitAt(basis_.fits, conversion.place_time)};
    CreditWrite write{.conversion = conversion,
                      .number = stored.credit_number + 1,
                      .reason = stored.change_reason.empty() ? reason_ : stored.change_reason,
                      .day = basis_.zone.LocalDate(conversion.place_time),
                      .touches = &touches,
                      .credit = CreditConversion(conversion, touches, circumstances, basis_.settings)};
    write.digest = DigestOf(conversion, touches, write.credit, basis_.settings.time_zone);
    if (write.digest != stored.credit_digest) {
      writes_.push_back(std::move(write));
    } else if (!stored.change_reason.empty()) {
      // The order changed in what no credit depends on: it was paid or sent, say.
      unmoved_.push_back(conversion.order_id);
    }
  }

  absl::Status Write(postgres::Tx& tx, Time now) const {
    ESNAF_RETURN_IF_ERROR(ForgetChanges(tx, unmoved_));
    ESNAF_RETURN_IF_ERROR(WriteCredits(tx, writes_, now));
    std::vector<events::NewEvent> told;
    for (const CreditWrite& write : writes_) {
      if (write.number > 1) told.push_back(EventOf(write, now));
      if (write.number > 1 || write.credit.new_customer) told.push_back(AcquisitionOf(write, now));
    }
    return events::Append(tx, told);
  }

 private:
  static events::NewEvent EventOf(const CreditWrite& write, Time now) {
    v1::CreditRestated restated;
    const Conversion& conversion = write.conversion;
    restated.set_order_id(conversion.order_id.ToString());
    if (conversion.contact_id) restated.set_contact_id(conversion.contact_id->ToString());
    restated.set_store_id(conversion.store_id);
    restated.set_reason(write.reason);
    *restated.mutable_place_time() = api::ToProto(conversion.place_time);
    restated.set_currency_code(conversion.currency_code);
    restated.set_cancelled(conversion.cancelled);
    restated.set_revenue_minor(conversion.amounts.revenue);
    restated.set_net_minor(conversion.amounts.net);
    restated.set_cost_minor(conversion.amounts.cost);
    return events::MakeEvent("service:attribution", now, "conversion", conversion.order_id, write.number, restated,
                             now);
  }

  static events::NewEvent AcquisitionOf(const CreditWrite& write, Time now) {
    v1::AcquisitionChanged changed;
    const Conversion& conversion = write.conversion;
    changed.set_order_id(conversion.order_id.ToString());
    if (conversion.contact_id) changed.set_contact_id(conversion.contact_id->ToString());
    changed.set_store_id(conversion.store_id);
    *changed.mutable_place_time() = api::ToProto(conversion.place_time);
    changed.set_first_order(write.credit.new_customer);
    if (const TrafficSource* source = write.credit.new_customer ? FirstSourceOf(write) : nullptr) {
      changed.set_channel(source->derived.channel);
      changed.set_source(source->derived.source);
      changed.set_medium(source->derived.medium);
      changed.set_campaign(source->told.campaign);
    }
    return events::MakeEvent("service:attribution", now, "acquisition", conversion.order_id, write.number, changed,
                             now);
  }

  // Of the first touch on the path; null where no touch led to the order.
  static const TrafficSource* FirstSourceOf(const CreditWrite& write) {
    const std::vector<std::size_t>& path = write.credit.path;
    return path.empty() ? nullptr : &(*write.touches)[path.front()].traffic;
  }

  const Basis& basis_;
  std::string reason_;
  std::vector<CreditWrite> writes_;
  std::vector<Uuid> unmoved_;
};

std::vector<Uuid> Unique(std::vector<Uuid> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// The touches that may lie on a path to any of a person's orders.
PathQuery QueryOf(const Uuid& canonical, const std::vector<StoredConversion>& conversions) {
  Time first = Time::max(), last = Time::min();
  for (const StoredConversion& stored : conversions) {
    first = std::min(first, stored.conversion.place_time);
    last = std::max(last, stored.conversion.place_time);
  }
  return {canonical, first - std::chrono::days(kMostClickDays), LastMomentOf(last) + Duration(1)};
}

// Whose conversions nobody else credits until the transaction ends, by their canonical contacts. What is read after it
// sees what others who held the people wrote: a statement that waits for a row itself would not see rows added
// meanwhile.
absl::StatusOr<std::vector<Uuid>> LockPeople(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  if (contacts.empty()) return std::vector<Uuid>();
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, Unique(contacts)));
  canonicals = Unique(std::move(canonicals));
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockPeople, canonicals).status());
  return canonicals;
}

absl::Status AddPeople(postgres::Tx& tx, const std::vector<Uuid>& contacts, Crediter& crediter,
                       std::vector<std::vector<Touchpoint>>& touches) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> canonicals, LockPeople(tx, contacts));
  ESNAF_ASSIGN_OR_RETURN(const auto everybodys, LockConversionsOf(tx, canonicals));
  std::vector<Uuid> buyers;
  std::vector<PathQuery> queries;
  std::vector<const std::vector<StoredConversion>*> orders;
  for (std::size_t i = 0; i < canonicals.size(); ++i) {
    if (everybodys[i].empty()) continue;
    buyers.push_back(canonicals[i]);
    queries.push_back(QueryOf(canonicals[i], everybodys[i]));
    orders.push_back(&everybodys[i]);
  }
  ESNAF_ASSIGN_OR_RETURN(touches, TouchesOfPeople(tx, queries));
  ESNAF_ASSIGN_OR_RETURN(const auto known_times, KnownTimesOf(tx, buyers));
  for (std::size_t i = 0; i < buyers.size(); ++i) {
    std::vector<Conversion> conversions;
    for (const StoredConversion& stored : *orders[i]) conversions.push_back(stored.conversion);
    const std::optional<Uuid> first = FirstOrderOf(conversions);
    for (const StoredConversion& stored : *orders[i]) {
      crediter.Add(stored, touches[i], first == stored.conversion.order_id, known_times[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LockBuyers(postgres::Tx& tx, const std::vector<Conversion>& conversions, std::vector<Uuid> contacts) {
  std::vector<Uuid> orders;
  for (const Conversion& conversion : conversions) {
    orders.push_back(conversion.order_id);
    if (conversion.contact_id) contacts.push_back(*conversion.contact_id);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kBuyersOf, orders));
  for (int i = 0; i < rows.size(); ++i) contacts.push_back(rows[i].Get<Uuid>(0));
  return LockPeople(tx, contacts).status();
}

absl::Status Recredit(postgres::Tx& tx, const ChangedConversions& whose, std::string_view reason, Time now) {
  if (whose.contacts.empty() && whose.anonymous_orders.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const Basis basis, LoadBasis(tx));
  Crediter crediter(basis, reason);
  std::vector<std::vector<Touchpoint>> touches;
  if (!whose.contacts.empty()) ESNAF_RETURN_IF_ERROR(AddPeople(tx, whose.contacts, crediter, touches));
  ESNAF_ASSIGN_OR_RETURN(const auto anonymous, LockConversions(tx, whose.anonymous_orders));
  const std::vector<Touchpoint> none;
  // Nobody knows whether who bought is new, so nobody is counted as new.
  for (const StoredConversion& stored : anonymous) crediter.Add(stored, none, false, std::nullopt);
  return crediter.Write(tx, now);
}

absl::StatusOr<bool> RecreditSomeChanged(postgres::Tx& tx, Time now) {
  ChangedConversions whose;
  ESNAF_ASSIGN_OR_RETURN(whose.contacts, TakePathChanges(tx, now, kPeopleAtOnce));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kChangedAnonymous, kPeopleAtOnce));
  for (int i = 0; i < rows.size(); ++i) whose.anonymous_orders.push_back(rows[i].Get<Uuid>(0));
  ESNAF_RETURN_IF_ERROR(Recredit(tx, whose, "path", now));
  return whose.contacts.size() == kPeopleAtOnce || whose.anonymous_orders.size() == kPeopleAtOnce;
}

absl::Status RecreditEverybodyLater(postgres::Tx& tx, Time now) {
  // People first, then orders, as everybody who writes both.
  ESNAF_RETURN_IF_ERROR(tx.Execute(kMarkPeople, now).status());
  return tx.Execute(kMarkAnonymous).status();
}

}  // namespace esnaf::attribution
