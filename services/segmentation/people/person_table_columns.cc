#include "services/segmentation/people/person_table_columns.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/text.h"

namespace esnaf::segmentation {
namespace {

// Of a node of the map from texts to codes, and the longest text that needs no memory of its own.
constexpr std::size_t kNodeBytes = 40;
constexpr std::size_t kInPlace = 15;

}  // namespace

TextCode Dictionary::Intern(std::string_view text) {
  if (text.empty()) return kNoText;
  if (const auto known = codes_.find(text); known != codes_.end()) return known->second;
  texts_.emplace_back(text);
  if (folded_) folds_.push_back(FoldName(text));
  const TextCode code = size();
  codes_.emplace(texts_.back(), code);
  return code;
}

TextCode Dictionary::Find(std::string_view text) const {
  const auto known = codes_.find(text);
  return known == codes_.end() ? kNoText : known->second;
}

std::size_t Dictionary::MemoryBytes() const {
  std::size_t bytes = codes_.bucket_count() * sizeof(void*) + codes_.size() * kNodeBytes;
  for (const auto* texts : {&texts_, &folds_}) {
    for (const std::string& text : *texts)
      bytes += sizeof(text) + (text.capacity() > kInPlace ? text.capacity() + 1 : 0);
  }
  return bytes;
}

void CompactCodes::Set(std::uint32_t index, std::uint32_t code) {
  const int needed = code <= 0xFF ? 0 : code <= 0xFFFF ? 1 : 2;
  if (needed > shift_) Widen(needed);
  const std::uint32_t piece = index / kBlockRows;
  const std::uint32_t place = index % kBlockRows;
  if (piece >= pieces_.size() || place >= RoomOf(piece)) {
    if (code == 0) return;
    Allocate(piece, place);
  }
  Write(pieces_[piece].data() + (std::size_t{place} << shift_), code);
}

void CompactCodes::Reserve(std::uint32_t end) {
  if (end == 0) return;
  const std::uint32_t last = (end - 1) / kBlockRows;
  const auto known = static_cast<std::uint32_t>(pieces_.size());
  for (std::uint32_t piece = known == 0 ? 0 : known - 1; piece <= last; ++piece) {
    const std::uint32_t place = piece < last ? kBlockRows - 1 : (end - 1) % kBlockRows;
    if (piece >= pieces_.size() || place >= RoomOf(piece)) Allocate(piece, place);
  }
}

void CompactCodes::Allocate(std::uint32_t piece, std::uint32_t place) {
  if (piece >= pieces_.size()) pieces_.resize(piece + 1);
  // A piece that others follow is whole.
  if (piece > 0 && RoomOf(0) < kBlockRows) Resize(0, kBlockRows);
  const bool grows = piece == 0 && pieces_.size() == 1;
  Resize(piece, grows ? std::min(kBlockRows, std::max<std::uint32_t>(16, std::bit_ceil(place + 1))) : kBlockRows);
}

void CompactCodes::Widen(int shift) {
  CompactCodes wide;
  wide.shift_ = shift;
  wide.pieces_.resize(pieces_.size());
  for (std::uint32_t piece = 0; piece < pieces_.size(); ++piece) {
    const Piece old = PieceAt(piece);
    if (old.size == 0) continue;
    wide.Resize(piece, old.size);
    for (std::uint32_t place = 0; place < old.size; ++place) {
      wide.Write(wide.pieces_[piece].data() + (std::size_t{place} << shift), old.codes[place]);
    }
    // What was copied is not needed twice.
    pieces_[piece] = std::vector<std::uint8_t>();
  }
  *this = std::move(wide);
}

std::size_t CompactCodes::MemoryBytes() const {
  std::size_t bytes = pieces_.capacity() * sizeof(pieces_[0]);
  for (const std::vector<std::uint8_t>& piece : pieces_) bytes += piece.capacity();
  return bytes;
}

std::uint32_t Slices::Place(PersonRow row, std::uint32_t count) {
  const std::uint32_t had = count_.Get(row);
  if (count <= had) {
    garbage_ += had - count;
  } else {
    garbage_ += had;
    ESNAF_CHECK(end_ <= std::numeric_limits<std::uint32_t>::max() - count);
    begin_.Set(row, end_);
    end_ += count;
  }
  count_.Set(row, count);
  return begin_.Get(row);
}

std::optional<PersonRow> RowFinder::Find(const Uuid& id) const {
  if (slots_.empty()) return std::nullopt;
  for (std::size_t slot = SlotOf(id);; slot = (slot + 1) & (slots_.size() - 1)) {
    const PersonRow row = slots_[slot];
    if (row == kEmpty) return std::nullopt;
    if (row != kErased && ids_.Get(row) == id) return row;
  }
}

void RowFinder::Insert(PersonRow row) {
  // At most seven tenths are used, so that a search is short and ends.
  if ((used_ + 1) * 10 > slots_.size() * 7) Rehash();
  std::size_t slot = SlotOf(ids_.Get(row));
  while (slots_[slot] != kEmpty && slots_[slot] != kErased) slot = (slot + 1) & (slots_.size() - 1);
  if (slots_[slot] == kEmpty) ++used_;
  ++filled_;
  slots_[slot] = row;
}

void RowFinder::Erase(PersonRow row) {
  std::size_t slot = SlotOf(ids_.Get(row));
  while (slots_[slot] != row) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = kErased;
  --filled_;
}

void RowFinder::Rehash() {
  std::size_t size = 64;
  while ((filled_ + 1) * 2 > size) size *= 2;
  std::vector<PersonRow> old = std::exchange(slots_, std::vector<PersonRow>(size, kEmpty));
  used_ = filled_;
  for (const PersonRow row : old) {
    if (row == kEmpty || row == kErased) continue;
    std::size_t slot = SlotOf(ids_.Get(row));
    while (slots_[slot] != kEmpty) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = row;
  }
}

}  // namespace esnaf::segmentation
