#include "services/support/surveys/survey_store.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/surveys/survey_wire.h"

namespace esnaf::support {
namespace {

#define ESNAF_INVITATION_COLUMNS                                                                          \
  "i.id, i.survey_id, i.ticket_id, i.round, i.auto_closed, i.contact_id, i.store_id, i.agent, i.team, "   \
  "i.seller_id, i.product_id, i.skip_reason, i.due_time, i.ask_time, i.expire_time, i.score, i.comment, " \
  "i.language, i.answer_time, i.finish_time, i.version, i.create_time, s.body ->> 'kind' "

const postgres::Statement kInsertSurvey("support", "insert_survey", R"sql(
INSERT INTO survey (id, after_solving, body, version, create_time, update_time) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");
const postgres::Statement kUpdateSurvey("support", "update_survey", R"sql(
UPDATE survey SET after_solving = $2, body = $3, version = $4, update_time = $5 WHERE id = $1
)sql");
const postgres::Statement kSurveyUsed("support", "survey_used", R"sql(
SELECT 1 FROM survey_invitation WHERE survey_id = $1 LIMIT 1
)sql");
const postgres::Statement kDeleteSurvey("support", "delete_survey", "DELETE FROM survey WHERE id = $1");
const postgres::Statement kGetSurvey("support", "get_survey", R"sql(
SELECT body, version, create_time, update_time FROM survey WHERE id = $1
)sql");
const postgres::Statement kLockSurvey("support", "lock_survey", R"sql(
SELECT body, version, create_time, update_time FROM survey WHERE id = $1 FOR UPDATE
)sql");
const postgres::Statement kAfterSolving("support", "surveys_after_solving", R"sql(
SELECT body, version, create_time, update_time FROM survey WHERE after_solving ORDER BY id
)sql");
const postgres::Statement kSecret("support", "survey_secret", "SELECT secret FROM survey_secret");

const postgres::Statement kInsertInvitation("support", "insert_survey_invitation", R"sql(
INSERT INTO survey_invitation (id, survey_id, ticket_id, round, auto_closed, contact_id, store_id, agent, team,
                               seller_id, product_id, skip_reason, due_time, ask_time, expire_time, version,
                               create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
)sql");
const postgres::Statement kUpdateInvitation("support", "update_survey_invitation", R"sql(
UPDATE survey_invitation SET skip_reason = $2, ask_time = $3, expire_time = $4, score = $5, comment = $6,
                             language = $7, answer_time = $8, finish_time = $9, version = $10
 WHERE id = $1
)sql");
const postgres::Statement kFindInvitation(
    "support", "find_survey_invitation",
    "SELECT " ESNAF_INVITATION_COLUMNS "FROM survey_invitation i JOIN survey s ON s.id = i.survey_id WHERE i.id = $1");
const postgres::Statement kLockInvitation(
    "support", "lock_survey_invitation",
    "SELECT " ESNAF_INVITATION_COLUMNS
    "FROM survey_invitation i JOIN survey s ON s.id = i.survey_id WHERE i.id = $1 "
    "FOR UPDATE OF i");
const postgres::Statement kDueInvitations("support", "due_survey_invitations",
                                          "SELECT " ESNAF_INVITATION_COLUMNS
                                          "FROM survey_invitation i JOIN survey s ON s.id = i.survey_id "
                                          "WHERE i.ask_time IS NULL AND i.skip_reason = '' AND i.due_time <= $1 "
                                          "ORDER BY i.due_time, i.id LIMIT $2 FOR UPDATE OF i");

// The numbers name the lock among those of the schema's database; hashed from its own name, as services share one.
const postgres::Statement kWaitForAsking("support", "wait_for_asking", R"sql(
SELECT pg_advisory_xact_lock(hashtext(current_schema()), hashtext('survey_asking'))
)sql");
const postgres::Statement kTryAsking("support", "try_asking", R"sql(
SELECT pg_try_advisory_xact_lock(hashtext(current_schema()), hashtext('survey_asking'))
)sql");

const postgres::Statement kAskFacts("support", "survey_ask_facts", R"sql(
SELECT t.state, t.tags, t.last_agent_time IS NULL, t.reopen_count > $4,
       EXISTS (SELECT FROM survey_invitation o
                WHERE o.ticket_id = t.id AND o.survey_id = $2 AND o.ask_time IS NOT NULL AND o.id <> $3),
       EXISTS (SELECT FROM survey_invitation o
                WHERE o.ticket_id = t.id AND o.survey_id = $2 AND o.ask_time IS NOT NULL AND o.id <> $3
                  AND o.round >= $4)
  FROM ticket t WHERE t.id = $1
)sql");
const postgres::Statement kLastAsk("support", "survey_last_ask", R"sql(
SELECT max(ask_time) FROM survey_invitation
 WHERE contact_id = ANY ($1::uuid[]) AND ask_time IS NOT NULL AND ticket_id IS DISTINCT FROM $2 AND id <> $3
)sql");
// Of invitations that are about no ticket each one counts.
const postgres::Statement kLastAskOfNoTicket("support", "survey_last_ask_of_no_ticket", R"sql(
SELECT max(ask_time) FROM survey_invitation
 WHERE contact_id = ANY ($1::uuid[]) AND ask_time IS NOT NULL AND id <> $2
)sql");
const postgres::Statement kExpireEarlier("support", "expire_earlier_rounds", R"sql(
UPDATE survey_invitation SET expire_time = $4, version = version + 1
 WHERE ticket_id = $1 AND survey_id = $2 AND id <> $3 AND ask_time IS NOT NULL AND score IS NULL AND expire_time > $4
)sql");

constexpr char kEachSegment[] = " LEFT JOIN LATERAL unnest(i.segments) AS g (segment) ON true";

std::string KeySql(SurveyGrouping grouping) {
  const auto cut = [](const char* unit) {
    return absl::StrCat("to_char(date_trunc('", unit, "', i.ask_time AT TIME ZONE $4), 'YYYY-MM-DD')");
  };
  switch (grouping) {
    case SurveyGrouping::kNone:
      return "''";
    case SurveyGrouping::kAgent:
      return "i.agent";
    case SurveyGrouping::kTeam:
      return "i.team";
    case SurveyGrouping::kSeller:
      return "i.seller_id";
    case SurveyGrouping::kProduct:
      return "i.product_id";
    case SurveyGrouping::kStore:
      return "i.store_id";
    case SurveyGrouping::kDay:
      return cut("day");
    case SurveyGrouping::kWeek:
      return cut("week");
    case SurveyGrouping::kMonth:
      return cut("month");
    case SurveyGrouping::kSegment:
      return "coalesce(g.segment, '')";
  }
  return "''";
}

absl::StatusOr<SurveyRecord> OneSurvey(const postgres::Statement& statement, postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("survey", id);
  return ReadSurvey(rows[0]);
}

absl::StatusOr<std::optional<SurveyInvitation>> OneInvitation(const postgres::Statement& statement, postgres::Tx& tx,
                                                              const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(SurveyInvitation invitation, ReadInvitation(rows[0]));
  return std::optional(std::move(invitation));
}

}  // namespace

const char kSurveyColumns[] = "body, version, create_time, update_time";
const char kInvitationColumns[] = ESNAF_INVITATION_COLUMNS;
const char kInvitationTables[] = "survey_invitation i JOIN survey s ON s.id = i.survey_id";

absl::StatusOr<SurveyRecord> ReadSurvey(const postgres::Row& row) {
  SurveyRecord record{
      .version = row.Get<std::int64_t>(1), .create_time = row.Get<Time>(2), .update_time = row.Get<Time>(3)};
  ESNAF_ASSIGN_OR_RETURN(record.body, SurveyFromJson(row.Text(0)));
  return record;
}

absl::StatusOr<SurveyInvitation> ReadInvitation(const postgres::Row& row) {
  SurveyInvitation invitation{.id = row.Get<Uuid>(0),
                              .survey_id = row.Get<std::string>(1),
                              .ticket_id = row.Get<std::optional<Uuid>>(2),
                              .round = row.Get<int>(3),
                              .auto_closed = row.Get<bool>(4),
                              .contact_id = row.Get<std::optional<Uuid>>(5),
                              .store_id = row.Get<std::string>(6),
                              .agent = row.Get<std::string>(7),
                              .team = row.Get<std::string>(8),
                              .seller_id = row.Get<std::string>(9),
                              .product_id = row.Get<std::string>(10),
                              .skip_reason = row.Get<std::string>(11),
                              .due_time = row.Get<Time>(12),
                              .ask_time = row.Get<std::optional<Time>>(13),
                              .expire_time = row.Get<std::optional<Time>>(14),
                              .score = row.Get<std::optional<int>>(15),
                              .comment = row.Get<std::string>(16),
                              .language = row.Get<std::string>(17),
                              .answer_time = row.Get<std::optional<Time>>(18),
                              .finish_time = row.Get<std::optional<Time>>(19),
                              .version = row.Get<std::int64_t>(20),
                              .create_time = row.Get<Time>(21)};
  v1::SurveyKind kind = v1::SURVEY_KIND_UNSPECIFIED;
  if (!v1::SurveyKind_Parse(row.Get<std::string>(22), &kind)) return absl::InternalError("a stored survey has no kind");
  invitation.kind = static_cast<SurveyKind>(kind);
  return invitation;
}

absl::StatusOr<bool> InsertSurvey(postgres::Tx& tx, const SurveyRecord& record) {
  const bool after_solving = record.body.trigger == SurveyTrigger::kTicketSolved;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertSurvey, record.body.id, after_solving, SurveyToJson(record.body),
                                    record.version, record.create_time, record.update_time));
  return !rows.empty();
}

absl::Status UpdateSurvey(postgres::Tx& tx, const SurveyRecord& record) {
  const bool after_solving = record.body.trigger == SurveyTrigger::kTicketSolved;
  return tx
      .Execute(kUpdateSurvey, record.body.id, after_solving, SurveyToJson(record.body), record.version,
               record.update_time)
      .status();
}

absl::Status DeleteSurvey(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result used, tx.Execute(kSurveyUsed, id));
  if (!used.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SURVEY_IN_USE", "the survey has invited somebody",
                     {{"id", id}});
  }
  return tx.Execute(kDeleteSurvey, id).status();
}

