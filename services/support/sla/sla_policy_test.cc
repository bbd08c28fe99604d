// Goal: the first policy that fits counts, and a policy that makes no sense is refused.
#include "services/support/sla/sla_policy.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the first policy whose condition matches wins, and one without a condition takes the rest") {
  std::vector<SlaPolicy> policies(4);
  policies[0] = {.id = "off", .disabled = true};
  policies[1] = {.id = "vip", .condition = {.tags = {"vip", "champion"}}};
  policies[2] = {.id = "urgent", .condition = {.priorities = {TicketPriority::kUrgent}, .channels = {4}}};
  policies[3] = {.id = "rest"};
  const auto chosen = [&](const SlaSubject& subject) {
    const SlaPolicy* policy = FirstMatching(policies, subject);
    return policy == nullptr ? std::string() : policy->id;
  };
  CHECK(chosen({.priority = TicketPriority::kUrgent, .channel = 4, .tags = {"new", "champion"}}) == "vip");
  CHECK(chosen({.priority = TicketPriority::kUrgent, .channel = 4}) == "urgent");
  CHECK(chosen({.priority = TicketPriority::kUrgent, .channel = 1}) == "rest");
  policies.pop_back();
  CHECK(chosen({}).empty());
}

TEST_CASE("every list of a condition must hold the ticket's") {
  const SlaCondition condition{.types = {"return"}, .teams = {"depot", "shop"}, .store_ids = {"tr"}};
  CHECK(Matches(condition, {.type = "return", .team = "shop", .store_id = "tr"}));
  CHECK_FALSE(Matches(condition, {.type = "question", .team = "shop", .store_id = "tr"}));
  CHECK_FALSE(Matches(condition, {.type = "return", .team = "", .store_id = "tr"}));
  CHECK_FALSE(Matches(condition, {.type = "return", .team = "depot", .store_id = "de"}));
}

TEST_CASE("a priority's own targets take the place of all of the policy's") {
  SlaPolicy policy{.targets = {.first_response = 60min, .resolution = 600min}};
  policy.priority_targets[TicketPriority::kUrgent] = {.first_response = 15min};
  CHECK(policy.TargetsFor(TicketPriority::kHigh).Of(SlaMetric::kResolution) == 600min);
  CHECK(policy.TargetsFor(TicketPriority::kUrgent).Of(SlaMetric::kFirstResponse) == 15min);
  CHECK_FALSE(policy.TargetsFor(TicketPriority::kUrgent).Of(SlaMetric::kResolution).has_value());
}

TEST_CASE("a policy that makes no sense is refused by the place") {
  SlaPolicy policy{.position = -1, .targets = {.next_response = 0min}, .warn_at_percent = 100};
  policy.priority_targets[TicketPriority::kLow] = {.resolution = kMostTarget + 1min};
  policy.paused_states = {TicketState::kOpen};
  FieldViolations violations;
  CheckPolicy(policy, "policy", violations);
  CHECK(ErrorFields(violations.ToStatus()).size() == 5);
  FieldViolations none;
  CheckPolicy(SlaPolicy(), "policy", none);
  CHECK(none.empty());
}

TEST_CASE("all escalations that fit one piece of news act together") {
  SlaPolicy policy;
  policy.escalations = {{.trigger = SlaNews::kWarned, .notify = {"a", "b"}},
                        {.trigger = SlaNews::kBreached, .team = "chiefs"},
                        {.trigger = SlaNews::kBreached,
                         .metric = SlaMetric::kResolution,
                         .notify = {"b", "c", "b"},
                         .assignee = "",
                         .raise_priority_to = TicketPriority::kHigh},
                        {.notify = {"b"}, .team = "board", .raise_priority_to = TicketPriority::kLow}};
  const SlaEscalation all = EscalationFor(policy, SlaMetric::kResolution, SlaNews::kBreached);
  CHECK(all.notify == std::vector<std::string>{"b", "c"});
  CHECK(all.team == "board");
  CHECK(all.assignee == "");
  CHECK(all.raise_priority_to == TicketPriority::kHigh);
  const SlaEscalation first = EscalationFor(policy, SlaMetric::kFirstResponse, SlaNews::kBreached);
  CHECK(first.raise_priority_to == TicketPriority::kLow);
  CHECK_FALSE(first.assignee.has_value());
  CHECK(EscalationFor(policy, SlaMetric::kNextResponse, SlaNews::kWarned).notify.size() == 2);
}

}  // namespace
}  // namespace esnaf::support
