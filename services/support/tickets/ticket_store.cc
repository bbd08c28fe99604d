#include "services/support/tickets/ticket_store.h"

#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "nlohmann/json.hpp"
#include "services/support/tickets/stored_clocks.h"

namespace esnaf::support {
namespace {

#define ESNAF_TICKET_COLUMNS                                                                                           \
  "t.id, t.number, t.external_id, t.store_id, t.subject, t.contact_id, t.channel, t.state, "                           \
  "t.hold_until_time, t.priority, t.type, t.team, t.assignee, t.tags, t.custom_fields, t.followers, "                  \
  "t.order_id, t.order_line_id, t.seller_id, t.product_id, t.parent_id, t.follow_up_of_id, "                           \
  "t.merged_into_id, t.message_count, t.reopen_count, t.last_customer_time, t.last_agent_time, "                       \
  "t.solve_time, t.version, t.create_time, t.update_time, t.sla_policy_id, t.sla_revision, "                           \
  "t.deadlines, t.next_due_time, t.breached, t.sla_told, t.sla_timer_time, t.wake_time, "                              \
  "ARRAY(SELECT l.other_id FROM ticket_link l WHERE l.ticket_id = t.id ORDER BY 1), t.state_id, "                      \
  "CASE WHEN t.state_id <> '' THEN coalesce((SELECT s.name_tr FROM ticket_state s WHERE s.id = t.state_id), '') ELSE " \
  "'' END, "                                                                                                           \
  "CASE WHEN t.state_id <> '' THEN coalesce((SELECT s.name_en FROM ticket_state s WHERE s.id = t.state_id), '') ELSE " \
  "'' END "

// A copy has what the message has that it is a copy of.
#define ESNAF_MESSAGE_COLUMNS                                                                                      \
  "m.id, m.ticket_id, m.kind, m.author, m.actor, m.text, m.channel, m.external_id, m.mentions, m.copied_from_id, " \
  "m.create_time, ARRAY(SELECT a.id FROM ticket_attachment a "                                                     \
  "WHERE a.message_id = coalesce(m.copied_from_id, m.id) ORDER BY a.create_time, a.id) "

#define ESNAF_WRITTEN_COLUMNS                                                                        \
  "id, external_id, store_id, subject, search_text, contact_id, channel, state, hold_until_time, "   \
  "priority, type, team, assignee, tags, custom_fields, followers, order_id, order_line_id, "        \
  "seller_id, product_id, parent_id, follow_up_of_id, merged_into_id, message_count, reopen_count, " \
  "last_customer_time, last_agent_time, solve_time, version, create_time, update_time, "             \
  "sla_policy_id, sla_revision, deadlines, next_due_time, breached, sla_told, sla_timer_time, wake_time, state_id"
// Rows of them as one array for each column. Arrays of arrays would have to be rectangular, so tags and the like come
// as the texts of arrays.
#define ESNAF_WRITTEN_ROWS                                                                          \
  "unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::smallint[], " \
  "$8::smallint[], $9::timestamptz[], $10::smallint[], $11::text[], $12::text[], $13::text[], "     \
  "$14::text[], $15::jsonb[], $16::text[], $17::uuid[], $18::text[], $19::text[], $20::text[], "    \
  "$21::uuid[], $22::uuid[], $23::uuid[], $24::integer[], $25::integer[], $26::timestamptz[], "     \
  "$27::timestamptz[], $28::timestamptz[], $29::bigint[], $30::timestamptz[], $31::timestamptz[], " \
  "$32::text[], $33::bigint[], $34::jsonb[], $35::timestamptz[], $36::boolean[], $37::text[], "     \
  "$38::timestamptz[], $39::timestamptz[], $40::text[]) AS c (" ESNAF_WRITTEN_COLUMNS ") "

// Values cost the server less than arrays of one.
const postgres::Statement kInsertTicket("support", "insert_ticket", "INSERT INTO ticket (" ESNAF_WRITTEN_COLUMNS R"sql()
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
  $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)
ON CONFLICT DO NOTHING RETURNING id, number
)sql");
// In the order of their ids, so that two who bring the same wait for each other but never in a circle.
const postgres::Statement kInsertTickets("support", "insert_tickets",
                                         "INSERT INTO ticket (" ESNAF_WRITTEN_COLUMNS R"sql()
SELECT id, external_id, store_id, subject, search_text, contact_id, channel, state, hold_until_time, priority, type,
       team, assignee, tags::text[], custom_fields, followers::text[], order_id, order_line_id, seller_id, product_id,
       parent_id, follow_up_of_id, merged_into_id, message_count, reopen_count, last_customer_time, last_agent_time,
       solve_time, version, create_time, update_time, sla_policy_id, sla_revision, deadlines, next_due_time, breached,
       sla_told::text[], sla_timer_time, wake_time, state_id
  FROM )sql" ESNAF_WRITTEN_ROWS R"sql(
 ORDER BY id
ON CONFLICT DO NOTHING RETURNING id, number
)sql");

const postgres::Statement kUpdateTickets("support", "update_tickets", R"sql(
UPDATE ticket t SET
  external_id = c.external_id, store_id = c.store_id, subject = c.subject, search_text = c.search_text,
  contact_id = c.contact_id, channel = c.channel, state = c.state, hold_until_time = c.hold_until_time,
  priority = c.priority, type = c.type, team = c.team, assignee = c.assignee, tags = c.tags::text[],
  custom_fields = c.custom_fields, followers = c.followers::text[], order_id = c.order_id,
  order_line_id = c.order_line_id, seller_id = c.seller_id, product_id = c.product_id, parent_id = c.parent_id,
  follow_up_of_id = c.follow_up_of_id, merged_into_id = c.merged_into_id, message_count = c.message_count,
  reopen_count = c.reopen_count, last_customer_time = c.last_customer_time, last_agent_time = c.last_agent_time,
  solve_time = c.solve_time, version = c.version, create_time = c.create_time, update_time = c.update_time,
  sla_policy_id = c.sla_policy_id, sla_revision = c.sla_revision, deadlines = c.deadlines,
  next_due_time = c.next_due_time, breached = c.breached, sla_told = c.sla_told::text[],
  sla_timer_time = c.sla_timer_time, wake_time = c.wake_time, state_id = c.state_id
  FROM )sql" ESNAF_WRITTEN_ROWS R"sql(
 WHERE t.id = c.id
)sql");

const postgres::Statement kUpdateTicketsSla("support", "update_tickets_sla", R"sql(
UPDATE ticket t SET sla_policy_id = c.sla_policy_id, sla_revision = c.sla_revision, deadlines = c.deadlines,
                    next_due_time = c.next_due_time, breached = c.breached, sla_told = c.sla_told::text[],
                    sla_timer_time = c.sla_timer_time
  FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::jsonb[], $5::timestamptz[], $6::boolean[], $7::text[],
              $8::timestamptz[])
       AS c (id, sla_policy_id, sla_revision, deadlines, next_due_time, breached, sla_told, sla_timer_time)
 WHERE t.id = c.id
)sql");

