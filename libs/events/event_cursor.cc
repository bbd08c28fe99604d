#include "libs/events/event_cursor.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::events {
namespace {

const postgres::Statement kCreateCursor("events", "create_cursor", R"sql(
  INSERT INTO event_cursor (source, update_time) VALUES ($1, '-infinity') ON CONFLICT DO NOTHING
)sql");

const postgres::Statement kLoadCursor("events", "load_cursor", R"sql(
  SELECT epoch, xact, seq, watermark_xact, update_time > now() - interval '2 seconds', from_oldest
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
      stopped_time = NULL, stopped_error = NULL, from_oldest = false,
      skip_event_id = CASE WHEN $6::boolean THEN NULL ELSE skip_event_id END, update_time = now()
  WHERE source = $1
)sql");

const postgres::Statement kStoreWatermark("events", "store_watermark", R"sql(
  UPDATE event_cursor SET watermark_xact = $5
  WHERE source = $1 AND epoch = $2 AND xact = $3 AND seq = $4::bigint AND watermark_xact::bigint < $5::text::bigint
)sql");

const postgres::Statement kStoreStop("events", "store_stop", R"sql(
  UPDATE event_cursor
  SET stopped_event_id = $2, stopped_reason = nullif($3, ''), stopped_error = nullif($4, ''),
      stopped_time = CASE WHEN $3 = '' THEN NULL
                          WHEN stopped_event_id IS NOT DISTINCT FROM $2 AND stopped_reason IS NOT NULL
                          THEN coalesce(stopped_time, now()) ELSE now() END
  WHERE source = $1
)sql");

const postgres::Statement kListCursors("events", "list_cursors", R"sql(
  SELECT source, epoch, xact, seq, watermark_xact, coalesce(stopped_time, update_time), stopped_event_id,
         coalesce(stopped_reason, ''), coalesce(stopped_error, ''),
         coalesce(skip_event_id = stopped_event_id, false)
  FROM event_cursor ORDER BY source
)sql");

const postgres::Statement kRequestSkip("events", "request_skip", R"sql(
  UPDATE event_cursor SET skip_event_id = stopped_event_id
  WHERE source = $1 AND stopped_event_id = $2 AND stopped_reason IS NOT NULL
)sql");

const postgres::Statement kResetCursor("events", "reset_cursor", R"sql(
  UPDATE event_cursor
  SET epoch = '', xact = '0', seq = 0, watermark_xact = '0', stopped_event_id = NULL, stopped_reason = NULL,
      stopped_time = NULL, stopped_error = NULL, skip_event_id = NULL, from_oldest = true
  WHERE source = $1 AND stopped_reason IS NOT NULL AND stopped_error IN ('EPOCH_CHANGED', 'POSITION_PRUNED')
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
                       .recently_moved = rows[0].Get<bool>(4),
                       .from_oldest = rows[0].Get<bool>(5)};
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
                       const absl::Status& reason) {
  // Without its details, which are bytes.
  const std::string words = reason.ok() ? "" : reason.ToString(absl::StatusToStringMode::kWithNoExtraData);
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    return tx.Execute(kStoreStop, source, event_id, words, ErrorReason(reason)).status();
  });
}

absl::StatusOr<std::vector<CursorState>> ListCursors(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListCursors));
  std::vector<CursorState> states;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    CursorState& state = states.emplace_back();
    state.source = row.Get<std::string>(0);
    state.cursor = {.epoch = row.Get<std::string>(1),
                    .xact = static_cast<std::uint64_t>(row.Get<std::int64_t>(2)),
                    .seq = row.Get<std::int64_t>(3),
                    .watermark_xact = static_cast<std::uint64_t>(row.Get<std::int64_t>(4))};
    std::string message = row.Get<std::string>(7);
    if (message.empty()) continue;
    state.stop = CursorStop{.time = row.Get<Time>(5),
                            .event_id = row.Get<std::optional<Uuid>>(6),
                            .message = std::move(message),
                            .error = row.Get<std::string>(8),
                            .skip_requested = row.Get<bool>(9)};
  }
  return states;
}

absl::StatusOr<bool> RequestSkip(postgres::Tx& tx, std::string_view source, const Uuid& event_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result result, tx.Execute(kRequestSkip, source, event_id));
  return result.affected_rows() > 0;
}

absl::StatusOr<bool> ResetCursor(postgres::Tx& tx, std::string_view source) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result result, tx.Execute(kResetCursor, source));
  return result.affected_rows() > 0;
}

}  // namespace esnaf::events
