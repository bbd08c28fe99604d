#pragma once

// The business days of Turkey, by which İYS counts. Pure.
#include "libs/base/time.h"

namespace esnaf::contacts {

// Neither a weekend nor a public holiday. The half days before feasts count as business days. The feasts that move with
// the moon are known until 2027; behind that they count as business days, so that a deadline is early, never late.
bool IsBusinessDay(Date day);

// The end of the third business day after the day of `consent_time`, in Turkey: the first moment that is too late.
Time IysDeadline(Time consent_time);

}  // namespace esnaf::contacts