const postgres::Statement kFindTicket("support", "find_ticket",
                                      "SELECT " ESNAF_TICKET_COLUMNS "FROM ticket t WHERE t.id = $1");
const postgres::Statement kFindTickets("support", "find_tickets",
                                       "SELECT " ESNAF_TICKET_COLUMNS "FROM ticket t WHERE t.id = ANY ($1::uuid[])");
const postgres::Statement kLockTickets("support", "lock_tickets",
                                       "SELECT " ESNAF_TICKET_COLUMNS
                                       "FROM ticket t WHERE t.id = ANY ($1::uuid[]) ORDER BY t.id FOR UPDATE OF t");
const postgres::Statement kLockDueTimers("support", "lock_due_sla_timers",
                                         "SELECT " ESNAF_TICKET_COLUMNS
                                         "FROM ticket t WHERE t.sla_timer_time < $1 ORDER BY t.sla_timer_time LIMIT $2 "
                                         "FOR UPDATE OF t SKIP LOCKED");
const postgres::Statement kLockOutdated("support", "lock_outdated_sla",
                                        "SELECT " ESNAF_TICKET_COLUMNS
                                        "FROM ticket t WHERE t.state <= 5 AND t.sla_revision < $1 "
                                        "ORDER BY t.sla_revision LIMIT $2 FOR UPDATE OF t SKIP LOCKED");
