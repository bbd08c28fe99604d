#pragma once

// The credits that reports read, what they were before, and the settings by which they are made.
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/conversion.h"

namespace esnaf::attribution {

struct SettingsRecord {
  CreditSettings settings;
  std::int64_t version = 0;
  Time update_time;
};
absl::StatusOr<SettingsRecord> GetSettings(postgres::Tx& tx);
absl::StatusOr<SettingsRecord> LockSettings(postgres::Tx& tx);
absl::Status UpdateSettings(postgres::Tx& tx, const SettingsRecord& record);

// What one conversion is credited with from now on.
struct CreditWrite {
  Conversion conversion;
  int number = 1;  // which time it is
  Uuid digest;
  std::string reason;
  Date day;  // on which it counts
  const std::vector<Touchpoint>* touches = nullptr;
  ConversionCredit credit;
};
// Puts the credits into the place of those that stand, which stay known as what was told until now.
absl::Status WriteCredits(postgres::Tx& tx, const std::vector<CreditWrite>& writes, Time now);

struct RestatementRecord {
  Time time;
  std::string reason;
  Amounts amounts;
};
// What was told of an order, the oldest first.
absl::StatusOr<std::vector<RestatementRecord>> ListRestatements(postgres::Tx& tx, const Uuid& order);

}  // namespace esnaf::attribution
