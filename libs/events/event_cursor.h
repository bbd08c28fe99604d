#pragma once

// The row that says how far this schema has consumed a source.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"

namespace esnaf::events {

struct EventCursor {
  std::string epoch;  // empty before the first event
  std::uint64_t xact = 0;
  std::int64_t seq = 0;
  std::uint64_t watermark_xact = 0;  // every event below it is applied
  bool recently_moved = false;       // within two seconds: some replica is at work
  bool from_oldest = false;          // empty, and to begin at whatever the source still keeps

  bool empty() const { return xact == 0 && seq == 0; }
  bool SamePlace(const EventCursor& other) const {
    return epoch == other.epoch && xact == other.xact && seq == other.seq;
  }
};

struct CursorLock {
  bool held = false;
  std::optional<Uuid> skip_event_id;
};

// The cursor of a source, which is made where there is none.
absl::StatusOr<EventCursor> LoadCursor(postgres::Connection& connection, std::string_view source);
// Locks the row until the end of the transaction; not held where another has the lock or the cursor is not at
// `expected`.
absl::StatusOr<CursorLock> LockCursor(postgres::Tx& tx, std::string_view source, const EventCursor& expected);
// Moves the locked cursor; what had stopped it is past.
absl::Status MoveCursor(postgres::Tx& tx, std::string_view source, const EventCursor& to, bool skipped);
// Raises the watermark of a cursor that still is at `expected`.
absl::Status StoreWatermark(postgres::Connection& connection, std::string_view source, const EventCursor& expected,
                            std::uint64_t watermark_xact);
// Tells operators why the source stands still; OK that it goes on. What is told again keeps its time.
absl::Status StoreStop(postgres::Connection& connection, std::string_view source, std::optional<Uuid> event_id,
                       const absl::Status& reason);

// What operators see of a cursor.
struct CursorStop {
  Time time;
  std::optional<Uuid> event_id;
  std::string message;
  std::string error;  // the ErrorInfo's reason, for example `EPOCH_CHANGED`; empty where there was none
  bool skip_requested = false;
};
struct CursorState {
  std::string source;
  EventCursor cursor;
  std::optional<CursorStop> stop;
};
// By source.
absl::StatusOr<std::vector<CursorState>> ListCursors(postgres::Tx& tx);
// Lets the source pass the event; answers whether it stands still on it.
absl::StatusOr<bool> RequestSkip(postgres::Tx& tx, std::string_view source, const Uuid& event_id);
// Puts the cursor before the oldest event that the source keeps; answers whether it stands still because the source
// refuses its position: of another epoch, or with events behind it pruned.
absl::StatusOr<bool> ResetCursor(postgres::Tx& tx, std::string_view source);

}  // namespace esnaf::events
