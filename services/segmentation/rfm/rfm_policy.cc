#include "services/segmentation/rfm/rfm_policy.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/money.h"
#include "libs/base/text.h"

namespace esnaf::segmentation {
namespace {

constexpr int kMinBucketCount = 3;
constexpr int kMaxBucketCount = 10;
constexpr std::size_t kMaxLabels = 100;
constexpr std::size_t kMaxBoxes = 100;
constexpr std::size_t kMaxNameBytes = 200;
constexpr int kMaxWindowDays = 36600;
constexpr std::chrono::milliseconds kRestPerPerson{2};
constexpr std::chrono::minutes kLongestRest{1};
// Beyond it a double no longer tells two whole numbers apart.
constexpr double kMaxCut = 9007199254740992.0;

bool IsKey(std::string_view text, std::string_view first, std::string_view rest) {
  return !text.empty() && text.size() <= 63 && first.find(text.front()) != std::string_view::npos &&
         text.substr(1).find_first_not_of(rest) == std::string_view::npos;
}

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kLowerDigits = "abcdefghijklmnopqrstuvwxyz0123456789";

bool IsPolicyId(std::string_view text) { return IsKey(text, kLowerDigits, "abcdefghijklmnopqrstuvwxyz0123456789_-"); }
bool IsLabelKey(std::string_view text) { return IsKey(text, kLower, "abcdefghijklmnopqrstuvwxyz0123456789_"); }

void CheckName(const std::string& field, const std::string& name, FieldViolations& violations) {
  if (name.size() > kMaxNameBytes) violations.Add(field, absl::StrCat("is longer than ", kMaxNameBytes, " bytes"));
  if (!IsCleanUtf8(name)) violations.Add(field, "is no clean UTF-8");
}

void CheckRange(const std::string& field, const ScoreRange& range, int bucket_count, FieldViolations& violations) {
  if (range.min == 0 && range.max == 0) return;
  if (range.min < 1 || range.max > bucket_count || range.min > range.max) {
    violations.Add(field, absl::StrCat("is no range within 1 to ", bucket_count, " (0 to 0 means any)"));
  }
}

void CheckLabels(const Policy& policy, FieldViolations& violations) {
  if (policy.labels.empty()) violations.Add("policy.labels", "is empty");
  if (policy.labels.size() > kMaxLabels) {
    violations.Add("policy.labels", absl::StrCat("has more than ", kMaxLabels, " labels"));
  }
  std::set<std::string> keys;
  for (std::size_t i = 0; i < policy.labels.size(); ++i) {
    const Label& label = policy.labels[i];
    const std::string field = absl::StrCat("policy.labels[", i, "]");
    if (!IsLabelKey(label.key)) violations.Add(field + ".key", "is not of the form [a-z][a-z0-9_]{0,62}");
    if (!keys.insert(label.key).second) violations.Add(field + ".key", "occurs twice");
    if (label.name_tr.empty()) violations.Add(field + ".name_tr", "is empty");
    if (label.name_en.empty()) violations.Add(field + ".name_en", "is empty");
    CheckName(field + ".name_tr", label.name_tr, violations);
    CheckName(field + ".name_en", label.name_en, violations);
    if (label.boxes.empty()) violations.Add(field + ".boxes", "is empty");
    if (label.boxes.size() > kMaxBoxes) {
      violations.Add(field + ".boxes", absl::StrCat("has more than ", kMaxBoxes, " boxes"));
    }
    for (std::size_t j = 0; j < label.boxes.size(); ++j) {
      const std::string box = absl::StrCat(field, ".boxes[", j, "]");
      CheckRange(box + ".recency", label.boxes[j].recency, policy.bucket_count, violations);
      CheckRange(box + ".frequency", label.boxes[j].frequency, policy.bucket_count, violations);
      CheckRange(box + ".monetary", label.boxes[j].monetary, policy.bucket_count, violations);
    }
  }
}

void CheckCuts(const std::string& field, const std::vector<double>& cuts, int bucket_count,
               FieldViolations& violations) {
  if (static_cast<int>(cuts.size()) != bucket_count - 1) {
    violations.Add(field, absl::StrCat("needs ", bucket_count - 1, " cuts, one fewer than there are buckets"));
  }
  for (const double cut : cuts) {
    if (!std::isfinite(cut) || std::abs(cut) > kMaxCut) {
      violations.Add(field, "holds what is no number of a sensible size");
      return;
    }
  }
  if (std::adjacent_find(cuts.begin(), cuts.end(), [](double a, double b) { return a >= b; }) != cuts.end()) {
    violations.Add(field, "does not ascend");
  }
}

const Label* FirstFit(const Policy& policy, const Scores& scores) {
  for (const Label& label : policy.labels) {
    for (const Box& box : label.boxes) {
      if (box.Contains(scores)) return &label;
    }
  }
  return nullptr;
}

template <typename Visit>
void ForEachScores(int bucket_count, Visit visit) {
  for (int r = 1; r <= bucket_count; ++r) {
    for (int f = 1; f <= bucket_count; ++f) {
      for (int m = 1; m <= bucket_count; ++m) visit(Scores{r, f, m});
    }
  }
}

// Only sensible where every range is one of the buckets.
void CheckEveryCombinationHasALabel(const Policy& policy, FieldViolations& violations) {
  int without = 0;
  std::string first;
  ForEachScores(policy.bucket_count, [&](const Scores& scores) {
    if (FirstFit(policy, scores) != nullptr) return;
    if (without++ == 0) first = FormatScores(scores);
  });
  if (without > 0) {
    violations.Add("policy.labels",
                   absl::StrCat("gives no label to ", without, " combinations of scores, first ", first));
  }
}

bool IsAnotherDay(const Policy& policy, Time then, Time now) {
  const absl::StatusOr<TimeZone> zone = TimeZone::Load(policy.time_zone);
  return zone.ok() && zone->LocalDate(then) != zone->LocalDate(now);
}

Label MakeLabel(const char* key, const char* name_tr, const char* name_en, int rank,
                std::vector<std::pair<ScoreRange, ScoreRange>> cells) {
  Label label{key, name_tr, name_en, rank, {}};
  for (const auto& [recency, frequency] : cells) label.boxes.push_back({recency, frequency, {}});
  return label;
}

}  // namespace

bool Box::Contains(const Scores& scores) const {
  return recency.Contains(scores.recency) && frequency.Contains(scores.frequency) && monetary.Contains(scores.monetary);
}

const Label* Policy::FindLabel(std::string_view key) const {
  const auto found = std::find_if(labels.begin(), labels.end(), [&](const Label& label) { return label.key == key; });
  return found == labels.end() ? nullptr : &*found;
}

int Policy::RankOf(std::string_view key) const {
  const Label* label = FindLabel(key);
  return label == nullptr ? 0 : label->rank;
}

std::vector<Label> DefaultLabels() {
  return {
      MakeLabel("champions", "Şampiyonlar", "Champions", 10, {{{5, 5}, {4, 5}}}),
      MakeLabel("loyal_customers", "Sadık Müşteriler", "Loyal Customers", 9, {{{3, 4}, {4, 5}}}),
      MakeLabel("potential_loyalists", "Potansiyel Sadıklar", "Potential Loyalists", 8, {{{4, 5}, {2, 3}}}),
      MakeLabel("new_customers", "Yeni Müşteriler", "New Customers", 7, {{{5, 5}, {1, 1}}}),
      MakeLabel("promising", "Umut Vadedenler", "Promising", 6, {{{4, 4}, {1, 1}}}),
      MakeLabel("need_attention", "İlgi Bekleyenler", "Need Attention", 5, {{{3, 3}, {3, 3}}}),
      MakeLabel("about_to_sleep", "Uyumak Üzere Olanlar", "About to Sleep", 4, {{{3, 3}, {1, 2}}}),
      MakeLabel("cant_lose", "Kaybedilmemesi Gerekenler", "Can't Lose", 3, {{{1, 2}, {5, 5}}}),
      MakeLabel("at_risk", "Risk Altındakiler", "At Risk", 2, {{{1, 2}, {3, 4}}}),
      MakeLabel("hibernating", "Uykudakiler", "Hibernating", 1, {{{1, 2}, {1, 2}}}),
  };
}

Policy DefaultPolicy() {
  Policy policy;
  policy.id = std::string(kDefaultPolicyId);
  policy.display_name = "RFM";
  policy.labels = DefaultLabels();
  return policy;
}

absl::Status ValidatePolicy(const Policy& policy) {
  FieldViolations violations;
  if (!IsPolicyId(policy.id)) violations.Add("policy.id", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  CheckName("policy.display_name", policy.display_name, violations);
  CheckName("policy.store_id", policy.store_id, violations);
  if (!policy.currency_code.empty() && !Currency::Parse(policy.currency_code).ok()) {
    violations.Add("policy.currency_code", "is no ISO 4217 code");
  }
  const bool buckets_allowed = policy.bucket_count >= kMinBucketCount && policy.bucket_count <= kMaxBucketCount;
  if (!buckets_allowed) {
    violations.Add("policy.bucket_count", absl::StrCat("is not within ", kMinBucketCount, " to ", kMaxBucketCount));
  }
  if (policy.window_days < 0 || policy.window_days > kMaxWindowDays) {
    violations.Add("policy.window_days", absl::StrCat("is not within 0 to ", kMaxWindowDays));
  }
  if (!TimeZone::Load(policy.time_zone).ok()) violations.Add("policy.time_zone", "is no IANA zone");
  if (policy.method == Method::kFixed && buckets_allowed) {
    const Thresholds& fixed = policy.fixed_thresholds;
    CheckCuts("policy.fixed_thresholds.recency_days", fixed.recency_days, policy.bucket_count, violations);
    CheckCuts("policy.fixed_thresholds.frequency", fixed.frequency, policy.bucket_count, violations);
    CheckCuts("policy.fixed_thresholds.monetary_minor", fixed.monetary_minor, policy.bucket_count, violations);
  }
  CheckLabels(policy, violations);
  if (violations.empty()) CheckEveryCombinationHasALabel(policy, violations);
  return violations.ToStatus();
}

bool ScoresAlike(const Policy& a, const Policy& b) {
  Policy renamed = a;
  renamed.display_name = b.display_name;
  return renamed == b;
}

LabelGrid::LabelGrid(const Policy& policy) : policy_(policy) {
  ForEachScores(policy.bucket_count, [&](const Scores& scores) {
    const Label* label = FirstFit(policy, scores);
    index_.push_back(static_cast<int>(label - policy.labels.data()));
  });
}

int LabelGrid::IndexOf(const Scores& scores) const {
  const int buckets = policy_.bucket_count;
  return index_[((scores.recency - 1) * buckets + scores.frequency - 1) * buckets + scores.monetary - 1];
}

int DirectionOf(const Policy& policy, std::string_view from_label, std::string_view to_label) {
  if (policy.FindLabel(from_label) == nullptr || policy.FindLabel(to_label) == nullptr) return 0;
  const int from = policy.RankOf(from_label);
  const int to = policy.RankOf(to_label);
  return to > from ? 1 : to < from ? -1 : 0;
}

std::int64_t RecencyDays(const TimeZone& zone, Time last_order, Time as_of) {
  const auto days = std::chrono::sys_days(zone.LocalDate(as_of)) - std::chrono::sys_days(zone.LocalDate(last_order));
  return std::max<std::int64_t>(0, days.count());
}

std::optional<Time> WindowStart(const Policy& policy, const TimeZone& zone, Time as_of) {
  if (policy.window_days == 0) return std::nullopt;
  const std::chrono::sys_days today(zone.LocalDate(as_of));
  return zone.StartOfDay(Date(today - std::chrono::days(policy.window_days)));
}

bool NeedsComputation(const PolicyRecord& record, Time now) {
  if (!record.active) return true;
  if (record.scored_count == 0) return record.touched_count > 0;
  if (record.active->version != record.version) {
    Policy fixed = record.policy;
    if (fixed.currency_code.empty()) fixed.currency_code = record.active->policy.currency_code;
    if (!ScoresAlike(fixed, record.active->policy)) return true;
  }
  // Where more than a quarter has changed, the old thresholds are far off. While orders stream in that is so again and
  // again, and to score everybody takes the more from the machine the more they are. Scores that are still being
  // written come first: begun again and again, they would never come to their end.
  const Duration rest = std::min<Duration>(kRestPerPerson * record.scored_count, kLongestRest);
  const bool writes_scores = record.write_cursor.has_value();
  if (!writes_scores && record.touched_count * 4 > record.scored_count && now - record.active->compute_time >= rest)
    return true;
  return IsAnotherDay(record.active->policy, record.active->compute_time, now);
}

std::string FormatScores(const Scores& scores) {
  const bool wide = scores.recency > 9 || scores.frequency > 9 || scores.monetary > 9;
  const char* separator = wide ? "-" : "";
  return absl::StrCat(scores.recency, separator, scores.frequency, separator, scores.monetary);
}

}  // namespace esnaf::segmentation
