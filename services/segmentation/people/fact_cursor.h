#pragma once

// Walks over the orders, or the carts, of ascending rows as they lie in memory. Where they lie is looked up anew only
// where a piece of the columns ends: what a row adds is found by its distance from the first. Pure.
#include <cstdint>
#include <optional>

#include "services/segmentation/people/person_table.h"

namespace esnaf::segmentation {

class FactCursor {
 public:
  // The columns must outlive the cursor and must not change meanwhile.
  explicit FactCursor(const FactColumns& columns) : columns_(columns), rows_(columns.RowsAt(0)) {}
  FactCursor(const FactCursor&) = delete;
  FactCursor& operator=(const FactCursor&) = delete;

  // False where the row has none, and for the few whose facts lie in two pieces.
  bool MoveTo(PersonRow row) {
    if (row / kBlockRows != block_) {
      block_ = row / kBlockRows;
      rows_ = columns_.RowsAt(block_);
    }
    count_ = rows_.CountOf(row % kBlockRows);
    if (count_ == 0) return false;
    const std::uint64_t begin = rows_.BeginOf(row % kBlockRows);
    if (begin < base_begin_ || begin + count_ > piece_end_) {
      base_ = columns_.RunOf(row);
      piece_end_ = 0;
      if (!base_) return false;
      run_ = &*base_;
      base_begin_ = begin;
      piece_end_ = (begin / kBlockRows + 1) * kBlockRows;
    }
    distance_ = static_cast<std::uint32_t>(begin - base_begin_);
    return true;
  }
  std::uint32_t count() const { return count_; }
  std::int64_t Time(std::uint32_t i) const { return run_->times[distance_ + i]; }
  std::uint32_t Shape(std::uint32_t i) const { return run_->shapes[distance_ + i]; }
  std::int64_t NetMinor(std::uint32_t i) const { return run_->nets.At(distance_ + i); }
  std::uint32_t LineCount(std::uint32_t i) const { return run_->line_counts[distance_ + i]; }

 private:
  const FactColumns& columns_;
  std::uint32_t block_ = 0;
  Slices::Block rows_;
  std::optional<FactColumns::Run> base_;
  const FactColumns::Run* run_ = nullptr;  // the base, once there is one
  std::uint64_t base_begin_ = 0;
  std::uint64_t piece_end_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t distance_ = 0;
};

// The same for lines.
class LineCursor {
 public:
  explicit LineCursor(const FactColumns& columns) : columns_(columns) {}
  LineCursor(const LineCursor&) = delete;
  LineCursor& operator=(const LineCursor&) = delete;

  // False where there are none, and for the few that lie in two pieces.
  bool MoveTo(std::uint32_t first, std::uint32_t count) {
    if (count == 0) return false;
    const std::uint64_t begin = first;
    if (begin < base_begin_ || begin + count > piece_end_) {
      base_ = columns_.LinesAt(first, count);
      piece_end_ = 0;
      if (!base_) return false;
      run_ = &*base_;
      base_begin_ = begin;
      piece_end_ = (begin / kBlockRows + 1) * kBlockRows;
    }
    distance_ = static_cast<std::uint32_t>(begin - base_begin_);
    return true;
  }
  std::uint32_t Item(std::uint32_t i) const { return run_->items[distance_ + i]; }
  std::int64_t Quantity(std::uint32_t i) const { return run_->quantities.At(distance_ + i); }
  std::int64_t ValueMinor(std::uint32_t i) const { return run_->values.At(distance_ + i); }

 private:
  const FactColumns& columns_;
  std::optional<FactColumns::LineRun> base_;
  const FactColumns::LineRun* run_ = nullptr;  // the base, once there is one
  std::uint64_t base_begin_ = 0;
  std::uint64_t piece_end_ = 0;
  std::uint32_t distance_ = 0;
};

}  // namespace esnaf::segmentation
