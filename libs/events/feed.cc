#include "libs/events/feed.h"

#include <thread>

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/events/consumer_admin.h"

namespace esnaf::events {
namespace {

// The events behind a position and the horizon below which nothing can appear any more, of one snapshot: read apart, a
// transaction that ends in between would lie below the horizon without having been read. There is always one row; its
// event is NULL where nothing is new. The limits that are constant tell the planner how little is read: guessing from
// the table's size it would compile the query first, which takes half a second.
const postgres::Statement kRead("events", "read", R"sql(
  WITH batch AS (
    SELECT xact, seq, event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time,
           record_time, trace_parent, actor
    FROM (SELECT * FROM outbox
          WHERE (xact, seq) > ($1::text::xid8, $2::bigint) AND xact < pg_snapshot_xmin(pg_current_snapshot())
          ORDER BY xact, seq LIMIT 1000) nearest
    ORDER BY xact, seq
    LIMIT $3::int)
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text, (pruned.xact, pruned.seq) > ($1::text::xid8, $2::bigint),
         batch.xact::text, batch.seq, event_id, aggregate_type, aggregate_id, aggregate_version, type, payload,
         happen_time, record_time, trace_parent, actor
  FROM (SELECT xact, seq FROM outbox_pruned LIMIT 1) pruned LEFT JOIN batch ON true
  ORDER BY batch.xact, batch.seq
)sql");

// A consumer is known from its first subscription on, so that pruning waits for it. One of an earlier life of the data
// starts again, and so does one that takes what is kept.
const postgres::Statement kRegister("events", "register", R"sql(
  INSERT INTO feed_consumer (consumer, epoch, xact, seq) VALUES ($1, $2, $3, $4::bigint)
  ON CONFLICT (consumer) DO UPDATE
  SET epoch = EXCLUDED.epoch, xact = EXCLUDED.xact, seq = EXCLUDED.seq, update_time = now()
  WHERE feed_consumer.epoch <> EXCLUDED.epoch OR $5::boolean
)sql");

// Also backwards: an operator may have reset the consumer, which then needs what it would see again.
const postgres::Statement kAcknowledge("events", "acknowledge", R"sql(
  INSERT INTO feed_consumer (consumer, epoch, xact, seq) VALUES ($1, $2, $3, $4::bigint)
  ON CONFLICT (consumer) DO UPDATE
  SET epoch = EXCLUDED.epoch, xact = EXCLUDED.xact, seq = EXCLUDED.seq, update_time = now()
)sql");

// Deletes a prefix of the outbox only, so that "pruned up to" says all there is to say.
const postgres::Statement kPrune("events", "prune", R"sql(
  WITH oldest AS (
    SELECT xact, seq, record_time FROM outbox WHERE xact < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xact, seq LIMIT 1000),
  judged AS (
    SELECT xact, seq,
           bool_and(record_time < $1::timestamptz AND NOT EXISTS (
             SELECT FROM feed_consumer c WHERE c.epoch <> $2 OR (c.xact::xid8, c.seq) < (oldest.xact, oldest.seq)
           )) OVER (ORDER BY xact, seq) AS may_go
    FROM oldest),
  gone AS (
    DELETE FROM outbox USING judged
    WHERE outbox.xact = judged.xact AND outbox.seq = judged.seq AND judged.may_go
    RETURNING outbox.xact, outbox.seq),
  mark AS (
    UPDATE outbox_pruned SET xact = last.xact, seq = last.seq
    FROM (SELECT xact, seq FROM gone ORDER BY xact DESC, seq DESC LIMIT 1) last
    WHERE (outbox_pruned.xact, outbox_pruned.seq) < (last.xact, last.seq))
  SELECT count(*) FROM gone
)sql");

const postgres::Statement kConsumerLag("events", "consumer_lag", R"sql(
  SELECT consumer, COALESCE(extract(epoch FROM now() - (
           SELECT record_time FROM outbox WHERE (outbox.xact, outbox.seq) > (c.xact::xid8, c.seq)
           ORDER BY outbox.xact, outbox.seq LIMIT 1)), 0)::float8
  FROM feed_consumer c
)sql");

const postgres::Statement kHeldBack("events", "held_back", R"sql(
  SELECT COALESCE(extract(epoch FROM now() - min(record_time)), 0)::float8
  FROM outbox WHERE xact >= pg_snapshot_xmin(pg_current_snapshot())
)sql");

// The constant limit of kRead.
constexpr int kMostEvents = 1000;
// Far below what a message may hold: one more event of any size still fits.
constexpr std::size_t kAnswerBytes = 1024 * 1024;
// How soon to look again while a commit that was reported is not yet below the horizon.
constexpr std::chrono::milliseconds kFirstRetry{1};
constexpr std::chrono::milliseconds kLastRetry{50};
// A client that has gone does not wake anybody; it is noticed within this time.
constexpr std::chrono::milliseconds kCancelPoll{50};
// The limit of kPrune, which is constant for the same reason as kRead's.
constexpr int kPruneStep = 1000;
constexpr int kPruneSteps = 100;
constexpr std::chrono::seconds kMaintenancePeriod{10};

struct Place {
  std::uint64_t xact = 0;
  std::int64_t seq = 0;
};

struct OutboxEvent {
  Place place;
  api::v1::Event event;
};

// What one look at the outbox gave.
struct Look {
  std::uint64_t horizon = 0;
  bool pruned = false;
  std::vector<OutboxEvent> events;
};

OutboxEvent EventOf(const postgres::Row& row) {
  OutboxEvent found;
  found.place = {static_cast<std::uint64_t>(row.Get<std::int64_t>(2)), row.Get<std::int64_t>(3)};
  api::v1::Event& event = found.event;
  event.set_id(row.Get<std::string>(4));
  event.set_aggregate_type(row.Get<std::string>(5));
  event.set_aggregate_id(row.Get<std::string>(6));
  event.set_aggregate_version(row.Get<std::int64_t>(7));
  event.set_type(row.Get<std::string>(8));
  event.set_payload(row.Get<postgres::Bytes>(9).data);
  *event.mutable_happen_time() = api::ToProto(row.Get<Time>(10));
  *event.mutable_record_time() = api::ToProto(row.Get<Time>(11));
  event.set_trace_parent(row.Get<std::string>(12));
  event.set_actor(row.Get<std::string>(13));
  return found;
}

absl::StatusOr<Look> ReadOutbox(postgres::Connection& connection, const Place& after, int limit) {
  return connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) -> absl::StatusOr<Look> {
    ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, tx.Execute(kRead, std::to_string(after.xact), after.seq, limit));
    Look look;
    look.horizon = static_cast<std::uint64_t>(rows[0].Get<std::int64_t>(0));
    look.pruned = rows[0].Get<bool>(1);
    if (rows[0].IsNull(2)) return look;
    look.events.reserve(rows.size());
    for (int row = 0; row < rows.size(); ++row) look.events.push_back(EventOf(rows[row]));
    return look;
  });
}

