#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"

namespace esnaf {

// A 128-bit id. New ones are UUIDv7 (RFC 9562): they sort by the time they were made.
class Uuid {
 public:
  constexpr Uuid() = default;  // all zero
  explicit constexpr Uuid(std::array<std::uint8_t, 16> bytes) : bytes_(bytes) {}

  // A new UUIDv7 of `now`; ids made by one thread in one millisecond still ascend.
  static Uuid NewV7(Time now);
  // An id that is the same for the same inputs (UUIDv8 of a SHA-256), for facts that bring a natural key.
  static Uuid FromName(std::string_view name_space, std::string_view name);
  // Reads the 36-character form, either case; nullopt otherwise.
  static std::optional<Uuid> Parse(std::string_view text);

  std::string ToString() const;
  bool IsZero() const { return *this == Uuid(); }
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  auto operator<=>(const Uuid&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace esnaf

template <>
struct std::hash<esnaf::Uuid> {
  std::size_t operator()(const esnaf::Uuid& id) const noexcept;
};
