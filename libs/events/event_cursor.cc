#include "libs/events/event_cursor.h"

namespace esnaf::events {
namespace {

const postgres::Statement kCreateCursor("events", "create_cursor", R"sql(
  INSERT INTO event_cursor (source, update_time) VALUES ($1, '-infinity') ON CONFLICT DO NOTHING
)sql");

const postgres::Statement kLoadCursor("events", "load_cursor", R"sql(
  SELECT epoch, xact, seq, watermark_xact, update_time > now() - interval '2 seconds'
  FROM event_cursor WHERE source = $1
)sql");

// A row that somebody else has locked is left out, not waited for: then that one is the active replica.
const postgres::Statement kLockCursor("events", "lock_cursor", R"sql(
  SELECT skip_event_id FROM event_cursor
  WHERE source = $1 AND epoch = $2 AND xact = $3 AND seq = $4::bigint
  FOR UPDATE SKIP LOCKED
)sql");

const postgres::Statement kMoveCursor("events", "move_cursor", R"sql(
  UPDATE event_cursor
  SET epoch = $2, xact = $3, seq = $4::bigint, watermark_xact = $5, stopped_event_id = NULL, stopped_reason = NULL,
      skip_event_id = CASE WHEN $6::boolean THEN NULL ELSE skip_event_id END, update_time = now()
  WHERE source = $1
)sql");

const postgres::Statement kStoreWatermark("events", "store_watermark", R"sql(
  UPDATE event_cursor SET watermark_xact = $5
  WHERE source = $1 AND epoch = $2 AND xact = $3 AND seq = $4::bigint AND watermark_xact::bigint < $5::text::bigint
)sql");

const postgres::Statement kStoreStop("events", "store_stop", R"sql(
  UPDATE event_cursor SET stopped_event_id = $2, stopped_reason = nullif($3, '') WHERE source = $1
)sql");

}  // namespace

absl::StatusOr<EventCursor> LoadCursor(postgres::Connection& connection, std::string_view source) {
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) -> absl::StatusOr<EventCursor> {
    ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, tx.Execute(kLoadCursor, source));
    if (rows.empty()) {
      ESNAF_RETURN_IF_ERROR(tx.Execute(kCreateCursor, source).status());
      ESNAF_ASSIGN_OR_RETURN(rows, tx.Execute(kLoadCursor, source));
    }
    return EventCursor{.epoch = rows[0].Get<std::string>(0),
                       .xact = static_cast<std::uint64_t>(rows[0].Get<std::int64_t>(1)),
                       .seq = rows[0].Get<std::int64_t>(2),
                       .watermark_xact = static_cast<std::uint64_t>(rows[0].Get<std::int64_t>(3)),
                       .recently_moved = rows[0].Get<bool>(4)};
  });
}

absl::StatusOr<CursorLock> LockCursor(postgres::Tx& tx, std::string_view source, const EventCursor& expected) {
  ESNAF_ASSIGN_OR_RETURN(postgres::Result rows,
                         tx.Execute(kLockCursor, source, expected.epoch, std::to_string(expected.xact), expected.seq));
  if (rows.empty()) return CursorLock{};
  return CursorLock{.held = true, .skip_event_id = rows[0].Get<std::optional<Uuid>>(0)};
}

absl::Status MoveCursor(postgres::Tx& tx, std::string_view source, const EventCursor& to, bool skipped) {
  return tx
      .Execute(kMoveCursor, source, to.epoch, std::to_string(to.xact), to.seq, std::to_string(to.watermark_xact),
               skipped)
      .status();
}

absl::Status StoreWatermark(postgres::Connection& connection, std::string_view source, const EventCursor& expected,
                            std::uint64_t watermark_xact) {
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    return tx
        .Execute(kStoreWatermark, source, expected.epoch, std::to_string(expected.xact), expected.seq,
                 std::to_string(watermark_xact))
        .status();
  });
}

absl::Status StoreStop(postgres::Connection& connection, std::string_view source, std::optional<Uuid> event_id,
                       std::string_view reason) {
  return connection.Run({.autocommit = true},
                        [&](postgres::Tx& tx) { return tx.Execute(kStoreStop, source, event_id, reason).status(); });
}

}  // namespace esnaf::events
