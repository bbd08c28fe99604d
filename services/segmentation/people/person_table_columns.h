#pragma once

// What a PersonTable is made of: columns that grow by pieces, so that growth copies nothing, and that cost nothing
// where nobody has a value. Pure.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/base/uuid.h"

namespace esnaf::segmentation {

// The place of a person in a table.
using PersonRow = std::uint32_t;

// Rows are evaluated, and columns grow, by so many: what one container of a Roaring bitmap holds.
inline constexpr std::uint32_t kBlockRows = 1 << 16;

// The number of a text in its dictionary, counted from 1; 0 is no text.
using TextCode = std::uint32_t;
inline constexpr TextCode kNoText = 0;

// Gives each text a number and back. Texts are never forgotten: there are few, and people come and go.
class Dictionary {
 public:
  // `folded`: keeps beside each text what FoldName makes of it, for comparisons without regard to case and accents.
  explicit Dictionary(bool folded = false) : folded_(folded) {}

  TextCode Intern(std::string_view text);         // kNoText for the empty text
  TextCode Find(std::string_view text) const;     // kNoText where it is not known
  std::string_view TextOf(TextCode code) const {  // empty for kNoText
    return code == kNoText ? std::string_view() : std::string_view(texts_[code - 1]);
  }
  bool folded() const { return folded_; }
  // The text as it is compared: folded where the dictionary folds.
  std::string_view ComparedOf(TextCode code) const {
    return code == kNoText || !folded_ ? TextOf(code) : std::string_view(folds_[code - 1]);
  }
  // Codes are 1 to this.
  std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }
  std::size_t MemoryBytes() const;

 private:
  bool folded_;
  std::deque<std::string> texts_;  // a deque, so that the keys below stay where they are
  std::deque<std::string> folds_;
  std::unordered_map<std::string_view, TextCode> codes_;
};

// A column of values in pieces of kBlockRows; what nothing was ever set in is not there and reads as `absent`. The
// first piece grows with what is set, so that a table of a few people is small.
template <typename T>
class Pieces {
 public:
  explicit Pieces(T absent = T()) : absent_(absent) {}

  T Get(std::uint32_t index) const {
    const std::uint32_t piece = index / kBlockRows;
    if (piece >= pieces_.size()) return absent_;
    const std::vector<T>& values = pieces_[piece];
    return index % kBlockRows < values.size() ? values[index % kBlockRows] : absent_;
  }
  void Set(std::uint32_t index, T value) {
    const std::uint32_t piece = index / kBlockRows;
    if (piece >= pieces_.size() || index % kBlockRows >= pieces_[piece].size()) {
      if (value == absent_) return;
      Allocate(piece, index % kBlockRows);
    }
    pieces_[piece][index % kBlockRows] = value;
  }
  // Makes room for everything before `end`, which At may then be asked for.
  void Reserve(std::uint32_t end) {
    if (end == 0) return;
    const std::uint32_t last = (end - 1) / kBlockRows;
    const auto known = static_cast<std::uint32_t>(pieces_.size());
    for (std::uint32_t piece = known == 0 ? 0 : known - 1; piece <= last; ++piece) {
      const std::uint32_t place = piece < last ? kBlockRows - 1 : (end - 1) % kBlockRows;
      if (piece >= pieces_.size() || place >= pieces_[piece].size()) Allocate(piece, place);
    }
  }
  // As Get, without asking whether the value is there.
  T At(std::uint32_t index) const { return pieces_[index / kBlockRows][index % kBlockRows]; }
  // A piece, up to its last value that may have been set.
  std::span<const T> PieceAt(std::uint32_t piece) const {
    return piece < pieces_.size() ? std::span<const T>(pieces_[piece]) : std::span<const T>();
  }
  // Where the value lies, and those behind it in its piece; as At.
  const T* PlaceOf(std::uint32_t index) const { return &pieces_[index / kBlockRows][index % kBlockRows]; }
  std::size_t MemoryBytes() const {
    std::size_t bytes = pieces_.capacity() * sizeof(pieces_[0]);
    for (const std::vector<T>& piece : pieces_) bytes += piece.capacity() * sizeof(T);
    return bytes;
  }

