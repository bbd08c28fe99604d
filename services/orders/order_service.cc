#include "services/orders/order_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"

namespace esnaf::orders {
namespace {

using runtime::Call;
using Writes = runtime::Call::Writes;

constexpr int kMostStreamErrors = 100;
// Who has less time than this left does not wait for others.
constexpr std::chrono::milliseconds kHurry{500};

const api::FieldTable& OrderFields() {
  using api::FieldType;
  static const api::FieldTable kFields{
      {
          {"store_id", "o.store_id"},
          {"external_id", "o.external_id"},
          {.name = "contact_id", .sql = "o.contact_id", .type = FieldType::kUuid, .nullable = true},
          {.name = "kind", .sql = "o.kind", .type = FieldType::kEnum, .enum_values = {{"SALE", "1"}, {"RETURN", "2"}}},
          {.name = "state",
           .sql = "o.state",
           .type = FieldType::kEnum,
           .enum_values = {{"OPEN", "1"}, {"COMPLETED", "2"}, {"CANCELLED", "3"}}},
          {.name = "payment_state",
           .sql = "o.payment_state",
           .type = FieldType::kEnum,
           .enum_values = {{"PENDING", "1"},
                           {"PARTIALLY_PAID", "2"},
                           {"PAID", "3"},
                           {"PARTIALLY_REFUNDED", "4"},
                           {"REFUNDED", "5"}}},
          {.name = "fulfillment_state",
           .sql = "o.fulfillment_state",
           .type = FieldType::kEnum,
           .enum_values = {{"UNFULFILLED", "1"},
                           {"PARTIALLY_FULFILLED", "2"},
                           {"FULFILLED", "3"},
                           {"PARTIALLY_RETURNED", "4"},
                           {"RETURNED", "5"}}},
          {"channel", "o.channel"},
          {"currency_code", "o.currency"},
          {"net", "o.net", FieldType::kInteger},
          {"total", "o.total", FieldType::kInteger},
          {"place_time", "o.place_time", FieldType::kTime},
          {"create_time", "o.create_time", FieldType::kTime},
          {"update_time", "o.update_time", FieldType::kTime},
          {"tags", "o.tags", FieldType::kTextArray},
      },
      "o.id"};
  return kFields;
}

Cause CauseOf(const Call& call) { return {call.caller().actor, call.info().trace_parent, call.now()}; }

absl::Status CheckEtag(const Order& order, const std::string& etag) {
  if (etag.empty() || etag == std::to_string(order.version)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the order has changed since it was read");
}

// What every verb does: lock the order, apply the rule, write the order and its event. `apply(Order&)` answers whether
// the order changed.
template <typename Request, typename Apply>
absl::StatusOr<v1::Order> ChangeOrder(Call& call, const Request& request, const Apply& apply) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Mutate<v1::Order>(request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Order> {
    ESNAF_ASSIGN_OR_RETURN(std::optional<Order> order, OrderStore::FindForUpdate(tx, id));
    if (!order) return NotFound("order", request.id());
    ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), order->store_id));
    ESNAF_ASSIGN_OR_RETURN(const bool changed, apply(*order));
    if (!changed) return ToWire(*order);
    order->version += 1;
    order->update_time = call.now();
    ESNAF_RETURN_IF_ERROR(OrderStore::Write(tx, CauseOf(call), {{*order, call.now()}}).status());
    return ToWire(*order);
  });
}

// What `body` answers; where it throws, that is one call's misfortune and not its neighbours'.
template <typename Body>
auto Caught(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& error) {
    LogError("recording an order threw", {{"error", error.what()}});
    return absl::InternalError("internal error");
  }
}

v1::IngestOutcome OutcomeToWire(IngestOutcome outcome) { return static_cast<v1::IngestOutcome>(outcome); }

v1::BatchIngestOrdersResponse BatchToWire(const std::vector<IngestResult>& results) {
  v1::BatchIngestOrdersResponse response;
  for (std::size_t i = 0; i < results.size(); ++i) {
    v1::IngestResult& added = *response.add_results();
    if (results[i].status.ok()) {
      added.set_order_id(results[i].order_id.ToString());
      added.set_outcome(OutcomeToWire(results[i].outcome));
    } else {
      const std::string at = absl::StrCat("orders[", i, "]");
      added.mutable_error()->ParseFromString(SerializeStatus(WithFieldPrefix(results[i].status, at)));
    }
  }
  return response;
}

