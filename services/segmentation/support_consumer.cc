#include "services/segmentation/support_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/support/v1/events.pb.h"
#include "libs/base/each_once.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "services/segmentation/people/person_facts_store.h"
#include "services/segmentation/people/person_wire.h"
#include "services/segmentation/segments/membership_updater.h"

namespace esnaf::segmentation {
namespace {

// That a promise was broken is told beside the versions of the ticket, which is known by then as it was at its newest.
constexpr std::int64_t kBesideVersions = 0;

struct News {
  std::vector<TicketRecord> tickets;
  std::vector<AnswerRecord> answers;
};

absl::Status ReadEvent(const api::v1::Event& event, News& news) {
  if (event.type() == support::v1::TicketChanged::descriptor()->full_name()) {
    ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<support::v1::TicketChanged>(event));
    ESNAF_ASSIGN_OR_RETURN(news.tickets.emplace_back(), TicketFromProto(changed.ticket(), event.aggregate_version()));
  } else if (event.type() == support::v1::TicketSlaBreached::descriptor()->full_name()) {
    ESNAF_ASSIGN_OR_RETURN(const auto breached, events::Decode<support::v1::TicketSlaBreached>(event));
    ESNAF_ASSIGN_OR_RETURN(news.tickets.emplace_back(), TicketFromProto(breached.ticket(), kBesideVersions));
    news.tickets.back().breached = true;
  } else if (event.type() == support::v1::SurveyAnswered::descriptor()->full_name()) {
    ESNAF_ASSIGN_OR_RETURN(const auto answered, events::Decode<support::v1::SurveyAnswered>(event));
    ESNAF_ASSIGN_OR_RETURN(news.answers.emplace_back(),
                           AnswerFromProto(answered.response(), event.aggregate_version()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplySupportEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  News news;
  for (const api::v1::Event& event : events) {
    const absl::Status read = ReadEvent(event, news);
    if (!read.ok()) return WithFieldPrefix(read, absl::StrCat("event ", event.id()));
  }
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> touched, UpsertTickets(tx, NewestOfEachTicket(std::move(news.tickets))));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> answerers,
                         UpsertAnswers(tx, NewestOfEachAnswer(std::move(news.answers))));
  touched.insert(touched.end(), answerers.begin(), answerers.end());
  return PeopleChanged(tx, EachOnce(std::move(touched)), OwnCause(now));
}

}  // namespace esnaf::segmentation
