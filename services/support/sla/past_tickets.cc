#include "services/support/sla/past_tickets.h"

#include <future>

#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

constexpr int kAtOnce = 2000;

// All of a ticket's facts are one value: of each its time, in eight bytes, and in two more what happened and how the
// ticket stood from there on.
constexpr int kFactBytes = 10;
// Times count from the first moment of 2000 there.
constexpr std::int64_t kPostgresEpochMicros = 946'684'800'000'000;
constexpr int kMessageShift = 2, kPriorityShift = 4, kStateShift = 7;

const postgres::Statement kTickets("support", "past_tickets", R"sql(
SELECT t.id, t.number, t.create_time, t.priority, t.channel, t.type, t.team, t.store_id, t.tags, t.assignee, t.state,
       f.facts
  FROM (SELECT id, number, create_time, priority, channel, type, team, store_id, tags, assignee, state
          FROM ticket
         WHERE create_time >= $1 AND create_time < $2 AND (create_time, id) > ($1, $3::uuid) AND state NOT IN (8, 9)
           AND (cardinality($4::text[]) = 0 OR store_id = ANY ($4::text[]))
         ORDER BY create_time, id LIMIT $5) AS t
       CROSS JOIN LATERAL (
         SELECT string_agg(timestamptz_send(e.happen_time) ||
                             int2send(e.author + (coalesce(e.message_kind, 0::smallint) * 4::smallint) +
                                      (e.priority * 16::smallint) + (e.state * 128::smallint)), ''::bytea) AS facts
           FROM (SELECT * FROM ticket_event WHERE ticket_id = t.id ORDER BY sequence) AS e) AS f
 ORDER BY t.create_time, t.id
)sql");

// A whole number in network order.
template <typename T>
T ReadInteger(const char* data) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(static_cast<std::uint64_t>(value) << 8 | static_cast<std::uint8_t>(data[i]));
  }
  return value;
}

std::vector<SlaFact> ReadFacts(const std::string& bytes) {
  std::vector<SlaFact> facts;
  facts.reserve(bytes.size() / kFactBytes);
  for (std::size_t at = 0; at + kFactBytes <= bytes.size(); at += kFactBytes) {
    const int packed = ReadInteger<std::uint16_t>(bytes.data() + at + 8);
    const int message = packed >> kMessageShift & 3;
    SlaFact fact{.time = Time(Duration(ReadInteger<std::int64_t>(bytes.data() + at) + kPostgresEpochMicros)),
                 .author = static_cast<AuthorKind>(packed & 3),
                 .state = static_cast<TicketState>(packed >> kStateShift),
                 .priority = static_cast<TicketPriority>(packed >> kPriorityShift & 7)};
    if (message != 0) fact.message = static_cast<MessageKind>(message);
    facts.push_back(fact);
  }
  return facts;
}

PastTicket ReadPastTicket(const postgres::Row& row) {
  PastTicket ticket{.id = row.Get<Uuid>(0),
                    .number = row.Get<std::int64_t>(1),
                    .subject = {static_cast<TicketPriority>(row.Get<int>(3)), row.Get<int>(4), row.Get<std::string>(5),
                                row.Get<std::string>(6), row.Get<std::string>(7), row.Get<std::vector<std::string>>(8)},
                    .assignee = row.Get<std::string>(9),
                    .state = static_cast<TicketState>(row.Get<int>(10))};
  if (!row.IsNull(11)) ticket.facts = ReadFacts(row.Get<postgres::Bytes>(11).data);
  return ticket;
}

}  // namespace

absl::Status VisitPastTickets(postgres::Tx& tx, const PastTicketScope& scope, const std::function<bool()>& cancelled,
                              const std::function<void(const PastTicket&)>& visit) {
  const auto read = [&](Time from, const Uuid& after) {
    return tx.Execute(kTickets, from, scope.end, after, scope.store_ids, kAtOnce);
  };
  absl::StatusOr<postgres::Result> rows = read(scope.start, Uuid());
  while (true) {
    ESNAF_RETURN_IF_ERROR(rows.status());
    if (cancelled()) return absl::CancelledError("nobody waits for the answer any more");
    // While one piece is looked at, the database makes the next.
    std::future<absl::StatusOr<postgres::Result>> next;
    if (rows->size() == kAtOnce) {
      const postgres::Row last = (*rows)[kAtOnce - 1];
      next = std::async(std::launch::async, read, last.Get<Time>(2), last.Get<Uuid>(0));
    }
    for (int i = 0; i < rows->size(); ++i) {
      const PastTicket ticket = ReadPastTicket((*rows)[i]);
      if (!ticket.facts.empty()) visit(ticket);
    }
    if (!next.valid()) return absl::OkStatus();
    rows = next.get();
  }
}

}  // namespace esnaf::support