absl::StatusOr<v1::IngestOrderResponse> SingleToWire(const IngestResult& result) {
  ESNAF_RETURN_IF_ERROR(WithFieldPrefix(result.status, "order"));
  v1::IngestOrderResponse response;
  *response.mutable_order() = ToWire(*result.order);
  response.set_outcome(OutcomeToWire(result.outcome));
  return response;
}

void CountOutcome(v1::IngestOutcome outcome, v1::StreamIngestOrdersResponse& sums) {
  switch (outcome) {
    case v1::INGEST_OUTCOME_CREATED:
      sums.set_created_count(sums.created_count() + 1);
      break;
    case v1::INGEST_OUTCOME_UPDATED:
      sums.set_updated_count(sums.updated_count() + 1);
      break;
    default:
      sums.set_unchanged_count(sums.unchanged_count() + 1);
  }
}

void AddToSums(const v1::StreamIngestOrdersRequest& request, const v1::BatchIngestOrdersResponse& batch,
               std::int64_t first, v1::StreamIngestOrdersResponse& sums) {
  for (int i = 0; i < batch.results_size(); ++i) {
    const v1::IngestResult& result = batch.results(i);
    if (!result.has_error()) {
      CountOutcome(result.outcome(), sums);
      continue;
    }
    sums.set_failed_count(sums.failed_count() + 1);
    if (sums.errors_size() == kMostStreamErrors) continue;
    v1::StreamIngestError& error = *sums.add_errors();
    error.set_index(first + i);
    error.set_store_id(request.orders(i).store_id());
    error.set_external_id(request.orders(i).external_id());
    *error.mutable_error() = result.error();
  }
}

}  // namespace

runtime::RpcService OrderService::Rpcs() {
  runtime::RpcService rpcs("esnaf.orders.v1.OrderService");
  rpcs.UnaryTogether("IngestOrder", this, &OrderService::IngestOrder, &OrderService::IngestOrdersTogether)
      .Unary("BatchIngestOrders", this, &OrderService::BatchIngestOrders)
      .ClientStream("StreamIngestOrders", this, &OrderService::StreamIngestOrders)
      .Unary("GetOrder", this, &OrderService::GetOrder)
      .Unary("ListOrders", this, &OrderService::ListOrders)
      .Unary("GetContactOrderSummary", this, &OrderService::GetContactOrderSummary)
      .Unary("CancelOrder", this, &OrderService::CancelOrder)
      .Unary("RefundOrder", this, &OrderService::RefundOrder)
      .Unary("PayOrder", this, &OrderService::PayOrder)
      .Unary("FulfillOrder", this, &OrderService::FulfillOrder);
  return rpcs;
}

absl::StatusOr<v1::IngestOrderResponse> OrderService::IngestOrder(Call& call, const v1::IngestOrderRequest& request) {
  if (!request.has_order()) return InvalidField("order", "is missing");
  const std::vector<DeliveredOrder> orders = {{&call, &request.order()}};
  ESNAF_ASSIGN_OR_RETURN(const IngestPlan plan, ingest_.Prepare(orders));
  if (request.validate_only() || plan.items.empty()) return SingleToWire(OrderIngest::Foresee(plan)[0]);
  return call.Mutate<v1::IngestOrderResponse>(
      request, Writes::kSingleStatement, [&](postgres::Tx& tx) -> absl::StatusOr<v1::IngestOrderResponse> {
        ESNAF_ASSIGN_OR_RETURN(const std::vector<IngestResult> results, OrderIngest::Record(tx, plan));
        return SingleToWire(results[0]);
      });
}

void OrderService::IngestOrdersTogether(std::vector<AskedIngest>& asked) {
  // Those with a key need a transaction each, for the record of their answer.
  std::vector<AskedIngest*> hurried, together, alone;
  for (AskedIngest& one : asked) {
    if (one.call.info().deadline < one.call.now() + kHurry) {
      hurried.push_back(&one);
    } else if (one.request.has_order() && !one.request.validate_only() && !one.call.HasKey(one.request)) {
      together.push_back(&one);
    } else {
      alone.push_back(&one);
    }
  }
  for (AskedIngest* one : hurried) IngestAlone(*one);
  if (!together.empty()) IngestSome(together);
  for (AskedIngest* one : alone) IngestAlone(*one);
}

void OrderService::IngestAlone(AskedIngest& one) {
  if (one.call.cancelled()) {
    one.answer = absl::CancelledError("nobody waits for the answer any more");
  } else {
    one.answer = Caught([&] { return IngestOrder(one.call, one.request); });
  }
}

