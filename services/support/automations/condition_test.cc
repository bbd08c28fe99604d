// Goal: a condition says of one ticket what a list of tickets would, and with which values.
#include "services/support/automations/condition.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");

AutomationFacts Facts() {
  AutomationFacts facts{.ticket = {}, .now = kNow, .event = {}, .times = {}, .standing = {}};
  facts.ticket = {.number = 7,
                  .store_id = "tr",
                  .subject = "İADE talebi",
                  .channel = 1,
                  .state = TicketState::kPendingCustomer,
                  .priority = TicketPriority::kHigh,
                  .tags = {"iade", "vip"},
                  .custom_fields = {{"size", "XL"}},
                  .message_count = 3,
                  .last_customer_time = kNow - 90min,
                  .create_time = kNow - 48h,
                  .update_time = kNow - 1h};
  return facts;
}

bool Holds(const std::string& text, const AutomationFacts& facts = Facts()) {
  const absl::StatusOr<Condition> condition = Condition::Parse(text);
  REQUIRE_OK(condition);
  return condition->Judge(facts).holds;
}

TEST_CASE("each type of field is compared as the list compares it", "[unit]") {
  CHECK(Holds("number = 7 AND number >= 7 AND number < 8"));
  CHECK(Holds("state = PENDING_CUSTOMER AND priority != LOW"));
  CHECK_FALSE(Holds("state = OPEN"));
  CHECK(Holds("tags:iade"));
  CHECK_FALSE(Holds("tags:iad"));
  CHECK(Holds("subject:iade"));
  CHECK(Holds("subject = \"İADE talebi\""));
  CHECK(Holds("custom_fields.size:x"));
  CHECK_FALSE(Holds("custom_fields.size = xl"));
  CHECK(Holds("create_time < \"2026-11-22\""));
  CHECK(Holds("breached = false"));
  CHECK(Holds("hours_since_customer >= 1.5 AND hours_since_create = 48"));
}

TEST_CASE("what is missing equals nothing, and differs from everything", "[unit]") {
  CHECK_FALSE(Holds("solve_time > \"2026-01-01\""));
  CHECK(Holds("NOT solve_time:*"));
  CHECK(Holds("custom_fields.color != red"));
  CHECK_FALSE(Holds("custom_fields.color = red"));
  CHECK_FALSE(Holds("survey_score <= 2"));
  CHECK(Holds("previous_state != OPEN"));
  CHECK_FALSE(Holds("churn_probability < 1 OR clv >= 0"));
}

TEST_CASE("OR binds tighter than AND", "[unit]") {
  CHECK(Holds("number = 1 OR number = 7 AND store_id = tr"));
  CHECK_FALSE(Holds("number = 7 OR number = 1 AND store_id = de"));
}

TEST_CASE("the event and the requester are asked as well", "[unit]") {
  AutomationFacts facts = Facts();
  facts.event = {.author = AuthorKind::kCustomer,
                 .actor = "key:1",
                 .message_text = "Param iade edilsin",
                 .previous_state = "SOLVED",
                 .previous_priority = {},
                 .previous_assignee = {},
                 .previous_team = {},
                 .sla_metric = "RESOLUTION",
                 .survey_id = "csat",
                 .survey_score = 2};
  facts.standing = Standing{150'050, *Currency::Parse("TRY"), 0.25};
  CHECK(Holds("author = CUSTOMER AND previous_state = SOLVED AND message_text:IADE", facts));
  CHECK(Holds("sla_metric = RESOLUTION AND survey_id = csat AND survey_score <= 2", facts));
  CHECK(Holds("clv > 1500 AND clv < 1501 AND churn_probability = 0.25", facts));
}

TEST_CASE("a judgement tells the values that it saw", "[unit]") {
  const auto condition = Condition::Parse("state = OPEN OR tags:vip AND NOT solve_time:* AND custom_fields.size = M");
  REQUIRE_OK(condition);
  const ConditionOutcome outcome = condition->Judge(Facts());
  CHECK_FALSE(outcome.holds);
  CHECK(outcome.values == std::map<std::string, std::string>{
                              {"state", "PENDING_CUSTOMER"}, {"tags", "iade, vip"}, {"custom_fields.size", "XL"}});
}

TEST_CASE("what cannot be asked is refused", "[unit]") {
  const auto mistake = [](const std::string& text) { return std::string(Condition::Parse(text).status().message()); };
  CHECK_THAT(mistake("nothing = 1"), esnaf::testing::ContainsSubstring("nothing"));
  CHECK_THAT(mistake("state = SOMEWHERE"), esnaf::testing::ContainsSubstring("is none of"));
  CHECK_THAT(mistake("hours_since_create >= soon"), esnaf::testing::ContainsSubstring("is no number"));
  CHECK_THAT(mistake("subject < M"), esnaf::testing::ContainsSubstring("only"));
  CHECK_THAT(mistake("custom_fields.size > 3"), esnaf::testing::ContainsSubstring("only"));
  CHECK_STATUS_IS(Condition::Parse("").status(), StatusCode::kInvalidArgument, "expected a field");
}

}  // namespace
}  // namespace esnaf::support