absl::StatusOr<SurveyRecord> GetSurvey(postgres::Tx& tx, const std::string& id) {
  return OneSurvey(kGetSurvey, tx, id);
}
absl::StatusOr<SurveyRecord> LockSurvey(postgres::Tx& tx, const std::string& id) {
  return OneSurvey(kLockSurvey, tx, id);
}

absl::StatusOr<std::vector<Survey>> SurveysAfterSolving(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAfterSolving));
  std::vector<Survey> surveys;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(SurveyRecord record, ReadSurvey(rows[i]));
    surveys.push_back(std::move(record.body));
  }
  return surveys;
}

absl::StatusOr<std::string> SurveySecret(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSecret));
  return rows[0].Get<postgres::Bytes>(0).data;
}

absl::Status InsertInvitation(postgres::Tx& tx, const SurveyInvitation& invitation) {
  return tx
      .Execute(kInsertInvitation, invitation.id, invitation.survey_id, invitation.ticket_id, invitation.round,
               invitation.auto_closed, invitation.contact_id, invitation.store_id, invitation.agent, invitation.team,
               invitation.seller_id, invitation.product_id, invitation.skip_reason, invitation.due_time,
               invitation.ask_time, invitation.expire_time, invitation.version, invitation.create_time)
      .status();
}

