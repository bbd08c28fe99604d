#include "services/support/reports/report_store.h"

#include "esnaf/support/v1/surveys.pb.h"
#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

const postgres::Statement kOpenTickets("support", "report_open_tickets", R"sql(
SELECT priority, channel, team, store_id, assignee, create_time
  FROM ticket WHERE state <= 5 AND (cardinality($1::text[]) = 0 OR store_id = ANY ($1::text[]))
)sql");

const postgres::Statement kAskedSurveys("support", "report_asked_surveys", R"sql(
SELECT s.body ->> 'kind', i.agent, i.team, i.store_id, i.ask_time, i.score
  FROM survey_invitation i JOIN survey s ON s.id = i.survey_id
 WHERE i.ask_time >= $1 AND i.ask_time < $2 AND (cardinality($3::text[]) = 0 OR i.store_id = ANY ($3::text[]))
)sql");

const postgres::Statement kQueue("support", "report_queue", R"sql(
SELECT count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state IN (3, 4)),
       count(*) FILTER (WHERE state = 5), count(*) FILTER (WHERE assignee = ''),
       count(*) FILTER (WHERE next_due_time <= $3),
       count(*) FILTER (WHERE next_due_time > $3 AND next_due_time <= $3::timestamptz + interval '1 hour'),
       min(create_time)
  FROM ticket
 WHERE state <= 5 AND ($1 = '' OR team = $1) AND (cardinality($2::text[]) = 0 OR store_id = ANY ($2::text[]))
)sql");

}  // namespace

absl::StatusOr<std::vector<OpenTicket>> ReadOpenTickets(postgres::Tx& tx, const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kOpenTickets, store_ids));
  std::vector<OpenTicket> tickets;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    tickets.push_back({.subject = {.priority = static_cast<TicketPriority>(row.Get<int>(0)),
                                   .channel = row.Get<int>(1),
                                   .team = row.Get<std::string>(2),
                                   .store_id = row.Get<std::string>(3)},
                       .assignee = row.Get<std::string>(4),
                       .create_time = row.Get<Time>(5)});
  }
  return tickets;
}

absl::StatusOr<std::vector<AskedSurvey>> ReadAskedSurveys(postgres::Tx& tx, Time start, Time end,
                                                          const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAskedSurveys, start, end, store_ids));
  std::vector<AskedSurvey> asked;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    v1::SurveyKind kind = v1::SURVEY_KIND_UNSPECIFIED;
    if (!v1::SurveyKind_Parse(row.Get<std::string>(0), &kind))
      return absl::InternalError("a stored survey has no kind");
    asked.push_back({.kind = static_cast<SurveyKind>(kind),
                     .agent = row.Get<std::string>(1),
                     .team = row.Get<std::string>(2),
                     .store_id = row.Get<std::string>(3),
                     .ask_time = row.Get<Time>(4),
                     .score = row.Get<std::optional<int>>(5)});
  }
  return asked;
}

absl::StatusOr<QueueCounts> CountQueue(postgres::Tx& tx, const std::string& team,
                                       const std::vector<std::string>& store_ids, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kQueue, team, store_ids, now));
  const postgres::Row row = rows[0];
  return QueueCounts{.fresh = row.Get<std::int64_t>(0),
                     .open = row.Get<std::int64_t>(1),
                     .pending = row.Get<std::int64_t>(2),
                     .on_hold = row.Get<std::int64_t>(3),
                     .unassigned = row.Get<std::int64_t>(4),
                     .overdue = row.Get<std::int64_t>(5),
                     .due_soon = row.Get<std::int64_t>(6),
                     .oldest_time = row.Get<std::optional<Time>>(7)};
}

}  // namespace esnaf::support
