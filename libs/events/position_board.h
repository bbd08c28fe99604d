#pragma once

// How far this process knows its schema to have consumed each source, and the reads that wait for more.
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "libs/runtime/server.h"

namespace esnaf::events {

// A position of one source, as `esnaf-position` and `esnaf-after` carry it: `orders:<epoch>.<xact>`.
struct SourcePosition {
  std::string source;
  std::string epoch;
  std::uint64_t xact = 0;
};
// Reads a comma-separated list. INVALID_ARGUMENT naming `esnaf-after` otherwise.
absl::StatusOr<std::vector<SourcePosition>> ParsePositions(std::string_view text);

class PositionBoard final : public runtime::PositionGate {
 public:
  explicit PositionBoard(const Clock& clock);
  ~PositionBoard() override;
  // Told the transaction id that a read has begun to wait for. Called under the board's lock: must not call the board.
  using OnWait = std::function<void(std::uint64_t xact)>;
  // Declares a source that is consumed here; again, to replace `on_wait`.
  void Track(std::string_view source, OnWait on_wait = nullptr);
  // Every event of `source` in `epoch` below `watermark_xact` is applied. Wakes those who waited for it.
  void Advance(std::string_view source, std::string_view epoch, std::uint64_t watermark_xact);
  // A position of another epoch than the source's counts as reached: that life of the data is over.
  void Await(std::string_view after, Time deadline, std::function<void(absl::Status)> done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace esnaf::events