const postgres::Statement kLockDueToWake("support", "lock_due_to_wake",
                                         "SELECT " ESNAF_TICKET_COLUMNS
                                         "FROM ticket t WHERE t.wake_time <= $1 ORDER BY t.wake_time LIMIT $2 "
                                         "FOR UPDATE OF t SKIP LOCKED");

const postgres::Statement kAddMessages("support", "add_ticket_messages", R"sql(
INSERT INTO ticket_message (id, ticket_id, kind, author, actor, text, folded_text, channel, external_id, mentions,
                            copied_from_id, create_time)
SELECT id, ticket_id, kind, author, actor, text, folded_text, channel, external_id, mentions::text[], copied_from_id,
       create_time
  FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::smallint[], $5::text[], $6::text[], $7::text[],
              $8::smallint[], $9::text[], $10::text[], $11::uuid[], $12::timestamptz[])
       AS m (id, ticket_id, kind, author, actor, text, folded_text, channel, external_id, mentions, copied_from_id,
             create_time)
)sql");

const postgres::Statement kFindMessage("support", "find_ticket_message", "SELECT " ESNAF_MESSAGE_COLUMNS R"sql(
  FROM ticket_message m WHERE m.ticket_id = $1 AND m.external_id = $2 AND m.external_id <> ''
)sql");

const postgres::Statement kFindMessages("support", "find_ticket_messages", "SELECT " ESNAF_MESSAGE_COLUMNS R"sql(
  FROM ticket_message m WHERE m.ticket_id = $1 AND m.id = ANY ($2::uuid[]) ORDER BY m.create_time, m.id
)sql");

const postgres::Statement kAddEvents("support", "add_ticket_events", R"sql(
INSERT INTO ticket_event (ticket_id, sequence, kind, happen_time, author, actor, message_kind, state, priority, details)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::smallint[], $6::text[],
                     $7::smallint[], $8::smallint[], $9::smallint[], $10::jsonb[])
)sql");

const postgres::Statement kFacts("support", "ticket_facts", R"sql(
SELECT ticket_id, happen_time, author, message_kind, state, priority
  FROM ticket_event WHERE ticket_id = ANY ($1::uuid[]) ORDER BY ticket_id, sequence
)sql");

const postgres::Statement kSums("support", "sum_tickets", R"sql(
SELECT count(*), count(*) FILTER (WHERE state <= 5), count(*) FILTER (WHERE breached),
       max(greatest(last_customer_time, last_agent_time))
  FROM ticket
 WHERE contact_id = ANY ($1::uuid[]) AND state <> 9 AND (cardinality($2::text[]) = 0 OR store_id = ANY ($2::text[]))
)sql");
const postgres::Statement kNewestOpen("support", "newest_open_tickets", "SELECT " ESNAF_TICKET_COLUMNS R"sql(
  FROM ticket t
 WHERE t.contact_id = ANY ($1::uuid[]) AND t.state <= 5
   AND (cardinality($2::text[]) = 0 OR t.store_id = ANY ($2::text[]))
 ORDER BY t.create_time DESC, t.id DESC LIMIT 10
)sql");

std::string MapToJson(const std::map<std::string, std::string>& map) { return nlohmann::json(map).dump(); }
std::map<std::string, std::string> MapFromJson(std::string_view text) {
  return nlohmann::json::parse(text).get<std::map<std::string, std::string>>();
}

// In the order of the columns of kInsertTicket.
std::vector<postgres::Param> TicketParams(const Ticket& ticket) {
  const TicketSla& sla = ticket.sla;
  return {ticket.id,
          ticket.external_id,
          ticket.store_id,
          ticket.subject,
          SearchTextOf(ticket),
          ticket.contact_id,
          ticket.channel,
          static_cast<int>(ticket.state),
          ticket.hold_until,
          static_cast<int>(ticket.priority),
          ticket.type,
          ticket.team,
          ticket.assignee,
          ticket.tags,
          MapToJson(ticket.custom_fields),
          ticket.followers,
          ticket.order_id,
          ticket.order_line_id,
          ticket.seller_id,
          ticket.product_id,
          ticket.parent_id,
          ticket.follow_up_of_id,
          ticket.merged_into_id,
          ticket.message_count,
          ticket.reopen_count,
          ticket.last_customer_time,
          ticket.last_agent_time,
          ticket.solve_time,
          ticket.version,
          ticket.create_time,
          ticket.update_time,
          sla.policy_id,
          sla.revision,
          ClocksToJson(sla.clocks),
          sla.next_due_time,
          sla.breached,
          std::vector<std::string>(sla.told.begin(), sla.told.end()),
          sla.timer_time,
          ticket.wake_time,
          ticket.named_state.id};
}

