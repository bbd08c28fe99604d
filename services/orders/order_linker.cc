#include "services/orders/order_linker.h"

#include <map>

#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "services/orders/cart_store.h"
#include "services/orders/order_store.h"

namespace esnaf::orders {
namespace {

constexpr std::chrono::seconds kLongestWait{1};
// People who are new take contacts a moment each: a batch of five hundred may wait longer than a single order.
constexpr std::chrono::milliseconds kWaitPerSet{15};
constexpr std::chrono::seconds kPause{3};
constexpr std::chrono::minutes kRetryRefused{10};
constexpr std::chrono::seconds kLongestRound{20};
constexpr int kBatch = 500;

// Contacts will say the same of this customer again; whatever else goes wrong may pass by itself.
bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
      return true;
    default:
      return false;
  }
}

// Customers come several times in a batch; each is asked for once.
class DistinctSets {
 public:
  std::size_t Add(const identity::IdentitySet& set) {
    auto [at, added] = index_.emplace(set.identities, sets_.size());
    if (added) sets_.push_back(set);
    return at->second;
  }
  const std::vector<identity::IdentitySet>& sets() const { return sets_; }

 private:
  std::map<std::vector<identity::Identity>, std::size_t> index_;
  std::vector<identity::IdentitySet> sets_;
};

// Asks for each set without a contact alone, after a batch failed because of one of them. Answers which were refused;
// one that failed otherwise is asked for again in the next round.
std::vector<std::size_t> LinkOneByOne(ContactLinker& linker, const std::vector<identity::IdentitySet>& sets,
                                      Links& links, Time deadline) {
  std::vector<std::size_t> refused;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (links.contacts[i]) continue;
    auto contact = linker.Resolve({sets[i]}, deadline);
    if (contact.ok()) {
      links.contacts[i] = contact->front();
    } else if (IsRefusal(contact.status())) {
      refused.push_back(i);
    } else if (IsAway(contact.status())) {
      break;
    }
  }
  return refused;
}

// The facts that have a contact now, as they shall be.
template <typename Store>
std::vector<typename Store::Change> LinkedFacts(const std::vector<typename Store::Fact>& parked, const Links& links,
                                                Time now) {
  std::vector<typename Store::Change> changes;
  for (std::size_t i = 0; i < parked.size(); ++i) {
    if (!links.contacts[i]) continue;
    auto linked = parked[i];
    linked.contact_id = links.contacts[i];
    linked.version += 1;
    linked.update_time = now;
    const Time happen_time = linked.source.update_time;
    changes.push_back({std::move(linked), happen_time});
  }
  return changes;
}

}  // namespace

