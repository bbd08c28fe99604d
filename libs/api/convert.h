#pragma once

// Between the contracts' messages and our own types. What comes from outside is checked; an error names the field.
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/api/v1/money.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::api {

google::protobuf::Timestamp ToProto(Time time);
// INVALID_ARGUMENT where it is outside the years 1 to 9999 or its nanos are; digits below the microsecond are dropped.
absl::StatusOr<Time> FromProto(const google::protobuf::Timestamp& timestamp, std::string_view field);

v1::Money ToProto(const Money& money);
// INVALID_ARGUMENT where the currency code is no ISO 4217 code.
absl::StatusOr<Money> FromProto(const v1::Money& money, std::string_view field);

// Reads an id. INVALID_ARGUMENT where it is empty or no UUID.
absl::StatusOr<Uuid> ParseId(std::string_view text, std::string_view field);

}  // namespace esnaf::api