absl::Status UpdateInvitation(postgres::Tx& tx, const SurveyInvitation& invitation) {
  return tx
      .Execute(kUpdateInvitation, invitation.id, invitation.skip_reason, invitation.ask_time, invitation.expire_time,
               invitation.score, invitation.comment, invitation.language, invitation.answer_time,
               invitation.finish_time, invitation.version)
      .status();
}

absl::StatusOr<std::optional<SurveyInvitation>> FindInvitation(postgres::Tx& tx, const Uuid& id) {
  return OneInvitation(kFindInvitation, tx, id);
}
absl::StatusOr<std::optional<SurveyInvitation>> LockInvitation(postgres::Tx& tx, const Uuid& id) {
  return OneInvitation(kLockInvitation, tx, id);
}

absl::Status WaitForAsking(postgres::Tx& tx) { return tx.Execute(kWaitForAsking).status(); }
absl::StatusOr<bool> TryAsking(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTryAsking));
  return rows[0].Get<bool>(0);
}

absl::StatusOr<std::vector<SurveyInvitation>> DueInvitations(postgres::Tx& tx, Time now, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kDueInvitations, now, limit));
  std::vector<SurveyInvitation> due;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(SurveyInvitation invitation, ReadInvitation(rows[i]));
    due.push_back(std::move(invitation));
  }
  return due;
}