bool IsAway(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

identity::IdentitySet IdentitiesOf(const Customer& customer, std::string_view store_id) {
  using identity::Kind;
  identity::IdentitySet set{
      {}, customer.given_name, customer.family_name, customer.display_name, customer.country_code};
  const auto add = [&set](Kind kind, std::string_view store, const std::string& value, bool verified) {
    if (!value.empty()) set.identities.push_back({kind, std::string(store), value, verified});
  };
  add(Kind::kStoreCustomer, store_id, customer.external_id, true);
  if (customer.phone_verified) add(Kind::kPhone, "", customer.phone, true);
  if (customer.email_verified) add(Kind::kEmail, "", customer.email, true);
  if (!customer.phone_verified) add(Kind::kPhone, "", customer.phone, false);
  if (!customer.email_verified) add(Kind::kEmail, "", customer.email, false);
  add(Kind::kVisitor, "", customer.visitor_id, false);
  return set;
}

absl::Status Links::Remember(postgres::Tx& tx) const {
  if (learned_sets.empty()) return absl::OkStatus();
  return identity::Resolver::Remember(tx, learned_sets, learned_contacts);
}

absl::StatusOr<std::vector<Uuid>> ContactLinker::Resolve(const std::vector<identity::IdentitySet>& sets,
                                                         Time deadline) {
  const Time now = clock_.Now();
  {
    std::lock_guard lock(mutex_);
    if (now < closed_until_) return absl::UnavailableError("contacts did not answer just now");
  }
  // A part of the call's time is kept, for an order that contacts could not be asked about is recorded all the same.
  const Time latest = now + (deadline - now) * 3 / 4;
  const Time patience = now + kLongestWait + kWaitPerSet * static_cast<int>(sets.size());
  auto contacts = resolver_.Resolve(sets, std::min(latest, patience));
  if (!contacts.ok() && IsAway(contacts.status())) {
    std::lock_guard lock(mutex_);
    closed_until_ = clock_.Now() + kPause;
  }
  return contacts;
}

absl::StatusOr<Links> ContactLinker::Link(postgres::Connection& connection,
                                          const std::vector<identity::IdentitySet>& sets, Time deadline) {
  Links links;
  if (sets.empty()) return links;
  ESNAF_ASSIGN_OR_RETURN(links.contacts,
                         connection.Run({.autocommit = true, .read_only = true, .deadline = deadline},
                                        [&](postgres::Tx& tx) { return identity::FindContacts(tx, sets); }));
  DistinctSets unknown;
  std::vector<std::pair<std::size_t, std::size_t>> asked;  // of `sets`, and of `unknown`
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!links.contacts[i]) asked.emplace_back(i, unknown.Add(sets[i]));
  }
  if (asked.empty()) return links;
  auto contacts = Resolve(unknown.sets(), deadline);
  if (!contacts.ok()) {
    LogWarning(
        "customers stay unlinked for now",
        {{"count", asked.size()}, {"error", contacts.status().ToString(absl::StatusToStringMode::kWithNoExtraData)}});
    links.refusal = contacts.status();
    return links;
  }
  for (const auto& [set, question] : asked) links.contacts[set] = (*contacts)[question];
  links.learned_sets = unknown.sets();
  links.learned_contacts = *std::move(contacts);
  return links;
}

template <typename Store>
absl::StatusOr<int> LinkParked(postgres::Connection& connection, ContactLinker& linker, Time now) {
  const postgres::TxOptions read{.autocommit = true, .read_only = true};
  ESNAF_ASSIGN_OR_RETURN(std::vector<typename Store::Fact> parked,
                         connection.Run(read, [&](postgres::Tx& tx) { return Store::FindUnlinked(tx, now, kBatch); }));
  if (parked.empty()) return 0;
  std::vector<identity::IdentitySet> sets;
  for (const auto& fact : parked) sets.push_back(IdentitiesOf(fact.customer, fact.store_id));
  const Time deadline = now + kLongestRound;
  ESNAF_ASSIGN_OR_RETURN(Links links, linker.Link(connection, sets, deadline));
  std::vector<Uuid> refused;
  if (!links.refusal.ok() && !IsAway(links.refusal)) {
    for (std::size_t i : LinkOneByOne(linker, sets, links, deadline)) refused.push_back(parked[i].id);
  }
  const std::vector<typename Store::Change> changes = LinkedFacts<Store>(parked, links, now);
  if (changes.empty() && refused.empty()) return 0;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> written,
                         connection.Run({}, [&](postgres::Tx& tx) -> absl::StatusOr<std::vector<Uuid>> {
                           if (!refused.empty())
                             ESNAF_RETURN_IF_ERROR(Store::Postpone(tx, refused, now + kRetryRefused));
                           if (changes.empty()) return std::vector<Uuid>();
                           ESNAF_RETURN_IF_ERROR(links.Remember(tx));
                           return Store::Write(tx, Cause{"service:orders", "", now}, changes);
                         }));
  return static_cast<int>(written.size());
}

template absl::StatusOr<int> LinkParked<OrderStore>(postgres::Connection&, ContactLinker&, Time);
template absl::StatusOr<int> LinkParked<CartStore>(postgres::Connection&, ContactLinker&, Time);

}  // namespace esnaf::orders
