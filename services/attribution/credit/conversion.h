#pragma once

// An order as a conversion, and what every model credits the touches before it with. Pure: no SQL, no clock.
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/attribution/credit/credit.h"
#include "services/attribution/credit/path.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// By what credit is given.
struct CreditSettings {
  LookBack first_order;
  LookBack repeat_order;
  double half_life_days = 7;
  int markov_order = 1;
  std::string time_zone = "Europe/Istanbul";
  bool operator==(const CreditSettings&) const = default;
};

struct Conversion {
  Uuid order_id;
  std::optional<Uuid> contact_id;  // as the order names it, unmerged
  std::string store_id;
  std::string order_external_id;
  std::string currency_code;
  Time place_time;
  bool is_return = false;  // goods that came back without their order: no conversion, and unattributed
  bool cancelled = false;
  Amounts amounts;  // as of now; nothing where cancelled
  std::int64_t refunded_minor = 0;
  std::int64_t version = 0;       // of the order
  std::optional<Time> cart_time;  // when the cart was begun that it came of
  bool operator==(const Conversion&) const = default;
};

// The removal effects of channels by their names.
using ChannelEffects = std::map<std::string, double, std::less<>>;

// What is known of the person besides the touches.
struct Circumstances {
  bool new_customer = false;                // the person's first order that was not cancelled
  std::optional<Time> known_time;           // since when it is known who the visitor is; nullopt: since this order
  const ChannelEffects* effects = nullptr;  // of the fit that holds; null where there is none
};

// The credits of one model; Credit::touch counts the touches of the path.
struct ModelCredits {
  Model model;
  std::vector<Credit> credits;
};

struct ConversionCredit {
  bool new_customer = false;
  std::int64_t share = kWholeShare;       // 0 for what is no conversion
  std::vector<Exclusion> exclusions;      // of each touch that was given
  std::vector<std::size_t> path;          // the touches that count
  std::optional<std::size_t> lead, deal;  // places on the path
  // Every model's. Where no touch counts there is nothing: the conversion is unattributed.
  std::vector<ModelCredits> models;
};

// `touches` are the person's around the order, the oldest first; others than those of its look-back window do no harm.
ConversionCredit CreditConversion(const Conversion& conversion, const std::vector<Touchpoint>& touches,
                                  const Circumstances& circumstances, const CreditSettings& settings);

// The first order of a person that counts as one: not cancelled, no return. By time, then id. None where there is none.
std::optional<Uuid> FirstOrderOf(const std::vector<Conversion>& conversions);

// Changes whenever what would be stored or told does: amounts, path, credits and whose order it is.
Uuid DigestOf(const Conversion& conversion, const std::vector<Touchpoint>& touches, const ConversionCredit& credit,
              std::string_view time_zone);

}  // namespace esnaf::attribution
