// Policies as they are tried, as messages.
#include <algorithm>

#include "libs/api/convert.h"
#include "services/segmentation/rfm/rfm_wire.h"

namespace esnaf::segmentation {
namespace {

std::vector<const Label*> BestRankFirst(const Policy& policy) {
  std::vector<const Label*> labels;
  for (const Label& label : policy.labels) labels.push_back(&label);
  std::stable_sort(labels.begin(), labels.end(), [](const Label* a, const Label* b) { return a->rank > b->rank; });
  return labels;
}

}  // namespace

v1::RfmPolicyVersion VersionToProto(const PolicyVersion& version) {
  v1::RfmPolicyVersion message;
  *message.mutable_policy() = PolicyToProto(version.policy);
  message.mutable_policy()->set_version(version.version);
  message.set_state(static_cast<v1::RfmPolicyVersionState>(version.state));
  message.set_base_version(version.base_version);
  *message.mutable_create_time() = api::ToProto(version.create_time);
  message.set_actor(version.actor);
  return message;
}

v1::RfmSummary SummaryToProto(const Policy& policy, const std::vector<LabelSums>& sums) {
  v1::RfmSummary summary;
  summary.set_policy_id(policy.id);
  summary.set_currency_code(policy.currency_code);
  for (const Label* label : BestRankFirst(policy)) {
    v1::RfmLabelSummary* out = summary.add_labels();
    out->set_label(label->key);
    out->set_name_tr(label->name_tr);
    out->set_name_en(label->name_en);
    out->set_rank(label->rank);
    const auto found =
        std::find_if(sums.begin(), sums.end(), [&](const LabelSums& s) { return s.label == label->key; });
    if (found == sums.end()) continue;
    out->set_contact_count(found->contact_count);
    out->set_order_count(found->order_count);
    out->set_monetary_minor(found->monetary_minor);
    out->set_mean_recency_days(found->mean_recency_days);
    summary.set_contact_count(summary.contact_count() + found->contact_count);
  }
  return summary;
}

v1::RfmTransition TransitionToProto(const Policy& policy, const Transition& transition) {
  v1::RfmTransition message;
  message.set_from_label(transition.from_label);
  message.set_to_label(transition.to_label);
  message.set_contact_count(transition.contact_count);
  message.set_direction(DirectionOf(policy, transition.from_label, transition.to_label));
  return message;
}

v1::RfmPreview PreviewToProto(const Preview& preview) {
  v1::RfmPreview message;
  *message.mutable_summary() = SummaryToProto(preview.policy, preview.labels);
  for (const Transition& transition : preview.transitions) {
    *message.add_transitions() = TransitionToProto(preview.policy, transition);
  }
  *message.mutable_thresholds() = ThresholdsToProto(preview.thresholds);
  message.set_moved_count(preview.moved_count);
  message.set_other_currency_order_count(preview.other_currency_order_count);
  return message;
}

v1::RfmBacktest BacktestToProto(const Backtest& backtest) {
  v1::RfmBacktest message;
  message.set_currency_code(backtest.policy.currency_code);
  *message.mutable_thresholds() = ThresholdsToProto(backtest.thresholds);
  for (const Label* label : BestRankFirst(backtest.policy)) {
    const LabelOutcome& outcome = backtest.labels[static_cast<std::size_t>(label - backtest.policy.labels.data())];
    v1::RfmBacktestLabel* out = message.add_labels();
    out->set_label(label->key);
    out->set_name_tr(label->name_tr);
    out->set_name_en(label->name_en);
    out->set_contact_count(outcome.contact_count);
    out->set_buyer_count(outcome.buyer_count);
    if (outcome.contact_count > 0) {
      out->set_buyer_share(static_cast<double>(outcome.buyer_count) / static_cast<double>(outcome.contact_count));
    }
    out->set_order_count(outcome.order_count);
    out->set_monetary_minor(outcome.monetary_minor);
    message.set_contact_count(message.contact_count() + outcome.contact_count);
    message.set_buyer_count(message.buyer_count() + outcome.buyer_count);
  }
  return message;
}

v1::RepeatPurchases CohortsToProto(const Cohorts& cohorts) {
  v1::RepeatPurchases message;
  message.set_policy_id(cohorts.policy.id);
  message.set_unlabelled_count(cohorts.unlabelled_count);
  for (const Label* label : BestRankFirst(cohorts.policy)) {
    for (const CohortCount& count : cohorts.counts) {
      if (&cohorts.policy.labels[static_cast<std::size_t>(count.label)] != label) continue;
      v1::RepeatPurchaseCount& out = *message.add_counts();
      out.set_label(label->key);
      out.set_name_tr(label->name_tr);
      out.set_name_en(label->name_en);
      out.set_groups(count.groups);
      out.set_contact_count(count.contact_count);
      for (const std::int64_t buyers : count.buyer_counts) out.add_buyer_counts(buyers);
    }
  }
  return message;
}

}  // namespace esnaf::segmentation
