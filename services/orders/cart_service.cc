#include "services/orders/cart_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/orders/cart_store.h"
#include "services/orders/cart_wire.h"
#include "services/orders/order_store.h"

namespace esnaf::orders {
namespace {

using runtime::Call;

constexpr int kMostAttempts = 5;

const api::FieldTable& CartFields() {
  static const api::FieldTable kFields{{{"update_time", "c.update_time", api::FieldType::kTime}}, "c.id"};
  return kFields;
}

bool FromBrowser(const Call& call) { return call.caller().kind == runtime::Caller::Kind::kPublishable; }

// Whoever sits in a browser may have guessed the cart's id: what another kind of key has proven is not theirs to
// replace.
absl::Status CheckReplaceable(const Call& call, const std::optional<Cart>& known) {
  if (!known || !FromBrowser(call) || !known->OfProvenCustomer()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "CART_OF_PROVEN_CUSTOMER",
                   "the cart is a proven customer's, and a publishable key cannot change it");
}

// The cart as it was before a call, and where to find it.
struct KnownCart {
  std::optional<Cart> cart;
  std::optional<std::uint64_t> xact;
};

// Gives the lines what their products say now.
absl::Status DescribeLines(postgres::Tx& tx, Cart& cart) {
  std::vector<std::string> skus;
  for (const OrderLine& line : cart.lines) {
    if (!line.sku.empty()) skus.push_back(line.sku);
  }
  if (skus.empty()) return absl::OkStatus();
  const std::vector<std::string> store_ids(skus.size(), cart.store_id);
  ESNAF_ASSIGN_OR_RETURN(const ProductFacts products, OrderStore::FindProducts(tx, store_ids, skus));
  for (OrderLine& line : cart.lines) {
    const auto product = products.find({cart.store_id, line.sku});
    if (product != products.end()) product->second.Describe(line);
  }
  return absl::OkStatus();
}

// What is known of a delivered cart, whose lines are described.
absl::StatusOr<KnownCart> FindKnown(Call& call, Cart& cart) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<KnownCart> {
    KnownCart known;
    ESNAF_ASSIGN_OR_RETURN(known.cart, CartStore::Find(tx, cart.id));
    known.xact = tx.event_xact();
    ESNAF_RETURN_IF_ERROR(CheckReplaceable(call, known.cart));
    ESNAF_RETURN_IF_ERROR(DescribeLines(tx, cart));
    return known;
  });
}

// Writes the delivered cart where it is newer than what is known, and answers the cart as it is then.
absl::StatusOr<v1::Cart> Record(const Call& call, postgres::Tx& tx, const Cart& delivered, std::optional<Cart> known) {
  const Cause cause{call.caller().actor, call.info().trace_parent, call.now()};
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    if (known && delivered.source <= known->source) return ToWire(*known);
    const Cart next = known ? Succeed(*known, delivered) : delivered;
    ESNAF_ASSIGN_OR_RETURN(const auto written, CartStore::Write(tx, cause, {{next, next.source.update_time}}));
    if (!written.empty()) return ToWire(next);
    ESNAF_ASSIGN_OR_RETURN(known, CartStore::Find(tx, delivered.id));
    ESNAF_RETURN_IF_ERROR(CheckReplaceable(call, known));
  }
  return absl::AbortedError("the cart keeps being changed by others; try again");
}

}  // namespace

runtime::RpcService CartService::Rpcs() {
  runtime::RpcService rpcs("esnaf.orders.v1.CartService");
  rpcs.Unary("UpsertCart", this, &CartService::UpsertCart)
      .Unary("GetCart", this, &CartService::GetCart)
      .Unary("ListCarts", this, &CartService::ListCarts);
  return rpcs;
}

absl::StatusOr<v1::Cart> CartService::UpsertCart(Call& call, const v1::UpsertCartRequest& request) {
  if (request.cart().store_id().empty()) return InvalidField("cart.store_id", "is missing");
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.cart().store_id()));
  ESNAF_ASSIGN_OR_RETURN(const Shop shop, shops_.Get(call, request.cart().store_id()));
  auto read = ReadCart(request.cart(), shop, call.now());
  if (!read.ok()) return WithFieldPrefix(read.status(), "cart");
  Cart& cart = *read;
  // A browser proves nothing, and a customer number would be proof.
  if (FromBrowser(call)) {
    if (!cart.customer.external_id.empty()) {
      return InvalidField("cart.customer.external_id", "is not for publishable keys");
    }
    cart.customer.email_verified = cart.customer.phone_verified = false;
  }
  ESNAF_ASSIGN_OR_RETURN(const KnownCart before, FindKnown(call, cart));
  const std::optional<Cart>& known = before.cart;
  const bool newer = !known || cart.source > known->source;
  const bool linked = known && known->contact_id && known->customer.SameIdentities(cart.customer);
  identity::Links links;
  if (newer && !linked && cart.customer.Identifiable()) {
    ESNAF_ASSIGN_OR_RETURN(
        links, linker_.Link(call.connection(), {IdentitiesOf(cart.customer, cart.store_id)}, call.info().deadline));
    cart.contact_id = links.contacts[0];
  }
  return call.Mutate<v1::Cart>(request, Call::Writes::kSingleStatement,
                               [&](postgres::Tx& tx) -> absl::StatusOr<v1::Cart> {
                                 ESNAF_RETURN_IF_ERROR(links.Remember(tx));
                                 // Who changes nothing is told where to find what is there.
                                 if (before.xact) tx.NoteEventXact(*before.xact);
                                 return Record(call, tx, cart, known);
                               });
}

absl::StatusOr<v1::Cart> CartService::GetCart(Call& call, const v1::GetCartRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const auto cart, call.Read([&](postgres::Tx& tx) { return CartStore::Find(tx, id); }));
  if (!cart) return NotFound("cart", request.id());
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), cart->store_id));
  return ToWire(*cart);
}

absl::StatusOr<v1::ListCartsResponse> CartService::ListCarts(Call& call, const v1::ListCartsRequest& request) {
  if (!request.store_id().empty()) ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const auto query,
                         api::ListQuery::Parse(request, CartFields(), {.default_order = "update_time desc"}));
  std::vector<std::string> stores = call.caller().store_ids;
  if (!request.store_id().empty()) stores = {request.store_id()};
  std::optional<Uuid> contact;
  if (!request.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(contact, api::ParseId(request.contact_id(), "contact_id"));
  }
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListCartsResponse> {
    std::string condition = "(cardinality($1::text[]) = 0 OR c.store_id = ANY($1))";
    std::vector<postgres::Param> params = {stores};
    if (contact) {
      ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, *contact));
      condition += " AND c.contact_id = ANY($2::uuid[])";
      params.emplace_back(cluster);
    }
    const api::SqlQuery sql = query.Select("c.body", "cart c", condition, std::move(params));
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListCartsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      if (!response.add_carts()->ParseFromString(rows[i].Get<postgres::Bytes>(0).data)) {
        return absl::DataLossError("a recorded cart cannot be read");
      }
    }
    response.set_next_page_token(query.NextPageToken(rows, 1));
    return response;
  });
}

}  // namespace esnaf::orders
