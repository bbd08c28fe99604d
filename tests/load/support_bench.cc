// Measures the help desk over generated tickets in a database of its own: the queue of an agent, views' counts,
// searches, and deadlines reckoned anew; prints each number beside its bound.
#include <cstdio>
#include <iostream>
#include <random>

#include "CLI/CLI.hpp"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/migrations/support.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/postgres/migrate.h"
#include "services/support/sla/past_tickets.h"
#include "services/support/tickets/ticket_list.h"
#include "services/support/tickets/ticket_writer.h"
#include "services/support/views/ticket_view_service.h"

namespace esnaf::support {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr int kMessagesPerTicket = 5;
constexpr int kWords = 20'000;
const Time kYear = *ParseRfc3339("2025-11-22T00:00:00Z");

void Print(const std::string& what, double value, double bound) {
  std::printf("%-60s %10.4f s      bound %g%s\n", what.c_str(), value, bound, value <= bound ? "" : "  MISSED");
  std::fflush(stdout);
}

// A word of a language that nobody speaks: three syllables, the same for the same number.
std::string Word(std::uint64_t number) {
  constexpr std::string_view kConsonants = "bcdfghjklmnprstvyz", kVowels = "aeiou";
  std::uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15u;
  std::string word;
  for (int i = 0; i < 3; ++i) {
    word += kConsonants[(mixed >> 40) % kConsonants.size()];
    word += kVowels[(mixed >> 50) % kVowels.size()];
    mixed *= 0x9E3779B97F4A7C15u;
  }
  return word;
}

// Few words are said often: the first in a quarter of all messages, the last in one of some thousands.
std::uint64_t AnyWord(std::mt19937_64& random) {
  const double share = std::uniform_real_distribution<double>(0, 1)(random);
  return static_cast<std::uint64_t>(kWords * share * share * share);
}

// Every ticket's id follows from its number, so that messages and events can name it.
Uuid TicketId(std::int64_t number) { return Uuid::FromName("bench", std::to_string(number)); }

// What a message says; the first of a ticket names its order.
std::string TextOf(std::mt19937_64& random, std::int64_t ticket, int place) {
  std::string text = place == 0 ? absl::StrCat("siparis ", 70'000'000 + ticket) : "";
  for (int i = 0; i < 8; ++i) absl::StrAppend(&text, text.empty() ? "" : " ", Word(AnyWord(random)));
  return text;
}

// One in twenty is still worked on. 200 agents in ten teams; each property is spread for itself. As in life, rows lie
// in the order in which they came to be.
constexpr const char* kTickets = R"sql(
INSERT INTO ticket (id, number, store_id, subject, search_text, contact_id, channel, state, priority, type, team, assignee,
                    tags, custom_fields, followers, order_line_id, seller_id, product_id, message_count, reopen_count,
                    last_customer_time, last_agent_time, solve_time, version, create_time, update_time)
SELECT id, number, 'web', subject, subject, md5('person' || number / 3)::uuid, 2,
       CASE WHEN is_open THEN 1 + abs(hashint8(number + 1000000007) % 5) ELSE 7 END,
       1 + abs(hashint8(number + 2000000011) % 4), 'question', 'team' || agent % 10, 'user:agent' || agent,
       ARRAY['tag' || number % 50], '{}', '{}', '', '', '', 5, 0, time, time, CASE WHEN is_open THEN NULL ELSE time END, 6,
       time, time
  FROM (SELECT *, number % 20 = 0 AS is_open, abs(hashint8(number + 3000000019) % 200) AS agent,
               '2025-11-22'::timestamptz + number * 7919 % 525600 * interval '1 minute' AS time
          FROM bench_key) AS k
 ORDER BY time
)sql";
constexpr const char* kEvents = R"sql(
INSERT INTO ticket_event (ticket_id, sequence, kind, happen_time, author, actor, message_kind, state, priority, details)
SELECT t.id, s, CASE WHEN s = 1 THEN 'created' WHEN s = 6 THEN 'state' ELSE 'message' END,
       t.create_time + (s - 1) * interval '2 hours', CASE WHEN s IN (1, 3, 5) THEN 1 ELSE 2 END, 'user:a',
       CASE WHEN s < 6 THEN 1 END, CASE WHEN s < 6 THEN CASE WHEN s = 1 THEN 1 ELSE 2 END ELSE t.state END, t.priority, '{}'
  FROM ticket t, generate_series(1, 6) AS s
 ORDER BY 4
)sql";

