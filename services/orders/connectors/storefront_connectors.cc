#include "services/orders/connectors/storefront_connectors.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/orders/cart_store.h"
#include "services/orders/connectors/order_facts.h"
#include "services/orders/connectors/shopify.h"
#include "services/orders/connectors/storefront_store.h"
#include "services/orders/connectors/woocommerce.h"
#include "services/orders/order_wire.h"

namespace esnaf::orders {
namespace {

using hooks::Outcome;
using Work = hooks::Connector::Work;

constexpr std::size_t kMaxMessageBytes = 1000;

// What an operator reads of a delivery: what became of it, and what was not understood.
absl::StatusOr<Outcome> WithRemarks(absl::StatusOr<Outcome> outcome, const std::vector<std::string>& remarks) {
  if (!outcome.ok() || remarks.empty()) return outcome;
  const std::string all = absl::StrCat(outcome->message, "; but ", absl::StrJoin(remarks, "; "));
  outcome->message = std::string(Truncate(all, kMaxMessageBytes));
  return outcome;
}

const char* Describe(IngestOutcome outcome) {
  switch (outcome) {
    case IngestOutcome::kCreated:
      return "a new order";
    case IngestOutcome::kUpdated:
      return "a newer state of the order";
    case IngestOutcome::kUnchanged:
      return "the order as it was known";
    case IngestOutcome::kStale:
      return "an older state of the order";
  }
  return "";
}

// What each kind of delivery is prepared by: reading and asking outside of a transaction, and the work within it.
class Preparation {
 public:
  Preparation(const StorefrontParts& parts, runtime::Call& call, const hooks::Delivery& delivery, const Shop& shop)
      : parts_(parts), call_(call), delivery_(delivery), shop_(shop) {}

  absl::StatusOr<Work> operator()(const ToldNothing& told) const {
    return Done({.subject_id = {}, .message = told.message});
  }

  absl::StatusOr<Work> operator()(const ToldOrder& told) const {
    const std::vector<DeliveredOrder> orders = {{&call_, &told.order}};
    ESNAF_ASSIGN_OR_RETURN(IngestPlan prepared, parts_.ingest.Prepare(orders));
    if (!prepared.results[0].status.ok()) return prepared.results[0].status;
    auto plan = std::make_shared<const IngestPlan>(std::move(prepared));
    return Work([&call = call_, store_id = shop_.id, told, plan](postgres::Tx& tx) -> absl::StatusOr<Outcome> {
      ESNAF_ASSIGN_OR_RETURN(const std::vector<IngestResult> results, OrderIngest::Record(tx, *plan));
      ESNAF_RETURN_IF_ERROR(results[0].status);
      ESNAF_RETURN_IF_ERROR(RecordOrderedCarts(call, tx, store_id, told.cart_ids, told.order.external_id()));
      return Outcome{.subject_id = results[0].order_id.ToString(), .message = Describe(results[0].outcome)};
    });
  }

  absl::StatusOr<Work> operator()(const ToldRefund& told) const {
    return Work([&call = call_, store_id = shop_.id, told](postgres::Tx& tx) {
      return RecordRefund(call, tx, store_id, told);
    });
  }

  absl::StatusOr<Work> operator()(const ToldFulfillment& told) const {
    return Work([&call = call_, store_id = shop_.id, told](postgres::Tx& tx) {
      return RecordFulfillment(call, tx, store_id, told);
    });
  }

  absl::StatusOr<Work> operator()(const ToldProducts& told) const {
    return Work([&call = call_, shop = shop_, told](postgres::Tx& tx) { return RecordProducts(call, tx, shop, told); });
  }

  // UpsertCart commits by itself, which a repetition does not change.
  absl::StatusOr<Work> operator()(const ToldCart& told) const {
    v1::UpsertCartRequest request;
    v1::Cart& cart = *request.mutable_cart();
    cart = told.cart;
    const std::string cart_id = cart.external_id();
    ESNAF_RETURN_IF_ERROR(call_.Read([&](postgres::Tx& tx) -> absl::Status {
      ESNAF_ASSIGN_OR_RETURN(const auto order, FindMark(tx, shop_.id, kOrderedCart, cart_id));
      if (order) cart.set_order_external_id(*order);
      ESNAF_ASSIGN_OR_RETURN(const auto known, CartStore::Find(tx, CartId(shop_.id, cart_id)));
      // A cart names nobody; its checkout did.
      const bool nobody = !ReadCustomer(cart.customer()).Identifiable();
      if (known && nobody) WriteCustomer(known->customer, *cart.mutable_customer());
      return absl::OkStatus();
    }));
    ESNAF_ASSIGN_OR_RETURN(const v1::Cart recorded, parts_.carts.UpsertCart(call_, request));
    return Work(
        [&call = call_, store_id = shop_.id, cart_id, id = recorded.id()](postgres::Tx& tx) -> absl::StatusOr<Outcome> {
          // An order may have come of it since.
          ESNAF_ASSIGN_OR_RETURN(const auto order, FindMark(tx, store_id, kOrderedCart, cart_id));
          if (order) ESNAF_RETURN_IF_ERROR(RecordOrderedCarts(call, tx, store_id, {cart_id}, *order));
          return Outcome{.subject_id = id, .message = "a cart"};
        });
  }