absl::StatusOr<AskFacts> ReadAskFacts(postgres::Tx& tx, const SurveyInvitation& invitation,
                                      const std::vector<Uuid>& contacts) {
  AskFacts facts;
  if (invitation.ticket_id) {
    ESNAF_ASSIGN_OR_RETURN(
        const postgres::Result rows,
        tx.Execute(kAskFacts, *invitation.ticket_id, invitation.survey_id, invitation.id, invitation.round));
    if (rows.empty()) return NotFound("ticket", invitation.ticket_id->ToString());
    facts.ticket_state = static_cast<TicketState>(rows[0].Get<int>(0));
    facts.ticket_tags = rows[0].Get<std::vector<std::string>>(1);
    facts.auto_closed = invitation.auto_closed || rows[0].Get<bool>(2);
    facts.opened_since = rows[0].Get<bool>(3);
    facts.asked_about_ticket = rows[0].Get<bool>(4);
    facts.asked_in_this_round = rows[0].Get<bool>(5);
  }
  if (contacts.empty()) return facts;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result last,
                         invitation.ticket_id ? tx.Execute(kLastAsk, contacts, *invitation.ticket_id, invitation.id)
                                              : tx.Execute(kLastAskOfNoTicket, contacts, invitation.id));
  facts.last_ask_time = last[0].Get<std::optional<Time>>(0);
  return facts;
}

absl::Status ExpireEarlierRounds(postgres::Tx& tx, const SurveyInvitation& invitation, Time now) {
  if (!invitation.ticket_id) return absl::OkStatus();
  return tx.Execute(kExpireEarlier, *invitation.ticket_id, invitation.survey_id, invitation.id, now).status();
}

absl::StatusOr<std::map<std::string, ResultsGroup>> SumResults(postgres::Tx& tx, const ResultsScope& scope) {
  const std::string sql =
      absl::StrCat("SELECT ", KeySql(scope.group_by), ", i.score, count(*) FROM survey_invitation i",
                   scope.group_by == SurveyGrouping::kSegment ? kEachSegment : "", R"sql(
 WHERE i.survey_id = $1 AND i.ask_time IS NOT NULL AND ($2::timestamptz IS NULL OR i.ask_time >= $2)
   AND ($3::timestamptz IS NULL OR i.ask_time < $3) AND $4::text <> ''
   AND (cardinality($5::text[]) = 0 OR i.store_id = ANY ($5::text[]))
 GROUP BY 1, 2)sql");
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql, {scope.survey_id, scope.start, scope.end,
                                                                              scope.time_zone, scope.store_ids}));
  std::map<std::string, ResultsGroup> groups;
  for (int i = 0; i < rows.size(); ++i) {
    ResultsGroup& group = groups[rows[i].Get<std::string>(0)];
    const auto count = rows[i].Get<std::int64_t>(2);
    group.asked += count;
    if (!rows[i].IsNull(1)) group.scores[rows[i].Get<int>(1)] += count;
  }
  return groups;
}

}  // namespace esnaf::support
