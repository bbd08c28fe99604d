#include "services/attribution/touches/channel.h"

#include <re2/re2.h>

#include <algorithm>
#include <unordered_map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "services/attribution/touches/source_set.h"

namespace esnaf::attribution {
namespace {

constexpr std::size_t kMostRules = 200;
constexpr std::size_t kMostConditions = 20;
constexpr std::size_t kMostTests = 50;
constexpr std::size_t kMostLists = 50;
constexpr std::size_t kMostEntries = 2000;
constexpr std::size_t kLongestValue = 500;
constexpr std::int64_t kRegexMemory = 1 << 20;
constexpr char kNotSet[] = "(not set)";

struct ReadyTest {
  ChannelField field;
  ChannelOperator op;
  std::string value;  // lower case
  std::shared_ptr<const RE2> regex;
  const SourceSet* list = nullptr;
};

struct ReadyRule {
  std::string channel;
  bool paid;
  std::vector<std::vector<ReadyTest>> all_of;
};

// What a click id alone tells of source and medium. Google's, TikTok's and Microsoft's are on ads only; Meta puts its
// own on every link that leaves it.
struct PlatformSource {
  const char* source;
  const char* medium;
};
PlatformSource SourceOfPlatform(std::string_view platform) {
  if (platform == "google") return {"google", "cpc"};
  if (platform == "microsoft") return {"bing", "cpc"};
  if (platform == "tiktok") return {"tiktok", "cpc"};
  if (platform == "meta") return {"facebook", "social"};
  return {"", ""};
}

// The fields of a visit in lower case, as tests see them.
struct Visit {
  std::string source, medium, campaign, source_platform, ad_platform;
  const std::string& Get(ChannelField field) const {
    switch (field) {
      case ChannelField::kSource:
        return source;
      case ChannelField::kMedium:
        return medium;
      case ChannelField::kCampaign:
        return campaign;
      case ChannelField::kSourcePlatform:
        return source_platform;
      case ChannelField::kAdPlatform:
        break;
    }
    return ad_platform;
  }
};

bool Holds(const ReadyTest& test, const Visit& visit) {
  const std::string& text = visit.Get(test.field);
  switch (test.op) {
    case ChannelOperator::kEquals:
      return text == test.value;
    case ChannelOperator::kContains:
      return text.find(test.value) != std::string::npos;
    case ChannelOperator::kMatches:
      return RE2::FullMatch(text, *test.regex);
    case ChannelOperator::kInList:
      break;
  }
  return test.list->Has(text);
}

bool Holds(const ReadyRule& rule, const Visit& visit) {
  return std::all_of(rule.all_of.begin(), rule.all_of.end(), [&](const std::vector<ReadyTest>& any_of) {
    return std::any_of(any_of.begin(), any_of.end(), [&](const ReadyTest& test) { return Holds(test, visit); });
  });
}

bool TellsCampaign(const ToldSource& told) {
  return !told.utm_source.empty() || !told.utm_medium.empty() || !told.campaign.empty() || !told.campaign_id.empty() ||
         !told.ad_platform.empty();
}

void CheckEntries(const std::vector<std::string>& entries, const std::string& at, FieldViolations& violations) {
  if (entries.size() > kMostEntries) violations.Add(at, "has more than 2000 entries");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].empty() || entries[i].size() > kLongestValue) {
      violations.Add(absl::StrCat(at, "[", i, "]"), "is empty or longer than 500 bytes");
    }
  }
}

}  // namespace

struct ChannelGrouper::Impl {
  std::unordered_map<std::string, SourceSet> lists;
  std::vector<ReadyRule> rules;
  SourceSet payment_hosts;
  SourceSet own_hosts;
  const SourceSet* search = nullptr;

  void Add(const ChannelTest& test, const std::string& at, std::vector<ReadyTest>& to, FieldViolations& violations) {
    ReadyTest ready{.field = test.field, .op = test.op, .value = absl::AsciiStrToLower(test.value)};
    if (test.field < ChannelField::kSource || test.field > ChannelField::kAdPlatform) {
      violations.Add(at + ".field", "is no field");
    }
    if (test.op < ChannelOperator::kEquals || test.op > ChannelOperator::kInList) {
      violations.Add(at + ".operator", "is no operator");
    }
    if (test.value.empty() || test.value.size() > kLongestValue) {
      violations.Add(at + ".value", "is empty or longer than 500 bytes");
    }
    if (test.op == ChannelOperator::kMatches) {
      RE2::Options options(RE2::Quiet);
      options.set_case_sensitive(false);
      options.set_max_mem(kRegexMemory);
      ready.regex = std::make_shared<const RE2>(test.value, options);
      if (!ready.regex->ok()) violations.Add(at + ".value", "is no regular expression: " + ready.regex->error());
    }
    if (test.op == ChannelOperator::kInList) {
      const auto found = lists.find(test.value);
      if (found == lists.end()) {
        violations.Add(at + ".value", "names no source list");
      } else {
        ready.list = &found->second;
      }
    }
    to.push_back(std::move(ready));
  }

