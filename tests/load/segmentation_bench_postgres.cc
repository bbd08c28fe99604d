// What the service does with Postgres: the start, the writing of scores, the counting of segments, and events.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "absl/strings/str_format.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/migrations/segmentation.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "libs/postgres/migrate.h"
#include "services/segmentation/orders_consumer.h"
#include "services/segmentation/people/person_loader.h"
#include "services/segmentation/rfm/rfm_computation.h"
#include "services/segmentation/segmentation.h"
#include "services/segmentation/segments/membership_updater.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/value/value_fitter.h"
#include "tests/load/segmentation_bench.h"

namespace esnaf::segmentation::bench {
namespace {

// What a process says of itself in /proc.
struct ProcessStat {
  int parent = 0;
  double own_seconds = 0;
  double ended_children_seconds = 0;
};
std::optional<ProcessStat> StatOf(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  // The name may hold anything, up to the last parenthesis; the parent is the second field behind it.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  ProcessStat stat;
  fields >> skipped >> stat.parent;
  for (int i = 0; i < 9; ++i) fields >> skipped;
  double user = 0, system = 0, children_user = 0, children_system = 0;
  fields >> user >> system >> children_user >> children_system;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  stat.own_seconds = (user + system) / ticks;
  stat.ended_children_seconds = (children_user + children_system) / ticks;
  return stat;
}

// Postgres works too, in processes of its own on this machine, whose times are added to those of this one.
class ServerMeter {
 public:
  explicit ServerMeter(postgres::Connection& connection) {
    const absl::StatusOr<int> backend =
        connection.Run({.autocommit = true, .read_only = true}, [](postgres::Tx& tx) -> absl::StatusOr<int> {
          ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic("SELECT pg_backend_pid()", {}));
          return rows[0].Get<int>(0);
        });
    if (!backend.ok()) return;
    if (const std::optional<ProcessStat> stat = StatOf(*backend)) postmaster_ = stat->parent;
    begun_ = Seconds();
  }
  double Read() const { return Seconds() - begun_; }

 private:
  double Seconds() const {
    const std::optional<ProcessStat> postmaster = StatOf(postmaster_);
    if (postmaster_ == 0 || !postmaster) return 0;
    double seconds = postmaster->own_seconds + postmaster->ended_children_seconds;
    for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      int pid = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
      const std::optional<ProcessStat> stat = StatOf(pid);
      if (stat && stat->parent == postmaster_) seconds += stat->own_seconds;
    }
    return seconds;
  }

  int postmaster_ = 0;
  double begun_ = 0;
};

// Nothing but the clock can say that a bound is kept which two kinds of processes share.
void PrintClock(const std::string& what, const Took& took, double server_seconds, double unit_seconds, const char* unit,
                double bound) {
  PrintNumber(what, took.wall_seconds / unit_seconds, unit, bound);
  std::printf("  processors: %.3f %s, and those of Postgres: %.3f %s\n", took.cpu_seconds / unit_seconds, unit,
              server_seconds / unit_seconds, unit);
}

// Customers with five orders of two lines each, made by Postgres itself.
constexpr const char* kFill = R"sql(
INSERT INTO person_profile
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 1, false, now() - i % 700 * interval '1 day', now(),
       'ad' || i % 3000, 'soyad' || i % 30000, '', 'tr-TR', 'customer', '', 'TR', 'il' || i % 81, i % 5 > 0, i % 2 > 0,
       ARRAY['tag' || i % 20], ''
  FROM generate_series(1, $1::bigint) AS i;
)sql";
constexpr const char* kFillOrders = R"sql(
INSERT INTO purchase (order_id, contact_id, store_id, place_time, currency_code, kind, cancelled, net_value_minor,
                      gross_value_minor, counts_net, counts_gross, version, channel, completed, lines)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(i), 12, '0'))::uuid,
       ('00000000-0000-7000-8000-' || lpad(to_hex(i * 7919 % $1::bigint + 1), 12, '0'))::uuid, 'web',
       now() - i % 1051200 * interval '1 minute', 'TRY', 1, i % 25 = 0, 1000 + i % 200000, 1000 + i % 200000, true, true, 1,
       'web', true, format(E'SKU%s\tGiyim/Elbise\tmarka%s\t\t1\t%s\nSKU%s\tEv/Mutfak\tmarka%s\tsatici1\t2\t500\n',
                           i % 20000, i % 200, 500 + i % 200000, i * 31 % 20000, i % 150)
  FROM generate_series(1, 5 * $1::bigint) AS i;
)sql";

