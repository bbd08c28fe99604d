#pragma once

// The outbox: a change and its event are one transaction.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/call.h"

namespace esnaf::events {

// An event about to be published. `type` is the payload message's full name.
struct NewEvent {
  Uuid id;
  std::string aggregate_type;
  Uuid aggregate_id;
  std::int64_t aggregate_version = 0;
  std::string type;
  std::string payload;
  Time happen_time;
  std::string trace_parent;
  std::string actor;
};

// An event of `payload`, caused by `call`.
NewEvent MakeEvent(const runtime::Call& call, std::string_view aggregate_type, const Uuid& aggregate_id,
                   std::int64_t aggregate_version, const google::protobuf::Message& payload, Time happen_time);
// The same for a worker or consumer, which acts by itself as `service:<name>`.
NewEvent MakeEvent(std::string_view actor, Time now, std::string_view aggregate_type, const Uuid& aggregate_id,
                   std::int64_t aggregate_version, const google::protobuf::Message& payload, Time happen_time);

// Writes events within `tx` (one statement, however many) and notes the transaction id in it.
absl::Status Append(postgres::Tx& tx, const std::vector<NewEvent>& events);

// For stores that write the row and its event in one statement: the statement ends in
//   , event AS (INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload,
//                                   happen_time, trace_parent, actor)
//               SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 [WHERE/FROM changed] RETURNING xact)
//   SELECT ..., (SELECT xact::text FROM event)
// The parameters in that order:
std::vector<postgres::Param> OutboxParams(const NewEvent& event);

}  // namespace esnaf::events
