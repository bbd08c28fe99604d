#include "libs/events/outbox.h"

namespace esnaf::events {
namespace {

const postgres::Statement kAppend("events", "append", R"sql(
  WITH event AS (
    INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time,
                        trace_parent, actor)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::bytea[],
                         $7::timestamptz[], $8::text[], $9::text[])
    RETURNING xact)
  SELECT xact::text FROM event LIMIT 1
)sql");

}  // namespace

NewEvent MakeEvent(const runtime::Call& call, std::string_view aggregate_type, const Uuid& aggregate_id,
                   std::int64_t aggregate_version, const google::protobuf::Message& payload, Time happen_time) {
  NewEvent event =
      MakeEvent(call.caller().actor, call.now(), aggregate_type, aggregate_id, aggregate_version, payload, happen_time);
  event.trace_parent = call.info().trace_parent;
  return event;
}

NewEvent MakeEvent(std::string_view actor, Time now, std::string_view aggregate_type, const Uuid& aggregate_id,
                   std::int64_t aggregate_version, const google::protobuf::Message& payload, Time happen_time) {
  return {.id = Uuid::NewV7(now),
          .aggregate_type = std::string(aggregate_type),
          .aggregate_id = aggregate_id,
          .aggregate_version = aggregate_version,
          .type = payload.GetTypeName(),
          .payload = payload.SerializeAsString(),
          .happen_time = happen_time,
          .trace_parent = "",
          .actor = std::string(actor)};
}

absl::Status Append(postgres::Tx& tx, const std::vector<NewEvent>& events) {
  if (events.empty()) return absl::OkStatus();
  std::vector<Uuid> ids, aggregate_ids;
  std::vector<std::string> aggregate_types, types, trace_parents, actors;
  std::vector<std::int64_t> versions;
  std::vector<postgres::Bytes> payloads;
  std::vector<Time> happen_times;
  for (const NewEvent& event : events) {
    ids.push_back(event.id);
    aggregate_types.push_back(event.aggregate_type);
    aggregate_ids.push_back(event.aggregate_id);
    versions.push_back(event.aggregate_version);
    types.push_back(event.type);
    payloads.push_back({event.payload});
    happen_times.push_back(event.happen_time);
    trace_parents.push_back(event.trace_parent);
    actors.push_back(event.actor);
  }
  ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, tx.Execute(kAppend, ids, aggregate_types, aggregate_ids, versions,
                                                           types, payloads, happen_times, trace_parents, actors));
  tx.NoteEventXact(static_cast<std::uint64_t>(rows[0].Get<std::int64_t>(0)));
  return absl::OkStatus();
}

std::vector<postgres::Param> OutboxParams(const NewEvent& event) {
  return {event.id,   event.aggregate_type,           event.aggregate_id, event.aggregate_version,
          event.type, postgres::Bytes{event.payload}, event.happen_time,  event.trace_parent,
          event.actor};
}

}  // namespace esnaf::events