// Sends what a look gave, in as many answers as its size needs. Moves `after` behind it. False where the client is
// gone.
bool Send(Look look, const std::string& epoch, std::uint64_t watermark, Place& after,
          runtime::StreamWriter<api::v1::SubscribeResponse>& writer) {
  api::v1::SubscribeResponse answer;
  std::size_t bytes = 0;
  const auto write = [&](std::uint64_t up_to) {
    answer.mutable_position()->set_epoch(epoch);
    answer.mutable_position()->set_xact(after.xact);
    answer.mutable_position()->set_seq(after.seq);
    answer.set_watermark_xact(up_to);
    return writer.Write(answer);
  };
  for (OutboxEvent& found : look.events) {
    const std::size_t size = found.event.ByteSizeLong();
    if (bytes > 0 && bytes + size > kAnswerBytes) {
      // The next event may be of the same transaction, which is then delivered in part only.
      if (!write(after.xact)) return false;
      answer.Clear();
      bytes = 0;
    }
    bytes += size;
    after = found.place;
    *answer.add_events() = std::move(found.event);
  }
  return write(watermark);
}

template <typename... More>
absl::Status Run(postgres::Connection& connection, const postgres::Statement& statement, const std::string& consumer,
                 const std::string& epoch, const Place& place, const More&... more) {
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    return tx.Execute(statement, consumer, epoch, std::to_string(place.xact), place.seq, more...).status();
  });
}

// Ends the subscriptions when the program stops.
class FeedCloser final : public runtime::Background {
 public:
  explicit FeedCloser(Feed& feed) : feed_(feed) {}
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop() override { feed_.Close(); }

 private:
  Feed& feed_;
};

}  // namespace

