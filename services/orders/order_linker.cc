#include "services/orders/order_linker.h"

#include "libs/base/macros.h"
#include "services/orders/cart_life.h"
#include "services/orders/cart_store.h"
#include "services/orders/order_store.h"

namespace esnaf::orders {
namespace {

constexpr std::chrono::minutes kRetryRefused{10};
constexpr std::chrono::seconds kLongestRound{20};
constexpr int kBatch = 500;

// Asks for each set without a contact alone, after a batch failed because of one of them. Answers which were refused;
// one that failed otherwise is asked for again in the next round.
std::vector<std::size_t> LinkOneByOne(ContactLinker& linker, const std::vector<identity::IdentitySet>& sets,
                                      identity::Links& links, Time deadline) {
  std::vector<std::size_t> refused;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (links.contacts[i]) continue;
    auto contact = linker.Resolve({sets[i]}, deadline);
    if (contact.ok()) {
      links.contacts[i] = contact->front();
    } else if (identity::IsRefusal(contact.status())) {
      refused.push_back(i);
    } else if (identity::IsAway(contact.status())) {
      break;
    }
  }
  return refused;
}

// The facts that have a contact now, as they shall be.
template <typename Store>
std::vector<typename Store::Change> LinkedFacts(const std::vector<typename Store::Fact>& parked,
                                                const identity::Links& links, Time now) {
  std::vector<typename Store::Change> changes;
  for (std::size_t i = 0; i < parked.size(); ++i) {
    if (!links.contacts[i]) continue;
    auto linked = parked[i];
    linked.contact_id = links.contacts[i];
    linked.version += 1;
    // Its person may have ordered since.
    if constexpr (std::is_same_v<typename Store::Fact, Cart>) linked.check_time = FirstCheck(linked, now);
    linked.update_time = now;
    const Time happen_time = linked.source.update_time;
    changes.push_back({std::move(linked), happen_time});
  }
  return changes;
}

}  // namespace

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

template <typename Store>
absl::StatusOr<int> LinkParked(postgres::Connection& connection, ContactLinker& linker, Time now) {
  const postgres::TxOptions read{.autocommit = true, .read_only = true};
  ESNAF_ASSIGN_OR_RETURN(std::vector<typename Store::Fact> parked,
                         connection.Run(read, [&](postgres::Tx& tx) { return Store::FindUnlinked(tx, now, kBatch); }));
  if (parked.empty()) return 0;
  std::vector<identity::IdentitySet> sets;
  for (const auto& fact : parked) sets.push_back(IdentitiesOf(fact.customer, fact.store_id));
  const Time deadline = now + kLongestRound;
  ESNAF_ASSIGN_OR_RETURN(identity::Links links, linker.Link(connection, sets, deadline));
  std::vector<Uuid> refused;
  if (!links.refusal.ok() && !identity::IsAway(links.refusal)) {
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