// Who was asked whether mails may come, and said so.
constexpr const char* kFillConsents = R"sql(
INSERT INTO person_consent
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'marketing', channel, i % 3 > 0, now(), now(),
       ('00000000-0000-7000-a000-' || lpad(to_hex(i), 12, '0'))::uuid
  FROM generate_series(1, $1::bigint) AS i, unnest(ARRAY['eposta', 'mesaj']) AS channel;
)sql";

absl::Status Fill(postgres::Connection& connection, int customer_count) {
  return connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic(kFill, {customer_count}).status());
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic(kFillOrders, {customer_count}).status());
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic(kFillConsents, {customer_count}).status());
    // As autovacuum does in a database that lives.
    return tx.ExecuteDynamic("ANALYZE", {}).status();
  });
}

// A computation of everybody by the table in memory, and the writing of all scores; then one a day later, which writes
// those that differ.
absl::Status MeasureComputation(postgres::Connection& connection, PersonTableKeeper& keeper, const char* what,
                                Time now) {
  RfmComputer computer(&keeper);
  const ServerMeter server(connection);
  const Meter meter;
  ESNAF_ASSIGN_OR_RETURN(const Computation computation, connection.Run({}, [&](postgres::Tx& tx) {
    return computer.Compute(tx, "default", Reference::Now(now), OwnCause(now));
  }));
  const Took first = meter.Read();
  const double first_server = server.Read();
  int pieces = 1;
  for (bool pending = computation.pending; pending; ++pieces) {
    ESNAF_ASSIGN_OR_RETURN(pending, connection.Run({}, [&](postgres::Tx& tx) {
      return computer.WritePiece(tx, "default", OwnCause(now));
    }));
  }
  PrintClock(what, first, first_server, 1, "s", 600);
  const Took all = meter.Read();
  std::printf(
      "  until all that differs is written, by %d transactions: %.1f s; processors %.1f s, and of Postgres %.1f s\n",
      pieces, all.wall_seconds, all.cpu_seconds, server.Read());
  return absl::OkStatus();
}

api::v1::Event OrderEvent(std::uint64_t number, int customer_count) {
  orders::v1::OrderChanged changed;
  orders::v1::Order& order = *changed.mutable_order();
  order.set_id(Uuid::FromName("bench", std::to_string(number)).ToString());
  order.set_contact_id(
      absl::StrFormat("00000000-0000-7000-8000-%012x", 1 + number * 7919 % static_cast<std::uint64_t>(customer_count)));
  order.set_store_id("web");
  order.set_currency_code("TRY");
  order.set_kind(orders::v1::ORDER_KIND_SALE);
  order.set_state(orders::v1::ORDER_STATE_OPEN);
  *order.mutable_place_time() = api::ToProto(SystemClock().Now());
  order.mutable_totals()->set_gross(5000);
  order.mutable_totals()->set_net(5000);
  orders::v1::OrderLine& line = *order.add_lines();
  line.set_sku("SKU" + std::to_string(number % 20000));
  line.set_quantity(1);
  line.mutable_amount()->set_minor(5000);
  api::v1::Event event;
  event.set_id(order.id());
  event.set_aggregate_id(order.id());
  event.set_aggregate_version(1);
  event.set_type(changed.GetTypeName());
  event.set_payload(changed.SerializeAsString());
  return event;
}

