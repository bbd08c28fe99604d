#pragma once

// By which channel a visit came: rules that are tried in order (GA4 calls them a channel group). Pure.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// The numbers are those of the contract.
enum class ChannelField { kSource = 1, kMedium = 2, kCampaign = 3, kSourcePlatform = 4, kAdPlatform = 5 };
enum class ChannelOperator { kEquals = 1, kContains = 2, kMatches = 3, kInList = 4 };

struct ChannelTest {
  ChannelField field = ChannelField::kSource;
  ChannelOperator op = ChannelOperator::kEquals;
  std::string value;
  bool operator==(const ChannelTest&) const = default;
};

// Holds where one of its tests does.
using ChannelCondition = std::vector<ChannelTest>;

// Gives its channel where all its conditions hold.
struct ChannelRule {
  std::string channel;
  bool paid = false;
  std::vector<ChannelCondition> all_of;
  bool operator==(const ChannelRule&) const = default;
};

// An entry is a word (`google`), a host with all below it (`yandex.com.tr`), or a host in every country (`google.*`).
struct SourceList {
  std::string name;
  std::vector<std::string> entries;
  bool operator==(const SourceList&) const = default;
};

struct ChannelRules {
  std::vector<ChannelRule> rules;
  std::vector<SourceList> source_lists;
  std::vector<std::string> payment_hosts;  // entries as in a source list
  std::vector<std::string> own_hosts;
  bool operator==(const ChannelRules&) const = default;
};

// The default channel group of Google Analytics 4 (support.google.com/analytics/answer/9756891), in its order and with
// its conditions; what is matched to which site is a list of our own, with the sites of Turkey.
ChannelRules DefaultChannelRules();

// Rules made ready to be applied.
class ChannelGrouper {
 public:
  // INVALID_ARGUMENT with a violation for each test that cannot be read, under `channel_rules`.
  static absl::StatusOr<std::shared_ptr<const ChannelGrouper>> Make(const ChannelRules& rules);
  ~ChannelGrouper();
  ChannelGrouper(const ChannelGrouper&) = delete;
  ChannelGrouper& operator=(const ChannelGrouper&) = delete;

  // Source and medium are what the campaign parameters say; where these are silent, what a click id or the referrer
  // tells; else `(direct)` and `(none)`. A referrer that is an own or a payment host tells nothing; a visit that has
  // nothing else is internal. `rule_index` is given the number of the rule that held, -1 for none.
  DerivedSource Derive(const ToldSource& told, int* rule_index = nullptr) const;

 private:
  struct Impl;
  explicit ChannelGrouper(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace esnaf::attribution