absl::Status Script(postgres::Connection& connection, const std::string& sql) {
  return connection.Run({}, [&](postgres::Tx& tx) { return tx.ExecuteScript(sql); });
}

absl::Status CopyMessages(postgres::Connection& connection, std::int64_t from, std::int64_t to,
                          std::mt19937_64& random) {
  std::vector<std::vector<postgres::Param>> rows;
  for (std::int64_t ticket = from; ticket < to; ++ticket) {
    for (int place = 0; place < kMessagesPerTicket; ++place) {
      const std::string text = TextOf(random, ticket, place);
      const Time time = kYear + std::chrono::minutes(ticket * 7919 % 525600) + std::chrono::hours(2 * place);
      rows.push_back({Uuid::FromName("bench.message", absl::StrCat(ticket, ":", place)), TicketId(ticket), 1,
                      place % 2 == 0 ? 1 : 2, "user:a", text, text, 2, "", "{}", time});
    }
  }
  return connection.Run({}, [&](postgres::Tx& tx) {
    return tx.Copy("ticket_message",
                   {"id", "ticket_id", "kind", "author", "actor", "text", "folded_text", "channel", "external_id",
                    "mentions", "create_time"},
                   rows);
  });
}

// Without the indexes that words are found by, which are made behind it.
absl::Status Fill(postgres::Connection& connection, std::int64_t tickets) {
  std::mt19937_64 random(20261122);
  ESNAF_RETURN_IF_ERROR(Script(connection,
                               "CREATE TABLE bench_key (number bigint, id uuid, subject text);"
                               "ALTER TABLE ticket_message DROP CONSTRAINT ticket_message_ticket_id_fkey;"
                               "ALTER TABLE ticket_event DROP CONSTRAINT ticket_event_ticket_id_fkey;"
                               "DROP INDEX ticket_search; DROP INDEX ticket_message_search"));
  for (std::int64_t from = 0; from < tickets; from += 20'000) {
    const std::int64_t to = std::min(tickets, from + 20'000);
    std::vector<std::vector<postgres::Param>> keys;
    for (std::int64_t number = from; number < to; ++number) {
      const std::string subject = absl::StrCat(Word(AnyWord(random)), " ", Word(AnyWord(random)));
      keys.push_back({number + 1, TicketId(number), subject});
    }
    ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) {
      return tx.Copy("bench_key", {"number", "id", "subject"}, keys);
    }));
    ESNAF_RETURN_IF_ERROR(CopyMessages(connection, from, to, random));
  }
  ESNAF_RETURN_IF_ERROR(Script(connection, kTickets));
  ESNAF_RETURN_IF_ERROR(Script(connection, kEvents));
  ESNAF_RETURN_IF_ERROR(
      Script(connection,
             "SET LOCAL maintenance_work_mem = '512MB';"
             "CREATE INDEX ticket_search ON ticket USING gin (search_text gin_trgm_ops);"
             "CREATE INDEX ticket_message_search ON ticket_message USING gin (folded_text gin_trgm_ops)"));
  return connection.Run({.autocommit = true},
                        [](postgres::Tx& tx) { return tx.ExecuteDynamic("VACUUM ANALYZE", {}).status(); });
}

struct Bench {
  explicit Bench(postgres::Connection& own) : connection(own) {}

