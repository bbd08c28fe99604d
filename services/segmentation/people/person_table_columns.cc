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

void CompactIntegers::Set(std::uint32_t index, std::int64_t value) {
  const std::int32_t old = narrow_.Get(index);
  if (old == kLarge) large_.erase(index);
  if (value == kAbsent) {
    narrow_.Set(index, kNone);
  } else if (value > kLarge && value <= std::numeric_limits<std::int32_t>::max()) {
    narrow_.Set(index, static_cast<std::int32_t>(value));
  } else {
    narrow_.Set(index, kLarge);
    large_[index] = value;
  }
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