  absl::StatusOr<Work> operator()(const ToldCustomer& told) const {
    if (!told.customer.Identifiable()) return absl::InvalidArgumentError("the customer has nothing to be found by");
    ESNAF_ASSIGN_OR_RETURN(
        identity::Links links,
        parts_.linker.Link(call_.connection(), {IdentitiesOf(told.customer, shop_.id)}, call_.info().deadline));
    if (!links.contacts[0]) return links.refusal.ok() ? absl::UnavailableError("contacts is away") : links.refusal;
    return Work([links](postgres::Tx& tx) -> absl::StatusOr<Outcome> {
      ESNAF_RETURN_IF_ERROR(links.Remember(tx));
      return Outcome{.subject_id = links.contacts[0]->ToString(), .message = "a customer's contact"};
    });
  }

  absl::StatusOr<Work> operator()(const ToldRequest& told) const {
    return Work([&call = call_, delivery = delivery_, told](postgres::Tx& tx) -> absl::StatusOr<Outcome> {
      ESNAF_RETURN_IF_ERROR(InsertRequest(tx, delivery, told.topic, told.subject, call.now()));
      LogWarning("a platform asks for what staff must do", {{"store", delivery.store_id}, {"topic", told.topic}});
      return Outcome{.subject_id = told.subject, .message = absl::StrCat(told.topic, ": kept for staff to carry out")};
    });
  }

 private:
  static absl::StatusOr<Work> Done(Outcome outcome) {
    return Work([outcome = std::move(outcome)](postgres::Tx&) -> absl::StatusOr<Outcome> { return outcome; });
  }

  const StorefrontParts& parts_;
  runtime::Call& call_;
  const hooks::Delivery& delivery_;
  const Shop& shop_;
};

using ReceiveFunction = absl::StatusOr<hooks::Reception>(const hooks::Request&, const hooks::Secrets&);
using ReadFunction = absl::StatusOr<Told>(const Envelope&, const Shop&);

class Storefront final : public hooks::Connector {
 public:
  Storefront(std::string name, ReceiveFunction& receive, ReadFunction& read, const StorefrontParts& parts)
      : name_(std::move(name)), receive_(receive), read_(read), parts_(parts) {}

  const std::string& name() const override { return name_; }
  const std::vector<hooks::SecretKind>& secret_kinds() const override { return secret_kinds_; }
  absl::StatusOr<hooks::Reception> Receive(const hooks::Request& request,
                                           const hooks::Secrets& secrets) const override {
    return receive_(request, secrets);
  }
  absl::StatusOr<Work> Prepare(runtime::Call& call, const hooks::Delivery& delivery, const std::string&) override {
    ESNAF_ASSIGN_OR_RETURN(const Envelope envelope, ReadEnvelope(delivery.payload));
    ESNAF_ASSIGN_OR_RETURN(const Shop shop, parts_.shops.Get(call, delivery.store_id));
    ESNAF_ASSIGN_OR_RETURN(const Told told, read_(envelope, shop));
    ESNAF_ASSIGN_OR_RETURN(Work work, std::visit(Preparation(parts_, call, delivery, shop), told.what));
    return Work(
        [work = std::move(work), remarks = told.remarks](postgres::Tx& tx) { return WithRemarks(work(tx), remarks); });
  }

 private:
  const std::string name_;
  ReceiveFunction& receive_;
  ReadFunction& read_;
  const StorefrontParts parts_;
  const std::vector<hooks::SecretKind> secret_kinds_ = {{.name = kWebhookSecret}};
};

}  // namespace

std::unique_ptr<hooks::Connector> MakeShopify(const StorefrontParts& parts) {
  return std::make_unique<Storefront>(kShopify, ReceiveShopify, ReadShopify, parts);
}

std::unique_ptr<hooks::Connector> MakeWooCommerce(const StorefrontParts& parts) {
  return std::make_unique<Storefront>(kWooCommerce, ReceiveWooCommerce, ReadWooCommerce, parts);
}

}  // namespace esnaf::orders
