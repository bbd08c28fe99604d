#pragma once

// Calendars and times that the tests of the clocks share.
#include <string>

#include "libs/testing/catch.h"
#include "services/support/sla/business_hours.h"

namespace esnaf::support::testing {

// A local time of Istanbul.
inline Time At(const std::string& local, const std::string& zone = "Europe/Istanbul") {
  absl::StatusOr<TimeZone> loaded = TimeZone::Load(zone);
  REQUIRE_OK(loaded);
  absl::StatusOr<Time> time = loaded->ParseLocal(local);
  REQUIRE_OK(time);
  return *time;
}

// Monday to Friday, 09:00 to 12:00 and 13:00 to 18:00.
inline BusinessCalendar WithLunch() {
  BusinessCalendar calendar{.id = "istanbul"};
  for (std::size_t day = 0; day < 5; ++day) calendar.week[day] = {{540, 720}, {780, 1080}};
  return calendar;
}

inline BusinessHours HoursOf(const BusinessCalendar& calendar) {
  absl::StatusOr<BusinessHours> hours = BusinessHours::Make(calendar);
  REQUIRE_OK(hours);
  return *std::move(hours);
}

}  // namespace esnaf::support::testing