void OrderService::IngestSome(std::span<AskedIngest* const> asked) {
  if (asked.size() == 1) return IngestAlone(*asked[0]);
  const auto results = Caught([&] { return RecordTogether(asked); });
  if (results.status().code() == absl::StatusCode::kUnavailable) {
    // The database is away: each would be told so.
    for (AskedIngest* one : asked) one->answer = results.status();
  } else if (!results.ok()) {
    // Something is wrong with one of them, which the halving finds.
    IngestSome(asked.first(asked.size() / 2));
    IngestSome(asked.subspan(asked.size() / 2));
  } else {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const IngestResult& result = (*results)[i];
      if (result.status.ok() && !result.order) {
        // The order came twice, and the newer delivery was recorded.
        IngestAlone(*asked[i]);
      } else {
        asked[i]->answer = SingleToWire(result);
      }
    }
  }
}

absl::StatusOr<std::vector<IngestResult>> OrderService::RecordTogether(std::span<AskedIngest* const> asked) {
  std::vector<DeliveredOrder> orders;
  std::vector<Call*> calls;
  for (AskedIngest* one : asked) {
    orders.push_back({&one->call, &one->request.order()});
    calls.push_back(&one->call);
  }
  ESNAF_ASSIGN_OR_RETURN(const IngestPlan plan, ingest_.Prepare(orders));
  if (plan.items.empty()) return OrderIngest::Foresee(plan);
  // Contacts refuses one of the customers: alone, the others are linked at once.
  if (!plan.links.refusal.ok() && !identity::IsAway(plan.links.refusal)) return plan.links.refusal;
  std::vector<IngestResult> results;
  ESNAF_RETURN_IF_ERROR(Call::MutateTogether(calls, Writes::kSingleStatement, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(results, OrderIngest::Record(tx, plan));
    return absl::OkStatus();
  }));
  return results;
}

absl::StatusOr<v1::BatchIngestOrdersResponse> OrderService::BatchIngestOrders(
    Call& call, const v1::BatchIngestOrdersRequest& request) {
  if (request.orders().empty() || request.orders_size() > kMaxBatch) return InvalidField("orders", "must be 1 to 500");
  ESNAF_ASSIGN_OR_RETURN(IngestPlan plan, ingest_.Prepare(call, request.orders()));
  if (request.validate_only()) return BatchToWire(OrderIngest::Foresee(plan));
  using Response = v1::BatchIngestOrdersResponse;
  const auto record = [&] {
    return call.Mutate<Response>(request, Writes::kSingleStatement, [&](postgres::Tx& tx) -> absl::StatusOr<Response> {
      ESNAF_ASSIGN_OR_RETURN(const std::vector<IngestResult> results, OrderIngest::Record(tx, plan));
      return BatchToWire(results);
    });
  };
  auto response = record();
  if (response.ok() || !IsRefusedData(response.status())) return response;
  // The database refused one of them, which validation should have: find it, so that the others are recorded.
  ESNAF_RETURN_IF_ERROR(OrderIngest::DropRefused(call.connection(), plan));
  return record();
}

absl::StatusOr<v1::StreamIngestOrdersResponse> OrderService::StreamIngestOrders(
    Call& call, runtime::StreamReader<v1::StreamIngestOrdersRequest>& reader) {
  v1::StreamIngestOrdersResponse sums;
  v1::StreamIngestOrdersRequest request;
  std::int64_t first = 0;
  for (int batch = 0; reader.Read(request); ++batch) {
    v1::BatchIngestOrdersRequest part;
    *part.mutable_orders() = request.orders();
    const std::string& key = call.info().idempotency_key;
    if (!key.empty()) part.set_request_id(absl::StrCat(key, "/", batch));
    ESNAF_ASSIGN_OR_RETURN(const v1::BatchIngestOrdersResponse response, BatchIngestOrders(call, part));
    AddToSums(request, response, first, sums);
    first += request.orders_size();
  }
  if (call.cancelled()) return absl::CancelledError("the stream was broken off");
  return sums;
}

absl::StatusOr<v1::Order> OrderService::GetOrder(Call& call, const v1::GetOrderRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const auto found, call.Read([&](postgres::Tx& tx) { return OrderStore::Find(tx, {id}); }));
  if (found.empty()) return NotFound("order", request.id());
  const Order& order = found.begin()->second;
  ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), order.store_id));
  return ToWire(order);
}