absl::Status CreateSegments(postgres::Connection& connection, PersonTableKeeper& keeper) {
  int number = 0;
  for (const std::string& text : TwentyRules()) {
    ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
      const Segment segment{.id = "s" + std::to_string(++number), .rule = ReadRule(text)};
      const Time now = SystemClock().Now();
      ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
      ESNAF_RETURN_IF_ERROR(InsertSegment(tx, segment, now).status());
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, segment.id));
      return SegmentCounter(keeper).Count(tx, record, OwnCause(now));
    }));
  }
  return absl::OkStatus();
}

// What a consumer does with events, twenty segments included: one at a time, and many.
absl::Status MeasureEvents(postgres::Connection& connection, int customer_count) {
  PersonTableKeeper keeper;
  ESNAF_RETURN_IF_ERROR(keeper.Load(connection));
  const Time now = SystemClock().Now();
  ESNAF_RETURN_IF_ERROR(MeasureComputation(connection, keeper, "first RFM of everybody", now));
  ESNAF_RETURN_IF_ERROR(MeasureComputation(connection, keeper, "RFM a day later", now + std::chrono::hours(24)));
  {
    const ServerMeter server(connection);
    const Meter meter;
    ESNAF_RETURN_IF_ERROR(CreateSegments(connection, keeper));
    PrintClock("20 segments created and counted", meter.Read(), server.Read(), 1, "s", 600);
  }
  std::uint64_t number = 0;
  absl::Status status;
  const auto apply = [&](int count) {
    std::vector<api::v1::Event> events;
    for (int i = 0; i < count; ++i) events.push_back(OrderEvent(++number, customer_count));
    const absl::Status applied =
        connection.Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, events, SystemClock().Now()); });
    if (!applied.ok()) status = applied;
  };
  const auto measure = [&](const char* what, int times, int count, double bound_milliseconds) {
    apply(count);
    const ServerMeter server(connection);
    // One more than the median is of, for it warms up first.
    const Took took = MedianOf(times, [&] { apply(count); });
    PrintClock(what, took, server.Read() / (times + 1), 1e-3, "ms", bound_milliseconds);
    return took;
  };
  measure("one order event, 20 segments, median", 101, 1, 20);
  // As the bound says it: 5,000 a second.
  const Took batch = measure("500 order events in a transaction, median", 21, 500, 100);
  std::printf("  %.0f a second\n", 500 / batch.wall_seconds);
  const Took large = measure("2,000 order events in a transaction, median", 5, 2000, 400);
  std::printf("  %.0f a second\n", 2000 / large.wall_seconds);
  return status;
}

absl::Status Prepare(const PostgresRun& run, postgres::ConnectionOptions& options) {
  postgres::Connection plain(options);
  ESNAF_RETURN_IF_ERROR(postgres::Migrate(
      plain, {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::segmentation()}));
  options.components = {"runtime", "events", "identity", "segmentation"};
  if (run.filled) return absl::OkStatus();
  postgres::Connection connection(options);
  ESNAF_RETURN_IF_ERROR(EnsureDefaultPolicy(connection, SystemClock().Now()));
  ESNAF_RETURN_IF_ERROR(EnsureDefaultValueModel(connection, SystemClock().Now()));
  return Fill(connection, run.customer_count);
}

// How long the start takes, and what comes after it.
absl::Status Measure(const PostgresRun& run) {
  postgres::ConnectionOptions options{.connection_string = run.connection_string, .schema = run.schema};
  options.statement_timeout = std::chrono::minutes(30);
  options.idle_in_transaction_timeout = std::chrono::minutes(30);
  ESNAF_RETURN_IF_ERROR(Prepare(run, options));
  postgres::Connection connection(options);
  {
    PersonTable table;
    const ServerMeter server(connection);
    const Meter meter;
    ESNAF_RETURN_IF_ERROR(LoadEverybody(connection, table));
    const Took took = meter.Read();
    std::printf("%u people\n", table.person_count());
    PrintClock("loading everybody from Postgres", took, server.Read(), 1, "s", 30);
    PrintMemory(table);
  }
  return run.only_load ? absl::OkStatus() : MeasureEvents(connection, run.customer_count);
}

}  // namespace

int MeasurePostgres(const PostgresRun& run) {
  const absl::Status status = Measure(run);
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace esnaf::segmentation::bench