  void Add(const ChannelRule& rule, const std::string& at, FieldViolations& violations) {
    ReadyRule ready{.channel = rule.channel, .paid = rule.paid, .all_of = {}};
    if (rule.channel.empty() || rule.channel.size() > kLongestValue) {
      violations.Add(at + ".channel", "is empty or longer than 500 bytes");
    }
    if (rule.all_of.empty() || rule.all_of.size() > kMostConditions) {
      violations.Add(at + ".all_of", "has not 1 to 20 conditions");
    }
    for (std::size_t i = 0; i < rule.all_of.size(); ++i) {
      const std::string condition = absl::StrCat(at, ".all_of[", i, "].any_of");
      const ChannelCondition& tests = rule.all_of[i];
      if (tests.empty() || tests.size() > kMostTests) violations.Add(condition, "has not 1 to 50 tests");
      std::vector<ReadyTest>& any_of = ready.all_of.emplace_back();
      for (std::size_t j = 0; j < tests.size(); ++j) {
        Add(tests[j], absl::StrCat(condition, "[", j, "]"), any_of, violations);
      }
    }
    rules.push_back(std::move(ready));
  }

  // Where a visit came from and by what means, before the rules are tried.
  DerivedSource SourceOf(const ToldSource& told) const {
    DerivedSource derived;
    const bool own = told.self_referral || own_hosts.Has(told.referrer_host);
    const std::string referrer = own || payment_hosts.Has(told.referrer_host) ? "" : told.referrer_host;
    if (TellsCampaign(told)) {
      const PlatformSource platform = SourceOfPlatform(told.ad_platform);
      derived.source = !told.utm_source.empty() ? told.utm_source : platform.source;
      derived.medium = !told.utm_medium.empty() ? told.utm_medium : platform.medium;
      if (derived.source.empty()) derived.source = kNotSet;
      if (derived.medium.empty()) derived.medium = kNotSet;
    } else if (!referrer.empty() && search != nullptr && search->Has(referrer)) {
      derived.source = EngineName(referrer);
      derived.medium = "organic";
    } else if (!referrer.empty()) {
      derived.source = referrer;
      derived.medium = "referral";
    } else {
      derived.source = "(direct)";
      derived.medium = "(none)";
      derived.internal = !told.referrer_host.empty();
      derived.direct = !derived.internal;
    }
    return derived;
  }
};

ChannelGrouper::ChannelGrouper(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChannelGrouper::~ChannelGrouper() = default;

absl::StatusOr<std::shared_ptr<const ChannelGrouper>> ChannelGrouper::Make(const ChannelRules& rules) {
  auto impl = std::make_unique<Impl>();
  FieldViolations violations;
  if (rules.rules.empty() || rules.rules.size() > kMostRules) {
    violations.Add("channel_rules.rules", "has not 1 to 200 rules");
  }
  if (rules.source_lists.size() > kMostLists) violations.Add("channel_rules.source_lists", "has more than 50 lists");
  for (std::size_t i = 0; i < rules.source_lists.size(); ++i) {
    const SourceList& list = rules.source_lists[i];
    const std::string at = absl::StrCat("channel_rules.source_lists[", i, "]");
    CheckEntries(list.entries, at + ".entries", violations);
    if (list.name.empty() || !impl->lists.emplace(list.name, SourceSet(list.entries)).second) {
      violations.Add(at + ".name", "is empty or taken by another list");
    }
  }
  for (std::size_t i = 0; i < rules.rules.size() && i <= kMostRules; ++i) {
    impl->Add(rules.rules[i], absl::StrCat("channel_rules.rules[", i, "]"), violations);
  }
  CheckEntries(rules.payment_hosts, "channel_rules.payment_hosts", violations);
  CheckEntries(rules.own_hosts, "channel_rules.own_hosts", violations);
  if (!violations.empty()) return violations.ToStatus();
  impl->payment_hosts = SourceSet(rules.payment_hosts);
  impl->own_hosts = SourceSet(rules.own_hosts);
  if (const auto found = impl->lists.find("search"); found != impl->lists.end()) impl->search = &found->second;
  return std::shared_ptr<const ChannelGrouper>(new ChannelGrouper(std::move(impl)));
}

DerivedSource ChannelGrouper::Derive(const ToldSource& told, int* rule_index) const {
  DerivedSource derived = impl_->SourceOf(told);
  const Visit visit{.source = absl::AsciiStrToLower(derived.source),
                    .medium = absl::AsciiStrToLower(derived.medium),
                    .campaign = absl::AsciiStrToLower(told.campaign),
                    .source_platform = absl::AsciiStrToLower(told.source_platform),
                    .ad_platform = told.ad_platform};
  const auto held = std::find_if(impl_->rules.begin(), impl_->rules.end(),
                                 [&visit](const ReadyRule& rule) { return Holds(rule, visit); });
  if (rule_index != nullptr)
    *rule_index = held == impl_->rules.end() ? -1 : static_cast<int>(held - impl_->rules.begin());
  derived.channel = held == impl_->rules.end() ? "Unassigned" : held->channel;
  derived.paid = held != impl_->rules.end() && held->paid;
  return derived;
}

}  // namespace esnaf::attribution
