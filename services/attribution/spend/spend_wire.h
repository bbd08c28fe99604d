#pragma once

// Requests and answers about spend, to and from the domain.
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/spend.pb.h"
#include "services/attribution/spend/currency_rate.h"
#include "services/attribution/spend/spend_reader.h"

namespace esnaf::attribution {

// INVALID_ARGUMENT naming the field.
absl::StatusOr<SpendReadOptions> ReadOptions(const v1::ImportAdSpendRequest& request);

// The report's bytes, unpacked where it is packed by gzip. INVALID_ARGUMENT where there is none, it is too large, or
// the packing is damaged.
absl::StatusOr<std::string> ReadContent(const v1::ImportAdSpendRequest& request);

// The platform that a request or, where it names none, the format says. INVALID_ARGUMENT where neither does.
absl::StatusOr<std::string> ReadPlatform(const v1::ImportAdSpendRequest& request, SpendFormat format);

// INVALID_ARGUMENT with the reason `BAD_SPEND_LINES` and a violation for each of the first lines that should have been
// rows; OK where there are none.
absl::Status BadLines(const SpendReading& reading);

// What was read, without what becomes of it.
absl::StatusOr<v1::AdSpendImport> ToWire(const SpendReading& reading);

// INVALID_ARGUMENT naming each bad field as `rates[2].rate`.
absl::StatusOr<std::vector<CurrencyRate>> ReadRates(const v1::BatchUpsertCurrencyRatesRequest& request);

struct DayRange {
  Date first;
  Date last;
};
// The days of a request, both ends included; open ends reach as far as reports do. INVALID_ARGUMENT naming the field.
absl::StatusOr<DayRange> ReadDays(const std::string& first, const std::string& last);

}  // namespace esnaf::attribution