 private:
  void Allocate(std::uint32_t piece, std::uint32_t place) {
    if (piece >= pieces_.size()) pieces_.resize(piece + 1);
    // A piece that others follow is whole.
    if (piece > 0) pieces_[0].resize(kBlockRows, absent_);
    std::uint32_t size = kBlockRows;
    if (piece == 0) size = std::min(kBlockRows, std::max<std::uint32_t>(16, std::bit_ceil(place + 1)));
    pieces_[piece].resize(size, absent_);
  }

  T absent_;
  std::vector<std::vector<T>> pieces_;
};

// Codes and counts, each in as few bytes (1, 2 or 4) as the greatest of all needs; 0 where nothing was set. They grow
// by pieces as Pieces do. A number that needs more bytes than those before makes the column be written anew, twice at
// most.
class CompactCodes {
 public:
  // Neighbours within one piece.
  class View {
   public:
    std::uint32_t operator[](std::uint32_t place) const {
      std::uint32_t code;
      std::memcpy(&code, begin_ + (std::size_t{place} << shift_), sizeof(code));
      return code & mask_;
    }

   private:
    friend class CompactCodes;
    static_assert(std::endian::native == std::endian::little, "a narrow code is the low bytes of a wide one");
    View(const std::uint8_t* begin, int shift)
        : begin_(begin), shift_(shift), mask_(0xFFFFFFFF >> (32 - (8 << shift))) {}
    const std::uint8_t* begin_;
    int shift_;
    std::uint32_t mask_;
  };
  // A piece up to its last code that may have been set; behind all are 0.
  struct Piece {
    View codes;
    std::uint32_t size;
    std::uint32_t At(std::uint32_t place) const { return place < size ? codes[place] : 0; }
  };

  std::uint32_t Get(std::uint32_t index) const {
    const std::uint32_t piece = index / kBlockRows;
    return piece < pieces_.size() ? PieceAt(piece).At(index % kBlockRows) : 0;
  }
  void Set(std::uint32_t index, std::uint32_t code);
  // Makes room for everything before `end`, which At and ViewAt may then be asked for.
  void Reserve(std::uint32_t end);
  std::uint32_t At(std::uint32_t index) const { return ViewAt(index)[0]; }
  View ViewAt(std::uint32_t index) const {
    return View(pieces_[index / kBlockRows].data() + (std::size_t{index % kBlockRows} << shift_), shift_);
  }
  Piece PieceAt(std::uint32_t piece) const {
    if (piece >= pieces_.size() || pieces_[piece].empty()) return {View(nullptr, shift_), 0};
    return {View(pieces_[piece].data(), shift_), RoomOf(piece)};
  }
  std::size_t MemoryBytes() const;

 private:
  // Read beyond the last code, for views read four bytes at once.
  static constexpr std::size_t kPadding = 3;

  std::uint32_t RoomOf(std::uint32_t piece) const {
    return pieces_[piece].empty() ? 0 : static_cast<std::uint32_t>((pieces_[piece].size() - kPadding) >> shift_);
  }
  void Allocate(std::uint32_t piece, std::uint32_t place);
  void Resize(std::uint32_t piece, std::uint32_t room) {
    pieces_[piece].resize((std::size_t{room} << shift_) + kPadding);
  }
  void Widen(int shift);
  void Write(std::uint8_t* to, std::uint32_t code) const { std::memcpy(to, &code, std::size_t{1} << shift_); }

  int shift_ = 0;  // a code takes 1 << shift_ bytes
  std::vector<std::vector<std::uint8_t>> pieces_;
};

// What integers and times read as where there is none. No value that is kept is this small.
inline constexpr std::int64_t kAbsent = std::numeric_limits<std::int64_t>::min();

