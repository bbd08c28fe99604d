#include "services/segmentation/rfm/rfm_trial.h"

#include <map>
#include <set>

#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

// Sums per label, then means, in the order of the policy's labels; labels of nobody are left out.
std::vector<LabelSums> SumLabels(const Scoring& scoring) {
  std::vector<LabelSums> sums(scoring.policy.labels.size());
  for (const ScoredPerson& person : scoring.people) {
    LabelSums& label = sums[person.label];
    ++label.contact_count;
    label.order_count += person.values.frequency;
    label.monetary_minor += person.values.monetary_minor;
    label.mean_recency_days += static_cast<double>(person.values.recency_days);
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i].label = scoring.policy.labels[i].key;
    if (sums[i].contact_count > 0) sums[i].mean_recency_days /= static_cast<double>(sums[i].contact_count);
  }
  std::erase_if(sums, [](const LabelSums& label) { return label.contact_count == 0; });
  return sums;
}

// What people bought after a moment, by the policy's store, currency and basis.
PurchaseFilter AfterwardsOf(const Policy& policy, Time as_of, Time until) {
  return {.store_id = policy.store_id,
          .currency_code = policy.currency_code,
          .basis = policy.value_basis,
          // What was placed at the moment itself counts before it.
          .from = as_of + std::chrono::microseconds(1),
          .until = until};
}

}  // namespace

absl::StatusOr<Preview> PreviewPolicy(postgres::Tx& tx, const Policy& policy, const Reference& reference,
                                      const ScoreAll& score) {
  ESNAF_ASSIGN_OR_RETURN(Scoring scoring, score(policy, reference));
  // There are few labels and many people.
  std::set<std::string> labels;
  std::unordered_map<Uuid, const std::string*> labels_now;
  ESNAF_RETURN_IF_ERROR(ForEachLabel(tx, policy.id, [&](const Uuid& contact, std::string label) {
    labels_now.emplace(contact, &*labels.insert(std::move(label)).first);
  }));

  std::map<std::pair<std::string, std::string>, std::int64_t> moves;
  for (const ScoredPerson& person : scoring.people) {
    const auto now = labels_now.find(person.contact_id);
    ++moves[{now == labels_now.end() ? "" : *now->second, scoring.policy.labels[person.label].key}];
    if (now != labels_now.end()) labels_now.erase(now);
  }
  // Who would have no label any more.
  for (const auto& [contact, label] : labels_now) ++moves[{*label, ""}];

  Preview preview{.labels = SumLabels(scoring)};
  for (const auto& [labels, count] : moves) {
    preview.transitions.push_back({.from_label = labels.first, .to_label = labels.second, .contact_count = count});
    if (labels.first != labels.second) preview.moved_count += count;
  }
  preview.other_currency_order_count = scoring.other_currency_order_count;
  preview.policy = std::move(scoring.policy);
  preview.thresholds = std::move(scoring.thresholds);
  return preview;
}

absl::StatusOr<Backtest> BacktestPolicy(const Policy& policy, Time as_of, Time until, const ScoreAll& score,
                                        const SumAll& sum) {
  ESNAF_ASSIGN_OR_RETURN(Scoring scoring, score(policy, Reference::At(as_of)));
  std::unordered_map<Uuid, int> label_of;
  Backtest backtest;
  backtest.labels.resize(scoring.policy.labels.size());
  for (std::size_t i = 0; i < backtest.labels.size(); ++i) backtest.labels[i].label = scoring.policy.labels[i].key;
  for (const ScoredPerson& person : scoring.people) {
    label_of.emplace(person.contact_id, person.label);
    ++backtest.labels[person.label].contact_count;
  }
  ESNAF_RETURN_IF_ERROR(sum(AfterwardsOf(scoring.policy, as_of, until), [&](const PersonSums& sums) {
    const auto found = label_of.find(sums.contact_id);
    if (found == label_of.end()) return;  // came after the date
    LabelOutcome& label = backtest.labels[found->second];
    ++label.buyer_count;
    label.order_count += sums.order_count;
    label.monetary_minor += sums.value_minor;
  }));
  backtest.policy = std::move(scoring.policy);
  backtest.thresholds = std::move(scoring.thresholds);
  return backtest;
}

absl::StatusOr<Cohorts> CountCohorts(const Policy& policy, Time as_of, const std::vector<Time>& untils,
                                     const std::unordered_map<Uuid, Groups>& groups, const ScoreAll& score,
                                     const SumAll& sum) {
  ESNAF_ASSIGN_OR_RETURN(Scoring scoring, score(policy, Reference::At(as_of)));
  std::map<std::pair<int, Groups>, CohortCount> counts;
  std::unordered_map<Uuid, CohortCount*> count_of;
  Cohorts cohorts{.unlabelled_count = static_cast<std::int64_t>(groups.size())};
  for (const ScoredPerson& person : scoring.people) {
    const auto found = groups.find(person.contact_id);
    const Groups of_person = found == groups.end() ? 0 : found->second;
    if (found != groups.end()) --cohorts.unlabelled_count;
    CohortCount& count = counts[{person.label, of_person}];
    ++count.contact_count;
    count_of.emplace(person.contact_id, &count);
  }
  for (auto& [key, count] : counts) {
    count.label = key.first;
    count.groups = key.second;
    count.buyer_counts.resize(untils.size());
  }
  for (std::size_t i = 0; i < untils.size(); ++i) {
    ESNAF_RETURN_IF_ERROR(sum(AfterwardsOf(scoring.policy, as_of, untils[i]), [&](const PersonSums& sums) {
      const auto found = count_of.find(sums.contact_id);
      if (found != count_of.end()) ++found->second->buyer_counts[i];
    }));
  }
  for (auto& [key, count] : counts) cohorts.counts.push_back(std::move(count));
  cohorts.policy = std::move(scoring.policy);
  return cohorts;
}

}  // namespace esnaf::segmentation
