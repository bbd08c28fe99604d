#include "libs/base/uuid.h"

#include <cstring>

#include "libs/base/crypto.h"

namespace esnaf {
namespace {

// Where the sixteen bytes stand in the 36 characters.
constexpr std::array<std::uint8_t, 16> kPositions = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

constexpr std::array<std::int8_t, 256> MakeHexValues() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    values[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> kHexValues = MakeHexValues();

// Random numbers of one thread. The system's generator is asked for many at once, which makes an id several times
// cheaper.
class RandomPool {
 public:
  std::uint64_t Next(std::size_t bytes) {
    if (used_ + bytes > pool_.size()) {
      pool_ = RandomBytes(512);
      used_ = 0;
    }
    std::uint64_t value = 0;
    std::memcpy(&value, pool_.data() + used_, bytes);
    used_ += bytes;
    return value;
  }

 private:
  std::string pool_;
  std::size_t used_ = 0;
};

constexpr std::uint64_t kLowMask = (std::uint64_t{1} << 62) - 1;

// The 74 bits of a UUIDv7 behind its time: random in each new millisecond, and within one increased by a random step
// (RFC 9562, 6.2 method 2), so that ids ascend and yet cannot be guessed.
struct V7State {
  std::uint64_t millisecond = ~std::uint64_t{0};
  std::uint64_t high = 0;  // 12 bits
  std::uint64_t low = 0;   // 62 bits
  RandomPool random;

  void Advance(std::uint64_t now) {
    if (now != millisecond) {
      millisecond = now;
      high = random.Next(2) & 0x7FF;  // the top bit is left free, so that steps cannot run over
      low = random.Next(8) & kLowMask;
      return;
    }
    low += 1 + random.Next(4);
    high += low >> 62;
    low &= kLowMask;
  }
};

}  // namespace

Uuid Uuid::NewV7(Time now) {
  thread_local V7State state;
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto millisecond = static_cast<std::uint64_t>(since_epoch) & 0xFFFF'FFFF'FFFF;
  state.Advance(millisecond);
  const std::uint64_t first = millisecond << 16 | 0x7000 | state.high;
  const std::uint64_t second = std::uint64_t{0b10} << 62 | state.low;
  std::array<std::uint8_t, 16> bytes;
  for (int i = 0; i < 8; ++i) {
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(first >> (56 - 8 * i));
    bytes[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(second >> (56 - 8 * i));
  }
  return Uuid(bytes);
}

Uuid Uuid::FromName(std::string_view name_space, std::string_view name) {
  // The length keeps ("ab", "c") and ("a", "bc") apart.
  std::string input = std::to_string(name_space.size());
  input.append(":").append(name_space).append(name);
  const std::string digest = Sha256(input);
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), digest.data(), bytes.size());
  bytes[6] = static_cast<std::uint8_t>(0x80 | (bytes[6] & 0x0F));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3F));
  return Uuid(bytes);
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  std::array<std::uint8_t, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = kHexValues[static_cast<unsigned char>(text[kPositions[i]])];
    const int low = kHexValues[static_cast<unsigned char>(text[kPositions[i] + std::size_t{1}])];
    if ((high | low) < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return Uuid(bytes);
}

std::string Uuid::ToString() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(36, '-');
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    text[kPositions[i]] = kDigits[bytes_[i] >> 4];
    text[kPositions[i] + std::size_t{1}] = kDigits[bytes_[i] & 15];
  }
  return text;
}

}  // namespace esnaf

std::size_t std::hash<esnaf::Uuid>::operator()(const esnaf::Uuid& id) const noexcept {
  std::uint64_t first, second;
  std::memcpy(&first, id.bytes().data(), 8);
  std::memcpy(&second, id.bytes().data() + 8, 8);
  // The second half of a UUIDv7 is random; mixing the first in spreads ids that are not.
  std::uint64_t mixed = (first * 0x9E37'79B9'7F4A'7C15U) ^ second;
  mixed ^= mixed >> 32;
  mixed *= 0xD6E8'FEB8'6659'FD93U;
  // A product's low bits know nothing of the high ones, and tables whose sizes are powers of two look at those alone.
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}
