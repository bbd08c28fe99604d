#include "services/support/sla/sla_policy.h"

#include "libs/base/check.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

template <typename T>
bool Admits(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

void CheckTargets(const SlaTargets& targets, const std::string& field, FieldViolations& violations) {
  for (const auto& [name, target] : {std::pair("first_response_minutes", targets.first_response),
                                     std::pair("next_response_minutes", targets.next_response),
                                     std::pair("resolution_minutes", targets.resolution)}) {
    if (target && (target->count() < 1 || *target > kMostTarget)) {
      violations.Add(absl::StrCat(field, ".", name), absl::StrCat("is not within 1 to ", kMostTarget.count()));
    }
  }
}

void CheckEscalation(const SlaEscalation& escalation, const std::string& field, FieldViolations& violations) {
  const auto is_name = [](const std::string& text) { return text.size() <= kMaxAssigneeBytes && IsCleanUtf8(text); };
  const std::string mistake = absl::StrCat("is no clean UTF-8 of at most ", kMaxAssigneeBytes, " bytes");
  if (escalation.team && !is_name(*escalation.team)) violations.Add(field + ".team", mistake);
  if (escalation.assignee && !is_name(*escalation.assignee)) violations.Add(field + ".assignee", mistake);
  if (escalation.notify.size() > kMostNotified) {
    violations.Add(field + ".notify", absl::StrCat("are more than ", kMostNotified));
    return;
  }
  for (std::size_t i = 0; i < escalation.notify.size(); ++i) {
    if (escalation.notify[i].empty() || !is_name(escalation.notify[i])) {
      violations.Add(absl::StrCat(field, ".notify[", i, "]"), "is empty, or " + mistake);
    }
  }
  if (escalation.webhook_ids.size() > kMostWebhooksOfEscalation) {
    violations.Add(field + ".webhook_ids", absl::StrCat("are more than ", kMostWebhooksOfEscalation));
  }
  for (std::size_t i = 0; i < escalation.webhook_ids.size(); ++i) {
    const auto here = escalation.webhook_ids.begin() + static_cast<std::ptrdiff_t>(i);
    if (here->empty() || std::find(escalation.webhook_ids.begin(), here, *here) != here) {
      violations.Add(absl::StrCat(field, ".webhook_ids[", i, "]"), "is empty, or named twice");
    }
  }
  if (escalation.notify.empty() && !escalation.team && !escalation.assignee && !escalation.raise_priority_to &&
      escalation.webhook_ids.empty()) {
    violations.Add(field, "does nothing");
  }
}

}  // namespace

std::string_view PriorityName(TicketPriority priority) {
  switch (priority) {
    case TicketPriority::kLow:
      return "LOW";
    case TicketPriority::kNormal:
      return "NORMAL";
    case TicketPriority::kHigh:
      return "HIGH";
    case TicketPriority::kUrgent:
      return "URGENT";
  }
  ESNAF_CHECK(false);
}

std::optional<std::chrono::minutes> SlaTargets::Of(SlaMetric metric) const {
  switch (metric) {
    case SlaMetric::kFirstResponse:
      return first_response;
    case SlaMetric::kNextResponse:
      return next_response;
    case SlaMetric::kResolution:
      return resolution;
  }
  ESNAF_CHECK(false);
}

const SlaTargets& SlaPolicy::TargetsFor(TicketPriority priority) const {
  const auto own = priority_targets.find(priority);
  return own == priority_targets.end() ? targets : own->second;
}

void CheckPolicy(const SlaPolicy& policy, const std::string& field, FieldViolations& violations) {
  if (policy.warn_at_percent < 0 || policy.warn_at_percent > 99) {
    violations.Add(field + ".warn_at_percent", "is not within 0 to 99");
  }
  if (policy.position < 0) violations.Add(field + ".position", "is negative");
  CheckTargets(policy.targets, field + ".targets", violations);
  for (const auto& [priority, targets] : policy.priority_targets) {
    CheckTargets(targets, absl::StrCat(field, ".priority_targets[", std::string(PriorityName(priority)), "].targets"),
                 violations);
  }
  for (const TicketState state : policy.paused_states) {
    if (!IsActive(state) || state == TicketState::kNew || state == TicketState::kOpen) {
      violations.Add(field + ".pauses.states", absl::StrCat("may not hold ", std::string(StateName(state))));
    }
  }
  if (policy.escalations.size() > kMostEscalations) {
    violations.Add(field + ".escalations", absl::StrCat("are more than ", kMostEscalations));
    return;
  }
  for (std::size_t i = 0; i < policy.escalations.size(); ++i) {
    CheckEscalation(policy.escalations[i], absl::StrCat(field, ".escalations[", i, "]"), violations);
  }
}

bool Matches(const SlaCondition& condition, const SlaSubject& subject) {
  const auto has_tag = [&] {
    return condition.tags.empty() || std::any_of(subject.tags.begin(), subject.tags.end(),
                                                 [&](const std::string& tag) { return Admits(condition.tags, tag); });
  };
  return Admits(condition.priorities, subject.priority) && Admits(condition.channels, subject.channel) &&
         Admits(condition.types, subject.type) && Admits(condition.teams, subject.team) &&
         Admits(condition.store_ids, subject.store_id) && has_tag();
}

const SlaPolicy* FirstMatching(const std::vector<SlaPolicy>& policies, const SlaSubject& subject) {
  for (const SlaPolicy& policy : policies) {
    if (!policy.disabled && Matches(policy.condition, subject)) return &policy;
  }
  return nullptr;
}

SlaEscalation EscalationFor(const SlaPolicy& policy, SlaMetric metric, SlaNews news) {
  SlaEscalation sum{.trigger = news, .metric = metric};
  for (const SlaEscalation& escalation : policy.escalations) {
    if (escalation.trigger != news || (escalation.metric && *escalation.metric != metric)) continue;
    for (const std::string& name : escalation.notify) {
      if (std::find(sum.notify.begin(), sum.notify.end(), name) == sum.notify.end()) sum.notify.push_back(name);
    }
    for (const std::string& id : escalation.webhook_ids) {
      if (std::find(sum.webhook_ids.begin(), sum.webhook_ids.end(), id) == sum.webhook_ids.end()) {
        sum.webhook_ids.push_back(id);
      }
    }
    if (escalation.team) sum.team = escalation.team;
    if (escalation.assignee) sum.assignee = escalation.assignee;
    sum.raise_priority_to = std::max(sum.raise_priority_to, escalation.raise_priority_to);
  }
  return sum;
}

}  // namespace esnaf::support
