#pragma once

// Consumes another service's feed with exactly-once effect: a batch's effects and the new position are one transaction
// in the consumer's own schema. One active consumer a source and schema (a row lock on the cursor), so replicas are
// safe.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/events/position_board.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/app.h"

namespace esnaf::events {

// Applies a batch within `tx`, in order. It runs again where the transaction is retried, so it has no other effect.
// Events may come again after an operator reset a cursor, and out of order within one aggregate: ignore versions not
// above the last. An unavailable database is retried; any other failure is poison: the batch is then applied event by
// event, and the one that fails stops the consumer loudly (metric, log, health detail) until it succeeds or an operator
// skips it.
using ApplyBatch = std::function<absl::Status(postgres::Tx& tx, const std::vector<api::v1::Event>& events)>;

struct ConsumerOptions {
  std::string source;    // `orders`: the producer, and the cursor's key
  std::string consumer;  // `segmentation`: this service
  int max_batch = 500;
  std::chrono::milliseconds retry{500};
};

class Consumer final : public runtime::Background {
 public:
  // `on_events` is told the transaction id where applying wrote events of the own outbox.
  Consumer(ConsumerOptions options, std::shared_ptr<runtime::Channel> producer, postgres::ConnectionOptions database,
           runtime::Metrics& metrics, PositionBoard& board, ApplyBatch apply,
           std::function<void(std::uint64_t)> on_events);
  ~Consumer() override;
  absl::Status Start() override;
  void Stop() override;
  // OK, or why the consumer stands still.
  absl::Status health() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Where the consumer of a source shows its lag: seconds, 0 when nothing is left to apply.
runtime::Metrics::Gauge& LagGauge(runtime::Metrics& metrics, std::string_view source);

// Reads the payload of an event as T; INVALID_ARGUMENT where it is none.
template <typename T>
absl::StatusOr<T> Decode(const api::v1::Event& event) {
  T message;
  if (event.type() != message.GetDescriptor()->full_name() || !message.ParseFromString(event.payload())) {
    return absl::InvalidArgumentError(
        absl::StrCat("event ", event.id(), " is no ", message.GetDescriptor()->full_name()));
  }
  return message;
}

// Adds a consumer of the service behind `<source>-address` to the program and to its position gate.
Consumer& Consume(runtime::App& app, std::string_view source, ApplyBatch apply);

}  // namespace esnaf::events
