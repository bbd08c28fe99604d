#pragma once

// The RPCs of esnaf.orders.v1.OrderService.
#include <span>

#include "esnaf/orders/v1/orders.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/orders/order_ingest.h"

namespace esnaf::orders {

class OrderService {
 public:
  explicit OrderService(OrderIngest& ingest) : ingest_(ingest) {}
  runtime::RpcService Rpcs();

  using AskedIngest = runtime::AskedCall<v1::IngestOrderRequest, v1::IngestOrderResponse>;

  absl::StatusOr<v1::IngestOrderResponse> IngestOrder(runtime::Call& call, const v1::IngestOrderRequest& request);
  // Each as if it came alone, but read and written with few statements for all.
  void IngestOrdersTogether(std::vector<AskedIngest>& asked);
  absl::StatusOr<v1::BatchIngestOrdersResponse> BatchIngestOrders(runtime::Call& call,
                                                                  const v1::BatchIngestOrdersRequest& request);
  absl::StatusOr<v1::StreamIngestOrdersResponse> StreamIngestOrders(
      runtime::Call& call, runtime::StreamReader<v1::StreamIngestOrdersRequest>& reader);
  absl::StatusOr<v1::Order> GetOrder(runtime::Call& call, const v1::GetOrderRequest& request);
  absl::StatusOr<v1::ListOrdersResponse> ListOrders(runtime::Call& call, const v1::ListOrdersRequest& request);
  absl::StatusOr<v1::ContactOrderSummary> GetContactOrderSummary(runtime::Call& call,
                                                                 const v1::GetContactOrderSummaryRequest& request);
  absl::StatusOr<v1::Order> CancelOrder(runtime::Call& call, const v1::CancelOrderRequest& request);
  absl::StatusOr<v1::Order> RefundOrder(runtime::Call& call, const v1::RefundOrderRequest& request);
  absl::StatusOr<v1::Order> PayOrder(runtime::Call& call, const v1::PayOrderRequest& request);
  absl::StatusOr<v1::Order> FulfillOrder(runtime::Call& call, const v1::FulfillOrderRequest& request);

 private:
  void IngestAlone(AskedIngest& one);
  void IngestSome(std::span<AskedIngest* const> asked);
  absl::StatusOr<std::vector<IngestResult>> RecordTogether(std::span<AskedIngest* const> asked);
  OrderIngest& ingest_;
};

}  // namespace esnaf::orders