// Rows of parameters as one array for each column; there is one row at least.
std::vector<postgres::Param> ColumnsOf(const std::vector<std::vector<postgres::Param>>& rows) {
  std::vector<postgres::Param> columns;
  for (std::size_t column = 0; column < rows.front().size(); ++column) {
    std::vector<std::optional<std::string>> values;
    values.reserve(rows.size());
    for (const auto& row : rows) values.push_back(row[column].text());
    columns.emplace_back(values);
  }
  return columns;
}

absl::StatusOr<std::vector<Ticket>> ReadTickets(const postgres::Result& rows) {
  std::vector<Ticket> tickets;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, ReadTicket(rows[i]));
    tickets.push_back(std::move(ticket));
  }
  return tickets;
}

absl::StatusOr<TicketSla> ReadSla(const postgres::Row& row, int at) {
  TicketSla sla;
  sla.policy_id = row.Get<std::string>(at);
  sla.revision = row.Get<std::int64_t>(at + 1);
  ESNAF_ASSIGN_OR_RETURN(sla.clocks, ClocksFromJson(row.Text(at + 2)));
  sla.next_due_time = row.Get<std::optional<Time>>(at + 3);
  sla.breached = row.Get<bool>(at + 4);
  const auto told = row.Get<std::vector<std::string>>(at + 5);
  sla.told = {told.begin(), told.end()};
  sla.timer_time = row.Get<std::optional<Time>>(at + 6);
  return sla;
}

}  // namespace

const char kTicketColumns[] = ESNAF_TICKET_COLUMNS;
const char kMessageColumns[] = ESNAF_MESSAGE_COLUMNS;
const char kEventColumns[] =
    "e.sequence, e.kind, e.happen_time, e.author, e.actor, e.message_kind, e.state, e.priority, e.details";

absl::StatusOr<Ticket> ReadTicket(const postgres::Row& row) {
  Ticket ticket{.id = row.Get<Uuid>(0),
                .number = row.Get<std::int64_t>(1),
                .external_id = row.Get<std::string>(2),
                .store_id = row.Get<std::string>(3),
                .subject = row.Get<std::string>(4),
                .contact_id = row.Get<std::optional<Uuid>>(5),
                .channel = row.Get<int>(6),
                .state = static_cast<TicketState>(row.Get<int>(7)),
                .hold_until = row.Get<std::optional<Time>>(8),
                .priority = static_cast<TicketPriority>(row.Get<int>(9)),
                .type = row.Get<std::string>(10),
                .team = row.Get<std::string>(11),
                .assignee = row.Get<std::string>(12),
                .tags = row.Get<std::vector<std::string>>(13),
                .custom_fields = MapFromJson(row.Text(14)),
                .followers = row.Get<std::vector<std::string>>(15),
                .order_id = row.Get<std::optional<Uuid>>(16),
                .order_line_id = row.Get<std::string>(17),
                .seller_id = row.Get<std::string>(18),
                .product_id = row.Get<std::string>(19),
                .parent_id = row.Get<std::optional<Uuid>>(20),
                .follow_up_of_id = row.Get<std::optional<Uuid>>(21),
                .merged_into_id = row.Get<std::optional<Uuid>>(22),
                .linked_ids = row.Get<std::vector<Uuid>>(39),
                .message_count = row.Get<int>(23),
                .reopen_count = row.Get<int>(24),
                .last_customer_time = row.Get<std::optional<Time>>(25),
                .last_agent_time = row.Get<std::optional<Time>>(26),
                .solve_time = row.Get<std::optional<Time>>(27),
                .version = row.Get<std::int64_t>(28),
                .create_time = row.Get<Time>(29),
                .update_time = row.Get<Time>(30),
                .wake_time = row.Get<std::optional<Time>>(38),
                .named_state = {row.Get<std::string>(40), row.Get<std::string>(41), row.Get<std::string>(42)}};
  ESNAF_ASSIGN_OR_RETURN(ticket.sla, ReadSla(row, 31));
  return ticket;
}

