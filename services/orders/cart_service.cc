#include "services/orders/cart_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/orders/cart_link.h"
#include "services/orders/cart_policy_store.h"
#include "services/orders/cart_store.h"
#include "services/orders/cart_wire.h"
#include "services/orders/order_store.h"

namespace esnaf::orders {
namespace {

using runtime::Call;

constexpr int kMostAttempts = 5;

const api::FieldTable& CartFields() {
  using api::FieldType;
  static const api::FieldTable kFields{
      {{"store_id", "c.store_id"},
       {.name = "state",
        .sql = "c.state",
        .type = FieldType::kEnum,
        .enum_values = {{"OPEN", "1"}, {"ORDERED", "2"}, {"ABANDONED", "3"}, {"RECOVERED", "4"}, {"EXPIRED", "5"}}},
       {.name = "contact_id", .sql = "c.contact_id", .type = FieldType::kUuid, .nullable = true},
       {"value", "c.value", FieldType::kInteger},
       {"abandon_count", "c.abandon_count", FieldType::kInteger},
       {"activity_time", "c.activity_time", FieldType::kTime},
       {"create_time", "c.create_time", FieldType::kTime},
       {"update_time", "c.update_time", FieldType::kTime}},
      "c.id"};
  return kFields;
}

constexpr std::chrono::days kLongestLink{366};

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

absl::StatusOr<CartPolicy> FindPolicy(postgres::Tx& tx, const std::string& store_id) {
  ESNAF_ASSIGN_OR_RETURN(auto policies, CartPolicyStore::Find(tx, {store_id}));
  const auto found = policies.find(store_id);
  if (found == policies.end()) return NotFound("store", store_id);
  return std::move(found->second);
}

absl::Status LinkNotValid() {
  return MakeError(absl::StatusCode::kNotFound, "CART_LINK_NOT_VALID",
                   "the link is none of this shop's, or has expired");
}

v1::RecoverCartResponse ContentOf(const Cart& cart) {
  v1::Cart wire = ToWire(cart);
  v1::RecoverCartResponse content;
  content.set_cart_id(wire.id());
  content.set_store_id(wire.store_id());
  content.set_external_id(wire.external_id());
  content.set_currency_code(wire.currency_code());
  content.mutable_lines()->Swap(wire.mutable_lines());
  content.set_value(wire.value());
  content.set_state(wire.state());
  return content;
}

}  // namespace

runtime::RpcService CartService::Rpcs() {
  runtime::RpcService rpcs("esnaf.orders.v1.CartService");
  rpcs.Unary("UpsertCart", this, &CartService::UpsertCart)
      .Unary("GetCart", this, &CartService::GetCart)
      .Unary("ListCarts", this, &CartService::ListCarts)
      .Unary("CreateCartLink", this, &CartService::CreateCartLink)
      .Unary("RecoverCart", this, &CartService::RecoverCart)
      .Unary("GetCartPolicy", this, &CartService::GetCartPolicy)
      .Unary("UpdateCartPolicy", this, &CartService::UpdateCartPolicy);
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

absl::StatusOr<v1::CartLink> CartService::CreateCartLink(Call& call, const v1::CreateCartLinkRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::CartLink> {
    ESNAF_ASSIGN_OR_RETURN(const auto cart, CartStore::Find(tx, id));
    if (!cart) return NotFound("cart", request.id());
    ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), cart->store_id));
    Time expire_time;
    if (request.has_expire_time()) {
      ESNAF_ASSIGN_OR_RETURN(expire_time, api::FromProto(request.expire_time(), "expire_time"));
      if (expire_time <= call.now()) return InvalidField("expire_time", "has passed");
      if (expire_time > call.now() + kLongestLink) return InvalidField("expire_time", "is more than a year ahead");
    } else {
      ESNAF_ASSIGN_OR_RETURN(const CartPolicy policy, FindPolicy(tx, cart->store_id));
      expire_time = call.now() + policy.ExpireTime();
    }
    expire_time = std::chrono::ceil<std::chrono::seconds>(expire_time);
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, CartStore::LinkSecret(tx));
    v1::CartLink link;
    link.set_cart_id(cart->id.ToString());
    link.set_token(SignCartLink({cart->id, expire_time}, secret));
    *link.mutable_expire_time() = api::ToProto(expire_time);
    return link;
  });
}

absl::StatusOr<v1::RecoverCartResponse> CartService::RecoverCart(Call& call, const v1::RecoverCartRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::RecoverCartResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, CartStore::LinkSecret(tx));
    const std::optional<CartLink> link = ReadCartLink(request.token(), secret, call.now());
    if (!link) return LinkNotValid();
    ESNAF_ASSIGN_OR_RETURN(const auto cart, CartStore::Find(tx, link->cart_id));
    if (!cart) return LinkNotValid();
    ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), cart->store_id));
    if (cart->Ordered()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "CART_ALREADY_ORDERED", "an order came of the cart");
    }
    return ContentOf(*cart);
  });
}

absl::StatusOr<v1::CartPolicy> CartService::GetCartPolicy(Call& call, const v1::GetCartPolicyRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.store_id()));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::CartPolicy> {
    ESNAF_ASSIGN_OR_RETURN(const CartPolicy policy, FindPolicy(tx, request.store_id()));
    return ToWire(policy);
  });
}

absl::StatusOr<v1::CartPolicy> CartService::UpdateCartPolicy(Call& call, const v1::UpdateCartPolicyRequest& request) {
  const std::string& store_id = request.policy().store_id();
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), store_id));
  using Answer = absl::StatusOr<v1::CartPolicy>;
  return call.Mutate<v1::CartPolicy>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Shop> shop, ShopStore::FindForUpdate(tx, store_id));
    if (!shop) return NotFound("store", store_id);
    ESNAF_ASSIGN_OR_RETURN(const CartPolicy known, FindPolicy(tx, store_id));
    v1::CartPolicy merged = ToWire(known);
    const std::string& etag = request.policy().etag();
    if (!etag.empty() && etag != merged.etag()) {
      return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the policy has changed since it was read",
                       {{"store_id", store_id}});
    }
    const auto mask = api::ExpandMask(request.update_mask(), request.policy());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.policy(), "policy", merged));
    FieldViolations violations;
    CartPolicy policy = ReadCartPolicy(merged, *shop, violations);
    if (!violations.empty()) return WithFieldPrefix(violations.ToStatus(), "policy");
    if (policy.SameAs(known)) return ToWire(known);
    policy.version = known.version + 1;
    policy.update_time = call.now();
    ESNAF_RETURN_IF_ERROR(CartPolicyStore::Write(tx, policy));
    return ToWire(policy);
  });
}

}  // namespace esnaf::orders