Feed::Feed(std::string epoch, FeedOptions options) : epoch_(std::move(epoch)), options_(options) {
  options_.max_batch = std::clamp(options_.max_batch, 1, kMostEvents);
}

void Feed::NotifyCommit(std::uint64_t xact) {
  {
    std::lock_guard lock(mutex_);
    ++signal_.generation;
    signal_.newest_xact = std::max(signal_.newest_xact, xact);
  }
  changed_.notify_all();
}

void Feed::Close() {
  {
    std::lock_guard lock(mutex_);
    signal_.closed = true;
  }
  changed_.notify_all();
  acknowledged_.notify_all();
}

runtime::RpcService Feed::Rpcs() {
  runtime::RpcService rpcs("esnaf.api.v1.EventFeedService");
  rpcs.ServerStream("Subscribe", this, &Feed::Subscribe);
  rpcs.Unary("Acknowledge", this, &Feed::Acknowledge);
  return rpcs;
}

Feed::Signal Feed::CurrentSignal() {
  std::lock_guard lock(mutex_);
  return signal_;
}

std::uint64_t Feed::AcknowledgementsOf(const std::string& consumer) {
  std::lock_guard lock(mutex_);
  return acknowledgements_[consumer];
}

void Feed::Gather(const runtime::Call& call, const std::string& consumer, std::uint64_t acknowledgements,
                  Moment earliest, Moment latest) {
  std::this_thread::sleep_until(earliest);
  std::unique_lock lock(mutex_);
  while (!signal_.closed && acknowledgements_[consumer] == acknowledgements && !call.cancelled()) {
    const Moment now = std::chrono::steady_clock::now();
    if (now >= latest) return;
    acknowledged_.wait_until(lock, std::min(latest, now + kCancelPoll));
  }
}

void Feed::WaitForWork(const runtime::Call& call, const Signal& seen, Moment latest) {
  std::unique_lock lock(mutex_);
  while (!signal_.closed && signal_.generation == seen.generation && !call.cancelled()) {
    const Moment now = std::chrono::steady_clock::now();
    if (now >= latest) return;
    changed_.wait_until(lock, std::min(latest, now + kCancelPoll));
  }
}

absl::Status Feed::CheckEpoch(const api::v1::FeedPosition& position) const {
  if (position.epoch() == epoch_) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "EPOCH_CHANGED",
      absl::StrCat("the position is of the epoch `", position.epoch(), "`, the data are of `", epoch_, "`"),
      {{"epoch", epoch_}});
}

absl::Status Feed::Subscribe(runtime::Call& call, const api::v1::SubscribeRequest& request,
                             runtime::StreamWriter<api::v1::SubscribeResponse>& writer) {
  if (request.consumer().empty()) return InvalidField("consumer", "must be given");
  if (request.max_batch_size() < 0) return InvalidField("max_batch_size", "must not be negative");
  const int limit =
      request.max_batch_size() == 0 ? options_.max_batch : std::min(request.max_batch_size(), options_.max_batch);
  Place after{request.after().xact(), request.after().seq()};
  const bool from_start = after.xact == 0 && after.seq == 0;
  if (!from_start) ESNAF_RETURN_IF_ERROR(CheckEpoch(request.after()));
  const bool from_oldest = from_start && request.from_oldest();
  ESNAF_RETURN_IF_ERROR(Run(call.connection(), kRegister, request.consumer(), epoch_, after, from_oldest));

  std::uint64_t told = 0;
  std::chrono::milliseconds retry = kFirstRetry;
  Gathering gathering(options_.gathering);
  Moment looked_before = std::chrono::steady_clock::now();
  while (true) {
    const Signal seen = CurrentSignal();
    const std::uint64_t acknowledgements = AcknowledgementsOf(request.consumer());
    if (seen.closed) return absl::UnavailableError("the feed closes");
    if (call.cancelled()) return absl::CancelledError("the consumer is gone");
    const Moment looked = std::chrono::steady_clock::now();
    ESNAF_ASSIGN_OR_RETURN(Look look, ReadOutbox(call.connection(), after, limit));
    const bool takes_what_is_kept = from_oldest && after.xact == 0 && after.seq == 0;
    if (look.pruned && !takes_what_is_kept) {
      return MakeError(absl::StatusCode::kOutOfRange, "POSITION_PRUNED", "events behind the position were pruned");
    }
    const int count = static_cast<int>(look.events.size());
    const bool full = count == limit;
    const bool any = count > 0;
    const std::uint64_t horizon = look.horizon;
    const std::uint64_t watermark = full ? look.events.back().place.xact : horizon;
    if (any || watermark > told) {
      if (!Send(std::move(look), epoch_, watermark, after, writer)) return absl::CancelledError("the consumer is gone");
      told = watermark;
    }
    if (full) continue;
    // A commit that was reported but is not below the horizon will be as soon as an older transaction ends.
    const bool held_back = seen.newest_xact >= horizon;
    if (any || !held_back) retry = kFirstRetry;
    // What holds it back is often a long transaction; looking at each commit meanwhile would find nothing each time.
    const std::chrono::milliseconds pause = any         ? gathering.Next(count, looked - looked_before)
                                            : held_back ? retry
                                                        : kFirstRetry;
    // Counted from the last look that gave events: one that came a moment late is no sign of load.
    if (any) looked_before = looked;
    Gather(call, request.consumer(), acknowledgements, looked + gathering.AtLeast(pause), looked + pause);
    WaitForWork(call, seen, looked + (held_back ? std::max(pause, retry) : options_.poll));
    if (held_back) retry = std::min(retry * 2, kLastRetry);
  }
}

