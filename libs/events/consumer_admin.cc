#include "libs/events/consumer_admin.h"

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"

namespace esnaf::events {
namespace {

// The cursor of the source as it is now; NOT_FOUND where there is none.
absl::StatusOr<CursorState> FindCursor(postgres::Tx& tx, const std::string& source) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<CursorState> states, ListCursors(tx));
  for (CursorState& state : states) {
    if (state.source == source) return std::move(state);
  }
  return NotFound("consumer", source);
}

}  // namespace

runtime::RpcService ConsumerAdmin::Rpcs() {
  runtime::RpcService rpcs("esnaf.api.v1.ConsumerService");
  rpcs.Unary("ListConsumers", this, &ConsumerAdmin::ListConsumers)
      .Unary("SkipEvent", this, &ConsumerAdmin::SkipEvent)
      .Unary("ResetConsumer", this, &ConsumerAdmin::ResetConsumer);
  return rpcs;
}

absl::StatusOr<api::v1::ListConsumersResponse> ConsumerAdmin::ListConsumers(runtime::Call& call,
                                                                            const api::v1::ListConsumersRequest&) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<CursorState> states,
                         call.Read([](postgres::Tx& tx) { return ListCursors(tx); }));
  api::v1::ListConsumersResponse response;
  for (const CursorState& state : states) *response.add_consumers() = Describe(state);
  return response;
}

absl::StatusOr<api::v1::Consumer> ConsumerAdmin::SkipEvent(runtime::Call& call,
                                                           const api::v1::SkipEventRequest& request) {
  const std::optional<Uuid> event = Uuid::Parse(request.event_id());
  if (!event) return InvalidField("event_id", "is no id of an event");
  return call.Mutate<api::v1::Consumer>(
      request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<api::v1::Consumer> {
        ESNAF_ASSIGN_OR_RETURN(const bool stopped, RequestSkip(tx, request.source(), *event));
        ESNAF_ASSIGN_OR_RETURN(const CursorState state, FindCursor(tx, request.source()));
        if (!stopped) {
          return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_STOPPED_BY_EVENT",
                           "the consumer does not stand still on this event",
                           {{"source", request.source()}, {"event_id", request.event_id()}});
        }
        LogWarning("an operator skips an event", {{"source", request.source()},
                                                  {"event", request.event_id()},
                                                  {"actor", call.caller().actor},
                                                  {"request_id", call.info().request_id}});
        return Describe(state);
      });
}

absl::StatusOr<api::v1::Consumer> ConsumerAdmin::ResetConsumer(runtime::Call& call,
                                                               const api::v1::ResetConsumerRequest& request) {
  return call.Mutate<api::v1::Consumer>(
      request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<api::v1::Consumer> {
        ESNAF_ASSIGN_OR_RETURN(const bool reset, ResetCursor(tx, request.source()));
        ESNAF_ASSIGN_OR_RETURN(const CursorState state, FindCursor(tx, request.source()));
        if (!reset) {
          return MakeError(absl::StatusCode::kFailedPrecondition, "POSITION_NOT_REFUSED",
                           "the consumer does not stand still because its source refuses its position",
                           {{"source", request.source()}});
        }
        LogWarning(
            "an operator lets a consumer begin anew",
            {{"source", request.source()}, {"actor", call.caller().actor}, {"request_id", call.info().request_id}});
        return Describe(state);
      });
}

api::v1::Consumer ConsumerAdmin::Describe(const CursorState& state) const {
  api::v1::Consumer consumer;
  consumer.set_service(service_);
  consumer.set_source(state.source);
  if (!state.cursor.empty()) {
    consumer.mutable_position()->set_epoch(state.cursor.epoch);
    consumer.mutable_position()->set_xact(state.cursor.xact);
    consumer.mutable_position()->set_seq(state.cursor.seq);
  }
  const std::chrono::nanoseconds lag(static_cast<std::int64_t>(1e9 * LagGauge(metrics_, state.source).value()));
  consumer.mutable_lag()->set_seconds(lag / std::chrono::seconds(1));
  consumer.mutable_lag()->set_nanos(static_cast<std::int32_t>((lag % std::chrono::seconds(1)).count()));
  if (!state.stop) return consumer;
  api::v1::ConsumerStop& stop = *consumer.mutable_stop();
  *stop.mutable_stop_time() = api::ToProto(state.stop->time);
  if (state.stop->event_id) stop.set_event_id(state.stop->event_id->ToString());
  stop.set_message(state.stop->message);
  stop.set_reason(state.stop->error);
  stop.set_skip_requested(state.stop->skip_requested);
  return consumer;
}

}  // namespace esnaf::events
