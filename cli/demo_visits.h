#pragma once

// How people came to the demo shop, and what its campaigns cost: deterministic, the same for the same shop. Two in five
// customers consented to being known again; of the others there are orders and no touches.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/demo_shop.h"
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "libs/base/time.h"

namespace esnaf::cli {

class DemoVisits {
 public:
  explicit DemoVisits(const DemoShop& shop);

  std::size_t size() const { return visits_.size(); }
  // The touches by time; any of them at any time, always the same.
  attribution::v1::Touchpoint Touch(std::size_t index) const;

  Date first_day() const { return first_day_; }
  Date last_day() const { return last_day_; }

  // What the campaigns of a platform, `google` or `meta`, cost on each day, and what its columns hold.
  std::string SpendTable(const std::string& platform) const;
  static std::map<std::string, std::string> SpendColumns();

 private:
  struct Visit {
    Time time;
    int source = 0;
    std::string event_id;
    std::string visitor_id;  // empty where the visitor did not consent
    auto operator<=>(const Visit&) const = default;
  };
  void AddWaysToOrder(const DemoShop& shop, std::size_t index);
  void AddPassersBy(Date day);

  std::vector<Visit> visits_;
  Date first_day_, last_day_;
};

}  // namespace esnaf::cli