TicketMessage ReadMessage(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .ticket_id = row.Get<Uuid>(1),
          .kind = static_cast<MessageKind>(row.Get<int>(2)),
          .author = static_cast<AuthorKind>(row.Get<int>(3)),
          .actor = row.Get<std::string>(4),
          .text = row.Get<std::string>(5),
          .channel = row.Get<int>(6),
          .external_id = row.Get<std::string>(7),
          .mentions = row.Get<std::vector<std::string>>(8),
          .copied_from_id = row.Get<std::optional<Uuid>>(9),
          .create_time = row.Get<Time>(10),
          .attachment_ids = row.Get<std::vector<Uuid>>(11)};
}

TicketEvent ReadEvent(const postgres::Row& row) {
  TicketEvent event{.sequence = row.Get<std::int64_t>(0),
                    .kind = row.Get<std::string>(1),
                    .time = row.Get<Time>(2),
                    .author = static_cast<AuthorKind>(row.Get<int>(3)),
                    .actor = row.Get<std::string>(4),
                    .state = static_cast<TicketState>(row.Get<int>(6)),
                    .priority = static_cast<TicketPriority>(row.Get<int>(7)),
                    .details = MapFromJson(row.Text(8))};
  if (!row.IsNull(5)) event.message_kind = static_cast<MessageKind>(row.Get<int>(5));
  return event;
}

absl::StatusOr<std::set<Uuid>> InsertTickets(postgres::Tx& tx, const std::vector<Ticket*>& tickets) {
  std::vector<std::vector<postgres::Param>> params;
  std::map<Uuid, Ticket*> by_id;
  for (Ticket* ticket : tickets) {
    params.push_back(TicketParams(*ticket));
    by_id.emplace(ticket->id, ticket);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, params.size() == 1
                                                          ? tx.ExecuteParams(kInsertTicket, params.front())
                                                          : tx.ExecuteParams(kInsertTickets, ColumnsOf(params)));
  std::set<Uuid> inserted;
  for (int i = 0; i < rows.size(); ++i) {
    const Uuid id = rows[i].Get<Uuid>(0);
    by_id.at(id)->number = rows[i].Get<std::int64_t>(1);
    inserted.insert(id);
  }
  return inserted;
}

absl::Status UpdateTickets(postgres::Tx& tx, const std::vector<const Ticket*>& tickets) {
  std::vector<std::vector<postgres::Param>> rows;
  for (const Ticket* ticket : tickets) rows.push_back(TicketParams(*ticket));
  return tx.ExecuteParams(kUpdateTickets, ColumnsOf(rows)).status();
}

absl::Status UpdateTicketsSla(postgres::Tx& tx, const std::vector<Ticket>& tickets) {
  std::vector<std::vector<postgres::Param>> rows;
  for (const Ticket& ticket : tickets) {
    const TicketSla& sla = ticket.sla;
    rows.push_back({ticket.id, sla.policy_id, sla.revision, ClocksToJson(sla.clocks), sla.next_due_time, sla.breached,
                    std::vector<std::string>(sla.told.begin(), sla.told.end()), sla.timer_time});
  }
  return tx.ExecuteParams(kUpdateTicketsSla, ColumnsOf(rows)).status();
}

absl::StatusOr<std::optional<Ticket>> FindTicket(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindTicket, id));
  if (rows.empty()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(Ticket ticket, ReadTicket(rows[0]));
  return std::optional(std::move(ticket));
}

namespace {
absl::StatusOr<std::map<Uuid, Ticket>> TicketsBy(const postgres::Statement& statement, postgres::Tx& tx,
                                                 const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, ids));
  ESNAF_ASSIGN_OR_RETURN(std::vector<Ticket> tickets, ReadTickets(rows));
  std::map<Uuid, Ticket> found;
  for (Ticket& ticket : tickets) found.emplace(ticket.id, std::move(ticket));
  return found;
}
}  // namespace

absl::StatusOr<std::map<Uuid, Ticket>> FindTickets(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  return TicketsBy(kFindTickets, tx, ids);
}
absl::StatusOr<std::map<Uuid, Ticket>> LockTickets(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  return TicketsBy(kLockTickets, tx, ids);
}

