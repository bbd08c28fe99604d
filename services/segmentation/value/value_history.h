#pragma once

// A person's purchases day by day, and what the models of value make of them. Pure: no SQL, no clock, no protobuf.
//
// Orders of one local day in the model's zone are one purchase, as in the CDNOW study: x, t_x and T count days, and the
// models' unit (a day or a week of seven days) only scales them.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libs/base/time.h"
#include "services/segmentation/value/gamma_gamma.h"
#include "services/segmentation/value/value_pattern.h"

namespace esnaf::segmentation {

// Days since 1970-01-01, local to a zone.
using DayNumber = std::int32_t;
DayNumber DayNumberOf(Date date);
Date DateOf(DayNumber day);

// What was bought on one day; only orders that count. The value is zero where all of them were free.
struct PurchaseDay {
  DayNumber day = 0;
  std::int32_t orders = 0;
  std::int64_t value_minor = 0;
  bool operator==(const PurchaseDay&) const = default;
};

// The purchases of one person, merged contacts included, in ascending order of days, each day once.
using PurchaseDays = std::vector<PurchaseDay>;

// How often, until when and for how long as of a day, in days. Later purchases do not count; nullopt where there is
// none up to then.
std::optional<Pattern> PatternAsOf(std::span<const PurchaseDay> days, DayNumber as_of);
// The repeat purchases' mean value up to that day, in `minor_per_unit`ths: the first purchase is left out, for it made
// the customer one. nullopt without repeats, and where they were all free.
std::optional<Spend> SpendAsOf(std::span<const PurchaseDay> days, DayNumber as_of, double minor_per_unit);

// The days between successive purchases up to a day.
std::vector<std::int32_t> GapsAsOf(std::span<const PurchaseDay> days, DayNumber as_of);
// The mean of the two middle ones where their number is even; nullopt of none.
std::optional<double> Median(std::vector<std::int32_t> values);
std::optional<double> Mean(std::span<const std::int32_t> values);

}  // namespace esnaf::segmentation
