#include "libs/api/convert.h"

#include "libs/base/error.h"

namespace esnaf::api {
namespace {

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what protobuf.Timestamp may hold.
constexpr std::int64_t kLeastSeconds = -62'135'596'800;
constexpr std::int64_t kMostSeconds = 253'402'300'799;

}  // namespace

google::protobuf::Timestamp ToProto(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<std::int32_t>((time - seconds).count() * 1000));
  return timestamp;
}

absl::StatusOr<Time> FromProto(const google::protobuf::Timestamp& timestamp, std::string_view field) {
  if (timestamp.seconds() < kLeastSeconds || timestamp.seconds() > kMostSeconds) {
    return InvalidField(field, "is outside the years 1 to 9999");
  }
  if (timestamp.nanos() < 0 || timestamp.nanos() > 999'999'999) {
    return InvalidField(field, "has nanos outside 0 to 999999999");
  }
  return Time(std::chrono::seconds(timestamp.seconds()) + Duration(timestamp.nanos() / 1000));
}

v1::Money ToProto(const Money& money) {
  v1::Money message;
  message.set_minor(money.minor);
  message.set_currency_code(money.currency.code());
  return message;
}

absl::StatusOr<Money> FromProto(const v1::Money& money, std::string_view field) {
  const auto currency = Currency::Parse(money.currency_code());
  if (!currency.ok())
    return InvalidField(std::string(field) + ".currency_code", "is no ISO 4217 code, for example TRY");
  return Money{money.minor(), *currency};
}

absl::StatusOr<Uuid> ParseId(std::string_view text, std::string_view field) {
  if (text.empty()) return InvalidField(field, "is missing");
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (!id) return InvalidField(field, "is no UUID");
  return *id;
}

}  // namespace esnaf::api