// Whole numbers of 64 bits, of which nearly all fit `Narrow`: the few others lie aside.
template <typename Narrow>
class CompactIntegers {
 public:
  std::int64_t Get(std::uint32_t index) const {
    const Narrow value = narrow_.Get(index);
    return value > kLarge ? value : GetRare(index, value);
  }
  void Set(std::uint32_t index, std::int64_t value) {
    if (narrow_.Get(index) == kLarge) large_.erase(index);
    if (value == kAbsent) {
      narrow_.Set(index, kNone);
    } else if (value > kLarge && value <= std::numeric_limits<Narrow>::max()) {
      narrow_.Set(index, static_cast<Narrow>(value));
    } else {
      narrow_.Set(index, kLarge);
      large_[index] = value;
    }
  }
  void Reserve(std::uint32_t end) { narrow_.Reserve(end); }
  std::int64_t At(std::uint32_t index) const {
    const Narrow value = narrow_.At(index);
    return value > kLarge ? value : GetRare(index, value);
  }
  // Neighbours within one piece, from `begin` on, which At may be asked for.
  class Run {
   public:
    Run(const CompactIntegers& all, std::uint32_t begin)
        : all_(&all), begin_(begin), narrow_(all.narrow_.PlaceOf(begin)) {}
    std::int64_t At(std::uint32_t place) const {
      const Narrow value = narrow_[place];
      return value > kLarge ? value : all_->GetRare(begin_ + place, value);
    }

   private:
    const CompactIntegers* all_;
    std::uint32_t begin_;
    const Narrow* narrow_;
  };
  std::size_t MemoryBytes() const { return narrow_.MemoryBytes() + large_.size() * kLargeBytes; }

 private:
  static constexpr Narrow kNone = std::numeric_limits<Narrow>::min();
  static constexpr Narrow kLarge = kNone + 1;
  static constexpr std::size_t kLargeBytes = 48;  // of a node of the map and its share of buckets

  std::int64_t GetRare(std::uint32_t index, Narrow value) const {
    return value == kNone ? kAbsent : large_.find(index)->second;
  }

  Pieces<Narrow> narrow_{kNone};
  std::unordered_map<std::uint32_t, std::int64_t> large_;
};

// Where the elements of each row lie in columns that many rows share. A row's elements are replaced in place where
// there is room, else appended; what was left behind is garbage until the owner lays all out anew.
class Slices {
 public:
  std::uint32_t BeginOf(PersonRow row) const { return begin_.Get(row); }
  std::uint32_t CountOf(PersonRow row) const { return count_.Get(row); }
  // The rows of one block: a place there is the row's in the block.
  struct Block {
    std::uint32_t CountOf(std::uint32_t place) const { return counts.At(place); }
    std::uint32_t BeginOf(std::uint32_t place) const { return place < begins.size() ? begins[place] : 0; }
    CompactCodes::Piece counts;
    std::span<const std::uint32_t> begins;
  };
  Block BlockAt(std::uint32_t block) const { return {count_.PieceAt(block), begin_.PieceAt(block)}; }
  // Makes room for `count` elements of the row, and answers where.
  std::uint32_t Place(PersonRow row, std::uint32_t count);
  // The end of everything that was placed.
  std::uint32_t end() const { return end_; }
  // Whether a quarter is garbage, of what is not little.
  bool WantsCompaction() const { return garbage_ > kBlockRows && garbage_ > end_ / 4; }
  std::size_t MemoryBytes() const { return begin_.MemoryBytes() + count_.MemoryBytes(); }

 private:
  Pieces<std::uint32_t> begin_;
  CompactCodes count_;
  std::uint32_t end_ = 0;
  std::uint32_t garbage_ = 0;
};

// Finds the row of a contact: open addressing over row numbers, the ids themselves lie in the table's column.
class RowFinder {
 public:
  explicit RowFinder(const Pieces<Uuid>& ids) : ids_(ids) {}
  std::optional<PersonRow> Find(const Uuid& id) const;
  // The id must not be there yet, and must already lie in the column.
  void Insert(PersonRow row);
  // The id must still lie in the column.
  void Erase(PersonRow row);
  std::size_t MemoryBytes() const { return slots_.capacity() * sizeof(slots_[0]); }

 private:
  static constexpr PersonRow kEmpty = 0xFFFFFFFF;
  static constexpr PersonRow kErased = 0xFFFFFFFE;

  void Rehash();
  std::size_t SlotOf(const Uuid& id) const { return std::hash<Uuid>()(id) & (slots_.size() - 1); }

  const Pieces<Uuid>& ids_;
  std::vector<PersonRow> slots_;
  std::size_t used_ = 0;    // rows and erased slots
  std::size_t filled_ = 0;  // rows
};

}  // namespace esnaf::segmentation
