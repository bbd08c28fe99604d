#pragma once

// The sums of a day as the database keeps them: records one behind the other. Pure: no SQL.
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "libs/base/uuid.h"

namespace esnaf::attribution {

// Shows each record of `bytes`: an id of 16 bytes and `count` big-endian numbers of 8 bytes. False where the bytes do
// not end with a record; then nothing is shown.
template <std::size_t count, typename Visit>
bool ForEachDaySum(std::string_view bytes, const Visit& visit) {
  constexpr std::size_t kRecordBytes = 16 + count * 8;
  if (bytes.size() % kRecordBytes != 0) return false;
  std::array<std::uint8_t, 16> id;
  std::array<std::int64_t, count> numbers;
  for (const char* record = bytes.data(); record != bytes.data() + bytes.size(); record += kRecordBytes) {
    std::copy_n(record, id.size(), reinterpret_cast<char*>(id.data()));
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t number = 0;
      for (std::size_t byte = 0; byte < 8; ++byte) {
        number = number << 8 | static_cast<std::uint8_t>(record[16 + i * 8 + byte]);
      }
      numbers[i] = std::bit_cast<std::int64_t>(number);
    }
    visit(Uuid(id), numbers);
  }
  return true;
}

}  // namespace esnaf::attribution