absl::StatusOr<api::v1::AcknowledgeResponse> Feed::Acknowledge(runtime::Call& call,
                                                               const api::v1::AcknowledgeRequest& request) {
  if (request.consumer().empty()) return InvalidField("consumer", "must be given");
  ESNAF_RETURN_IF_ERROR(CheckEpoch(request.position()));
  const Place place{request.position().xact(), request.position().seq()};
  if (place.xact > 0) {
    ESNAF_RETURN_IF_ERROR(Run(call.connection(), kAcknowledge, request.consumer(), epoch_, place));
  }
  {
    std::lock_guard lock(mutex_);
    ++acknowledgements_[request.consumer()];
  }
  acknowledged_.notify_all();
  return api::v1::AcknowledgeResponse();
}

absl::StatusOr<std::int64_t> Feed::Prune(postgres::Connection& connection, Time now) {
  std::int64_t pruned = 0;
  for (int step = 0; step < kPruneSteps; ++step) {
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t gone,
                           connection.Run({.autocommit = true}, [&](postgres::Tx& tx) -> absl::StatusOr<std::int64_t> {
                             ESNAF_ASSIGN_OR_RETURN(postgres::Result rows,
                                                    tx.Execute(kPrune, now - options_.retention, epoch_));
                             return rows[0].Get<std::int64_t>(0);
                           }));
    pruned += gone;
    if (gone < kPruneStep) break;
  }
  return pruned;
}

absl::Status Feed::Measure(postgres::Connection& connection, runtime::Metrics& metrics) {
  return connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(postgres::Result lags, tx.Execute(kConsumerLag));
    for (int row = 0; row < lags.size(); ++row) {
      metrics
          .GetGauge("esnaf_feed_lag_seconds", "Age of the oldest event that a consumer has not acknowledged.",
                    {{"consumer", lags[row].Get<std::string>(0)}})
          .Set(lags[row].Get<double>(1));
    }
    ESNAF_ASSIGN_OR_RETURN(postgres::Result held_back, tx.Execute(kHeldBack));
    metrics.GetGauge("esnaf_feed_held_back_seconds", "For how long an open transaction has held committed events back.")
        .Set(held_back[0].Get<double>(0));
    return absl::OkStatus();
  });
}

Feed& ServeFeed(runtime::App& app, FeedOptions options) {
  Feed& feed = app.Make<Feed>(app.epoch(), options);
  app.AddRpcs(feed.Rpcs());
  app.AddRpcs(app.Make<ConsumerAdmin>(app.database().schema, app.metrics()).Rpcs());
  app.OnEvents([&feed](std::uint64_t xact) { feed.NotifyCommit(xact); });
  app.AddBackground(std::make_unique<FeedCloser>(feed));
  app.AddWorker("feed", kMaintenancePeriod, [&feed, &app](postgres::Connection& connection) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(feed.Measure(connection, app.metrics()));
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t pruned, feed.Prune(connection, app.clock().Now()));
    if (pruned > 0) LogInfo("old events pruned", {{"events", pruned}});
    return absl::OkStatus();
  });
  return feed;
}

}  // namespace esnaf::events
