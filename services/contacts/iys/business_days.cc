#include "services/contacts/iys/business_days.h"

#include <algorithm>
#include <array>

#include "services/contacts/iys/iys.h"

namespace esnaf::contacts {
namespace {

using std::chrono::month;
using std::chrono::sys_days;

constexpr int kDaysToUpload = 3;

struct DayOfYear {
  unsigned month;
  unsigned day;
};
// New Year, 23 April, 1 May, 19 May, 15 July, 30 August and 29 October (Law 2429).
constexpr std::array<DayOfYear, 7> kFixed = {{{1, 1}, {4, 23}, {5, 1}, {5, 19}, {7, 15}, {8, 30}, {10, 29}}};

struct Feast {
  int year;
  unsigned month;
  unsigned day;
  int days;
};
// Ramazan and Kurban Bayramı, from their first whole day.
constexpr std::array<Feast, 6> kFeasts = {
    {{2025, 3, 30, 3}, {2025, 6, 6, 4}, {2026, 3, 20, 3}, {2026, 5, 27, 4}, {2027, 3, 9, 3}, {2027, 5, 16, 4}}};

}  // namespace

bool IsBusinessDay(Date day) {
  const std::chrono::weekday weekday{sys_days(day)};
  if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday) return false;
  const bool fixed = std::any_of(kFixed.begin(), kFixed.end(), [&](const DayOfYear& holiday) {
    return day.month() == month(holiday.month) && day.day() == std::chrono::day(holiday.day);
  });
  const bool feast = std::any_of(kFeasts.begin(), kFeasts.end(), [&](const Feast& one) {
    const sys_days first = Date(std::chrono::year(one.year), month(one.month), std::chrono::day(one.day));
    return first <= sys_days(day) && sys_days(day) < first + std::chrono::days(one.days);
  });
  return !fixed && !feast;
}

Time IysDeadline(Time consent_time) {
  sys_days day = IysZone().LocalDate(consent_time);
  for (int left = kDaysToUpload; left > 0;) {
    day += std::chrono::days(1);
    if (IsBusinessDay(Date(day))) --left;
  }
  return IysZone().StartOfDay(Date(day + std::chrono::days(1)));
}

}  // namespace esnaf::contacts