absl::StatusOr<std::vector<Ticket>> LockDueForSla(postgres::Tx& tx, Time now, std::int64_t revision, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result due, tx.Execute(kLockDueTimers, now, limit));
  if (!due.empty()) return ReadTickets(due);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result outdated, tx.Execute(kLockOutdated, revision, limit));
  return ReadTickets(outdated);
}

absl::StatusOr<std::vector<Ticket>> LockDueToWake(postgres::Tx& tx, Time now, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockDueToWake, now, limit));
  return ReadTickets(rows);
}

absl::Status AddMessages(postgres::Tx& tx, const std::vector<TicketMessage>& messages) {
  if (messages.empty()) return absl::OkStatus();
  std::vector<Uuid> ids, tickets;
  std::vector<int> kinds, authors, channels;
  std::vector<std::string> actors, texts, folded, external_ids, mentions;
  std::vector<std::optional<Uuid>> copies;
  std::vector<Time> times;
  for (const TicketMessage& message : messages) {
    ids.push_back(message.id);
    tickets.push_back(message.ticket_id);
    kinds.push_back(static_cast<int>(message.kind));
    authors.push_back(static_cast<int>(message.author));
    actors.push_back(message.actor);
    texts.push_back(message.text);
    folded.push_back(FoldName(message.text));
    channels.push_back(message.channel);
    external_ids.push_back(message.external_id);
    // An array of arrays would have to be rectangular, so each is the text of one.
    mentions.push_back(*postgres::Param(message.mentions).text());
    copies.push_back(message.copied_from_id);
    times.push_back(message.create_time);
  }
  return tx
      .Execute(kAddMessages, ids, tickets, kinds, authors, actors, texts, folded, channels, external_ids, mentions,
               copies, times)
      .status();
}

absl::StatusOr<std::optional<TicketMessage>> FindMessage(postgres::Tx& tx, const Uuid& ticket_id,
                                                         const std::string& external_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindMessage, ticket_id, external_id));
  if (rows.empty()) return std::nullopt;
  return std::optional(ReadMessage(rows[0]));
}

absl::StatusOr<std::vector<TicketMessage>> FindMessages(postgres::Tx& tx, const Uuid& ticket_id,
                                                        const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindMessages, ticket_id, ids));
  std::vector<TicketMessage> messages;
  for (int i = 0; i < rows.size(); ++i) messages.push_back(ReadMessage(rows[i]));
  return messages;
}

absl::Status AddEvents(postgres::Tx& tx, const std::vector<std::pair<Uuid, const TicketEvent*>>& events) {
  std::vector<std::vector<postgres::Param>> rows;
  for (const auto& [ticket_id, event] : events) {
    std::optional<int> message_kind;
    if (event->message_kind) message_kind = static_cast<int>(*event->message_kind);
    rows.push_back({ticket_id, event->sequence, event->kind, event->time, static_cast<int>(event->author), event->actor,
                    message_kind, static_cast<int>(event->state), static_cast<int>(event->priority),
                    MapToJson(event->details)});
  }
  return tx.ExecuteParams(kAddEvents, ColumnsOf(rows)).status();
}

absl::StatusOr<std::map<Uuid, std::vector<SlaFact>>> FactsOf(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFacts, ids));
  std::map<Uuid, std::vector<SlaFact>> facts;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    SlaFact fact{.time = row.Get<Time>(1),
                 .author = static_cast<AuthorKind>(row.Get<int>(2)),
                 .state = static_cast<TicketState>(row.Get<int>(4)),
                 .priority = static_cast<TicketPriority>(row.Get<int>(5))};
    if (!row.IsNull(3)) fact.message = static_cast<MessageKind>(row.Get<int>(3));
    facts[row.Get<Uuid>(0)].push_back(fact);
  }
  return facts;
}

absl::StatusOr<SupportSums> SumTickets(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                       const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kSums, contacts, store_ids));
  SupportSums sums{.tickets = rows[0].Get<std::int64_t>(0),
                   .open = rows[0].Get<std::int64_t>(1),
                   .breached = rows[0].Get<std::int64_t>(2),
                   .last_message_time = rows[0].Get<std::optional<Time>>(3)};
  if (sums.open == 0) return sums;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result newest, tx.Execute(kNewestOpen, contacts, store_ids));
  ESNAF_ASSIGN_OR_RETURN(sums.newest_open, ReadTickets(newest));
  return sums;
}

}  // namespace esnaf::support