  runtime::Call MakeCall(int agent) {
    runtime::CallInfo info{.method = "bench", .deadline = SystemClock().Now() + std::chrono::minutes(5)};
    info.caller = {.kind = runtime::Caller::Kind::kStaff, .actor = absl::StrCat("user:agent", agent % 200)};
    return runtime::Call(info, SystemClock(), connection);
  }
  // The median and the slowest of some calls, each of another agent.
  template <typename Ask>
  absl::Status Measure(const std::string& what, double bound, int times, Ask ask) {
    std::vector<double> all;
    for (int i = 0; i < times; ++i) {
      runtime::Call call = MakeCall(i * 37);
      const auto start = std::chrono::steady_clock::now();
      ESNAF_RETURN_IF_ERROR(ask(call, i));
      all.push_back(Seconds(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(all.begin(), all.end());
    Print(absl::StrCat(what, ", median"), all[all.size() / 2], bound);
    std::printf("  slowest of %d: %.4f s\n", times, all.back());
    return absl::OkStatus();
  }
  absl::Status List(runtime::Call& call, const v1::ListTicketsRequest& request) {
    return ListPage(call, request).status();
  }

  absl::Status Queues() {
    TicketViewService views;
    const std::vector<std::pair<std::string, std::string>> kinds = {
        {"mine", "assignee = \"$me\" AND (state = NEW OR state = OPEN)"},
        {"team", "team = team3 AND (state = NEW OR state = OPEN)"},
        {"due", "state = OPEN AND priority = URGENT"},
        {"all-open", "state = NEW OR state = OPEN OR state = PENDING_CUSTOMER"},
        {"breached", "breached = true AND state = OPEN"}};
    for (const auto& [id, filter] : kinds) {
      runtime::Call call = MakeCall(0);
      v1::GetTicketViewRequest get;
      get.set_id(id);
      if (views.GetTicketView(call, get).ok()) continue;
      v1::CreateTicketViewRequest request;
      request.mutable_view()->set_id(id);
      request.mutable_view()->set_display_name(id);
      request.mutable_view()->set_filter(filter);
      request.mutable_view()->set_order_by("next_due_time");
      ESNAF_RETURN_IF_ERROR(views.CreateTicketView(call, request).status());
    }
    for (const auto& [id, filter] : kinds) {
      ESNAF_RETURN_IF_ERROR(Measure("queue `" + id + "`", 0.02, 101, [&, id = id](runtime::Call& call, int) {
        v1::ListTicketsOfViewRequest request;
        request.set_view_id(id);
        return views.ListTicketsOfView(call, request).status();
      }));
    }
    return Measure("counts of the five views", 0.1, 51, [&](runtime::Call& call, int) {
      return views.CountTicketViews(call, v1::CountTicketViewsRequest()).status();
    });
  }

  absl::Status Searches(std::int64_t tickets) {
    std::mt19937_64 random(7);
    const auto search = [&](const std::string& what, auto words) {
      return Measure("search for " + what, 0.1, 31, [&](runtime::Call& call, int) {
        v1::ListTicketsRequest request;
        request.set_query(words());
        return List(call, request);
      });
    };
    const auto any = [&](std::uint64_t from, std::uint64_t to) { return Word(from + random() % (to - from)); };
    ESNAF_RETURN_IF_ERROR(search("an order's number", [&] {
      return std::to_string(70'000'000 + random() % static_cast<std::uint64_t>(tickets));
    }));
    ESNAF_RETURN_IF_ERROR(search("a word of one message in thousands", [&] { return any(2'000, kWords); }));
    ESNAF_RETURN_IF_ERROR(search("a word of one message in hundreds", [&] { return any(20, 200); }));
    ESNAF_RETURN_IF_ERROR(search("a word of one message in ten", [&] { return any(0, 4); }));
    return search("a rare and a frequent word", [&] { return any(2'000, kWords) + " " + any(0, 20); });
  }

  absl::Status Deadlines() {
    TicketWriter writer;
    ESNAF_RETURN_IF_ERROR(Script(connection, "UPDATE sla_revision SET revision = revision + 1"));
    const auto start = std::chrono::steady_clock::now();
    for (bool more = true; more;) {
      ESNAF_ASSIGN_OR_RETURN(
          more, connection.Run({}, [&](postgres::Tx& tx) { return writer.TellSomeDue(tx, SystemClock().Now()); }));
    }
    Print("all that are worked on follow another promise", Seconds(std::chrono::steady_clock::now() - start).count(),
          30);
    return absl::OkStatus();
  }

  absl::Status Replay() {
    ESNAF_ASSIGN_OR_RETURN(const auto book, connection.Run({}, [](postgres::Tx& tx) { return ReadBook(tx, nullptr); }));
    std::int64_t tickets = 0, breached = 0;
    const Time end = kYear + std::chrono::days(366);
    const auto start = std::chrono::steady_clock::now();
    ESNAF_RETURN_IF_ERROR(connection.Run({.read_only = true}, [&](postgres::Tx& tx) {
      return VisitPastTickets(
          tx, {.start = kYear, .end = end}, [] { return false; },
          [&](const PastTicket& ticket) {
            ++tickets;
            const SlaPolicy& policy = book->policies.front();
            for (const ClockStatus& clock : ReckonClocks(policy, book->HoursOf(policy), ticket.facts, end)) {
              breached += clock.breach_time ? 1 : 0;
            }
          });
    }));
    Print(absl::StrCat("deadlines of ", tickets, " tickets reckoned from their trail"),
          Seconds(std::chrono::steady_clock::now() - start).count(), 30);
    std::printf("  %lld breaches\n", static_cast<long long>(breached));
    return absl::OkStatus();
  }

  postgres::Connection& connection;
};

absl::Status Run(const std::string& connection_string, const std::string& schema, std::int64_t tickets, bool filled) {
  postgres::ConnectionOptions options{.connection_string = connection_string, .schema = schema};
  options.statement_timeout = std::chrono::minutes(30);
  options.idle_in_transaction_timeout = std::chrono::minutes(30);
  postgres::Connection plain(options);
  ESNAF_RETURN_IF_ERROR(postgres::Migrate(
      plain, {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::support()}));
  options.components = {"runtime", "events", "identity", "support"};
  postgres::Connection connection(options);
  if (!filled) {
    const auto start = std::chrono::steady_clock::now();
    ESNAF_RETURN_IF_ERROR(Fill(connection, tickets));
    std::printf("%lld tickets, %lld messages, made in %.0f s\n", static_cast<long long>(tickets),
                static_cast<long long>(tickets * kMessagesPerTicket),
                Seconds(std::chrono::steady_clock::now() - start).count());
  }
  Bench bench(connection);
  ESNAF_RETURN_IF_ERROR(bench.Deadlines());
  ESNAF_RETURN_IF_ERROR(bench.Replay());
  ESNAF_RETURN_IF_ERROR(Script(connection, "ANALYZE ticket"));
  ESNAF_RETURN_IF_ERROR(bench.Queues());
  return bench.Searches(tickets);
}

}  // namespace
}  // namespace esnaf::support

int main(int argc, char** argv) {
  CLI::App app("Measures the help desk over generated tickets.");
  std::int64_t tickets = 1'000'000;
  std::string connection_string, schema;
  app.add_option("--tickets", tickets, "How many tickets, of five messages each")->check(CLI::Range(1'000, 10'000'000));
  app.add_option("--postgres", connection_string, "A connection string")->required();
  app.add_option("--schema", schema, "An empty schema of that database")->required();
  bool filled = false;
  app.add_flag("--filled", filled, "The schema is as an earlier run with as many tickets left it");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = esnaf::support::Run(connection_string, schema, tickets, filled);
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