absl::StatusOr<v1::ListOrdersResponse> OrderService::ListOrders(Call& call, const v1::ListOrdersRequest& request) {
  if (!request.store_id().empty()) ESNAF_RETURN_IF_ERROR(CheckScope(call.caller(), request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const auto query,
                         api::ListQuery::Parse(request, OrderFields(), {.default_order = "place_time desc"}));
  std::vector<std::string> stores = call.caller().store_ids;
  if (!request.store_id().empty()) stores = {request.store_id()};
  std::optional<Uuid> contact;
  if (!request.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(contact, api::ParseId(request.contact_id(), "contact_id"));
  }
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListOrdersResponse> {
    std::vector<std::string> conditions;
    std::vector<postgres::Param> params;
    if (!stores.empty()) {
      params.emplace_back(stores);
      conditions.push_back(absl::StrCat("o.store_id = ANY($", params.size(), "::text[])"));
    }
    if (contact) {
      ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, *contact));
      params.emplace_back(cluster);
      conditions.push_back(absl::StrCat("o.contact_id = ANY($", params.size(), "::uuid[])"));
    }
    std::string condition;
    for (const std::string& part : conditions) condition += (condition.empty() ? "" : " AND ") + part;
    const api::SqlQuery sql = query.Select("o.body", "orders o", condition, std::move(params));
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListOrdersResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const Order order, ParseOrder(rows[i].Get<postgres::Bytes>(0).data));
      *response.add_orders() = ToWire(order);
    }
    response.set_next_page_token(query.NextPageToken(rows, 1));
    return response;
  });
}

absl::StatusOr<v1::ContactOrderSummary> OrderService::GetContactOrderSummary(
    Call& call, const v1::GetContactOrderSummaryRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  ESNAF_ASSIGN_OR_RETURN(const auto sums, call.Read([&](postgres::Tx& tx) -> absl::StatusOr<std::vector<CurrencySum>> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, contact));
    return OrderStore::SumByCurrency(tx, cluster, call.caller().store_ids);
  }));
  v1::ContactOrderSummary summary;
  summary.set_contact_id(request.contact_id());
  for (const CurrencySum& sum : sums) {
    v1::CurrencySummary& added = *summary.add_currencies();
    added.set_currency_code(sum.currency);
    added.set_order_count(sum.order_count);
    added.set_return_count(sum.return_count);
    added.set_gross(sum.gross);
    added.set_refunded(sum.refunded);
    added.set_net(sum.net);
    *added.mutable_first_place_time() = api::ToProto(sum.first_place_time);
    *added.mutable_last_place_time() = api::ToProto(sum.last_place_time);
  }
  return summary;
}

absl::StatusOr<v1::Order> OrderService::CancelOrder(Call& call, const v1::CancelOrderRequest& request) {
  FieldViolations violations;
  const Time time = request.has_cancel_time() ? ReadTime(request.cancel_time(), "cancel_time", violations) : call.now();
  const Cancellation cancellation{time, request.reason(), true};
  CheckCancellation(violations, cancellation, "reason");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return ChangeOrder(call, request, [&](Order& order) -> absl::StatusOr<bool> {
    ESNAF_RETURN_IF_ERROR(CheckEtag(order, request.etag()));
    ESNAF_RETURN_IF_ERROR(Cancel(order, cancellation));
    return true;
  });
}

absl::StatusOr<v1::Order> OrderService::RefundOrder(Call& call, const v1::RefundOrderRequest& request) {
  return ChangeOrder(call, request, [&](Order& order) -> absl::StatusOr<bool> {
    ESNAF_RETURN_IF_ERROR(CheckEtag(order, request.etag()));
    ESNAF_ASSIGN_OR_RETURN(const RefundRequest refund, ReadRefund(request.refund(), order, call.now()));
    return RefundPart(order, refund);
  });
}

absl::StatusOr<v1::Order> OrderService::PayOrder(Call& call, const v1::PayOrderRequest& request) {
  return ChangeOrder(call, request, [&](Order& order) -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const PaymentRequest payment, ReadPayment(request.payment(), order, call.now()));
    return Pay(order, payment);
  });
}

absl::StatusOr<v1::Order> OrderService::FulfillOrder(Call& call, const v1::FulfillOrderRequest& request) {
  return ChangeOrder(call, request, [&](Order& order) -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const Fulfillment fulfillment, ReadFulfillment(request.fulfillment(), call.now()));
    return Fulfill(order, fulfillment);
  });
}

}  // namespace esnaf::orders
