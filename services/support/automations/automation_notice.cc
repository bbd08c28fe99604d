#include "services/support/automations/automation_notice.h"

#include "esnaf/support/v1/events.pb.h"
#include "services/support/automations/automation_wire.h"

namespace esnaf::support {
namespace {

template <typename Payload>
std::optional<Payload> Read(const OutboxEvent& event) {
  Payload payload;
  const bool is_one = event.type == payload.GetDescriptor()->full_name() && payload.ParseFromString(event.payload);
  return is_one ? std::optional(std::move(payload)) : std::nullopt;
}

AutomationNotice Changed(const v1::TicketChanged& payload) {
  AutomationNotice notice;
  notice.event = EventFromProto(payload.event());
  notice.happening = HappeningOf(
      *notice.event, payload.has_message() ? std::optional<std::string>(payload.message().text()) : std::nullopt);
  notice.ticket = payload.ticket();
  return notice;
}

AutomationNotice Told(const v1::Ticket& ticket, const v1::TicketDeadline& deadline, AutomationEvent event) {
  constexpr std::string_view kPrefix = "SLA_METRIC_";
  AutomationNotice notice;
  notice.happening.events.insert(event);
  notice.happening.facts.sla_metric = v1::SlaMetric_Name(deadline.metric()).substr(kPrefix.size());
  notice.ticket = ticket;
  return notice;
}

AutomationNotice Answered(const v1::SurveyAnswered& payload) {
  AutomationNotice notice;
  notice.happening.events.insert(payload.finished() ? AutomationEvent::kSurveyAnswered
                                                    : AutomationEvent::kSurveyScored);
  EventFacts& facts = notice.happening.facts;
  facts.author = AuthorKind::kCustomer;
  facts.survey_id = payload.response().survey_id();
  facts.survey_score = payload.response().score();
  return notice;
}

}  // namespace

std::optional<AutomationNotice> NoticeOf(const OutboxEvent& event) {
  std::optional<AutomationNotice> notice;
  std::string ticket_id;
  if (const auto changed = Read<v1::TicketChanged>(event)) {
    notice = Changed(*changed);
  } else if (const auto warned = Read<v1::TicketSlaWarned>(event)) {
    notice = Told(warned->ticket(), warned->deadline(), AutomationEvent::kSlaWarned);
  } else if (const auto breached = Read<v1::TicketSlaBreached>(event)) {
    notice = Told(breached->ticket(), breached->deadline(), AutomationEvent::kSlaBreached);
  } else if (const auto answered = Read<v1::SurveyAnswered>(event)) {
    notice = Answered(*answered);
    ticket_id = answered->response().ticket_id();
  }
  if (!notice) return std::nullopt;
  if (notice->ticket) ticket_id = notice->ticket->id();
  const std::optional<Uuid> id = Uuid::Parse(ticket_id);
  if (!id) return std::nullopt;
  notice->ticket_id = *id;
  return notice;
}

}  // namespace esnaf::support
