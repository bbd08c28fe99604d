#pragma once

// The service support with its automations, which act when a test says so.
#include "services/support/automations/automation_runner.h"
#include "services/support/automations/automation_service.h"
#include "services/support/automations/automation_store.h"
#include "services/support/support_under_test.h"
#include "services/support/surveys/survey_service.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support::testing {

inline constexpr char kPerson[] = "0198a7c2-0000-7000-8000-000000000001";

struct AutomationsUnderTest : SupportUnderTest {
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request,
                               const runtime::ClientCallOptions& options = kStaff) {
    return automations_server.channel()->Call<Response>("/esnaf.support.v1." + method, request, options);
  }
  absl::StatusOr<v1::Automation> Create(const v1::Automation& automation) {
    v1::CreateAutomationRequest request;
    *request.mutable_automation() = automation;
    return Ask<v1::Automation>("AutomationService/CreateAutomation", request);
  }
  v1::Automation MustCreate(const v1::Automation& automation) {
    auto made = Create(automation);
    REQUIRE_OK(made);
    return *std::move(made);
  }
  // Lets all that happened be handled a moment later, and what follows from that.
  void Handle() {
    clock.Advance(std::chrono::milliseconds(1));
    for (bool more = true; more;) {
      const auto handled = runner.HandleSome(schema.connection(), clock.Now());
      REQUIRE_OK(handled);
      more = *handled;
    }
  }
  void Sweep() {
    clock.Advance(kSweepPeriod);
    for (bool more = true; more;) {
      const auto handled = runner.HandleTimers(schema.connection(), clock.Now());
      REQUIRE_OK(handled);
      more = *handled;
    }
  }
  std::vector<v1::AutomationRun> Runs(const std::string& filter = "") {
    v1::ListAutomationRunsRequest request;
    request.set_filter(filter);
    request.set_page_size(100);
    auto page = Ask<v1::ListAutomationRunsResponse>("AutomationService/ListAutomationRuns", request);
    REQUIRE_OK(page);
    return {page->runs().begin(), page->runs().end()};
  }
  v1::DryRunAutomationsResponse DryRun(const v1::DryRunAutomationsRequest& request) {
    auto answer = Ask<v1::DryRunAutomationsResponse>("AutomationService/DryRunAutomations", request);
    REQUIRE_OK(answer);
    return *std::move(answer);
  }
  // The kinds of the trail's entries with their actors.
  std::string Trail(const std::string& id) {
    v1::ListTicketEventsRequest request;
    request.set_ticket_id(id);
    auto page = Call<v1::ListTicketEventsResponse>("ListTicketEvents", request);
    REQUIRE_OK(page);
    std::string trail;
    for (const v1::TicketEvent& event : page->events()) trail += event.kind() + " by " + event.actor() + "; ";
    return trail;
  }

  AutomationService automations{writer};
  SurveyService surveys;
  AutomationRunner runner{writer, contacts};
  TestServer automations_server{schema, {automations.Rpcs(), surveys.Rpcs()}, {.name = "support", .clock = &clock}};
};

inline v1::Automation On(const std::string& id, v1::AutomationEvent event) {
  v1::Automation automation;
  automation.set_id(id);
  automation.set_display_name(id);
  automation.add_events(event);
  return automation;
}
inline v1::Automation After(const std::string& id, v1::AutomationClock clock, int hours) {
  v1::Automation automation;
  automation.set_id(id);
  automation.set_display_name(id);
  automation.mutable_timer()->set_clock(clock);
  automation.mutable_timer()->set_hours(hours);
  return automation;
}

// The examples of docs/automations.md.
inline v1::Automation TagRefunds() {
  v1::Automation automation = On("tag_refunds", v1::AUTOMATION_EVENT_CREATED);
  automation.add_all_conditions("message_text:iade OR subject:iade");
  automation.add_actions()->set_add_tag("iade");
  automation.add_actions()->set_team("iade");
  return automation;
}
inline v1::Automation TellOfBreaches() {
  v1::Automation automation = On("tell_of_breaches", v1::AUTOMATION_EVENT_SLA_BREACHED);
  automation.add_all_conditions("sla_metric = FIRST_RESPONSE");
  automation.mutable_message()->set_text("{{ticket.number}} numaralı talep yanıtsız kaldı.");
  automation.mutable_message()->add_mentions("user:lead");
  automation.add_actions()->set_priority(v1::TICKET_PRIORITY_URGENT);
  return automation;
}
inline v1::Automation CloseSilent() {
  v1::Automation automation = After("close_silent", v1::AUTOMATION_CLOCK_STATE, 7 * 24);
  automation.add_all_conditions("state = PENDING_CUSTOMER");
  automation.mutable_message()->set_text("Merhaba {{contact.given_name|müşterimiz}}, talebinizi kapatıyoruz.");
  automation.mutable_message()->set_kind(v1::TICKET_MESSAGE_KIND_REPLY);
  automation.add_actions()->set_state(v1::TICKET_STATE_SOLVED);
  return automation;
}

}  // namespace esnaf::support::testing
