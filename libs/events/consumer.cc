#include "libs/events/consumer.h"

#include <atomic>
#include <thread>

#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/events/event_cursor.h"

namespace esnaf::events {
namespace {

constexpr std::string_view kSubscribe = "/esnaf.api.v1.EventFeedService/Subscribe";
constexpr std::string_view kAcknowledge = "/esnaf.api.v1.EventFeedService/Acknowledge";
constexpr std::chrono::seconds kAcknowledgePeriod{5};
constexpr std::chrono::milliseconds kAcknowledgeTimeout{2000};
// For how long a read waits before the feed is told; nearly always the events come by themselves sooner.
constexpr std::chrono::milliseconds kReaderPatience{10};
// How often a replica that is not the active one looks how far the active one has come.
constexpr std::chrono::milliseconds kStandByPoll{100};

// What passes by itself: the other side is away, busy or was overtaken.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// A feed that has ended for a reason which no repetition cures.
bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return true;
    default:
      return false;
  }
}

// The one board of a program, shared by its consumers.
PositionBoard& BoardOf(runtime::App& app) {
  if (auto* board = dynamic_cast<PositionBoard*>(app.position_gate())) return *board;
  PositionBoard& board = app.Make<PositionBoard>(app.clock());
  app.SetPositionGate(&board);
  return board;
}

// The status without its details, which are bytes.
std::string Words(const absl::Status& status) { return status.ToString(absl::StatusToStringMode::kWithNoExtraData); }

Time TimeOf(const google::protobuf::Timestamp& timestamp) {
  return Time(std::chrono::seconds(timestamp.seconds()) + std::chrono::microseconds(timestamp.nanos() / 1000));
}

}  // namespace

// The consumer's thread follows the feed from the stored cursor. Each batch is one transaction that locks the cursor
// row and finds it where this process's stream goes on from; else another replica (or an operator) has moved it, and
// the stream is dropped. So an effect can neither be lost nor repeated, whoever runs and whatever breaks.
struct Consumer::Impl {
  // How a subscription ended.
  enum class Next { kSubscribe, kPause, kStandBy };

  Impl(ConsumerOptions consumer_options, std::shared_ptr<runtime::Channel> channel,
       postgres::ConnectionOptions database, runtime::Metrics& metrics, PositionBoard& position_board,
       ApplyBatch apply_batch, std::function<void(std::uint64_t)> events_callback)
      : options(std::move(consumer_options)),
        producer(std::move(channel)),
        connection(std::move(database)),
        board(position_board),
        apply(std::move(apply_batch)),
        on_events(std::move(events_callback)),
        lag(LagGauge(metrics, options.source)),
        stopped(metrics.GetGauge("esnaf_consumer_stopped", "1 while the consumer stands still until somebody acts.",
                                 {{"source", options.source}})),
        applied(metrics.GetCounter("esnaf_consumer_events_total", "Events applied.", {{"source", options.source}})) {}

  void Run();
  Next Follow();
  void StandBy();
  bool OnAnswer(const api::v1::SubscribeResponse& answer);
  absl::Status OnWatermark(const api::v1::SubscribeResponse& answer);
  bool OnBatch(const api::v1::SubscribeResponse& answer);
  void OnApplied(const api::v1::SubscribeResponse& answer, const std::string& skipped);
  absl::Status Apply(const api::v1::SubscribeResponse& answer, bool& lost, std::string& skipped);
  void StandStill(const std::string& event_id, const absl::Status& reason);
  void GoOn();
  void Warn(const absl::Status& problem);
  void Acknowledge();
  absl::Status Acknowledge(const EventCursor& at);
  void Advance(EventCursor to);
  void OnWait(std::uint64_t xact);
  void Hurry();
  void ShowLag(Time as_of);

  // Waits, but not past Stop.
  void Pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, time, [this] { return stopping.load(); });
  }

  const ConsumerOptions options;
  const std::shared_ptr<runtime::Channel> producer;
  postgres::Connection connection;
  PositionBoard& board;
  const ApplyBatch apply;
  const std::function<void(std::uint64_t)> on_events;
  runtime::Metrics::Gauge& lag;
  runtime::Metrics::Gauge& stopped;
  runtime::Metrics::Counter& applied;

  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  std::condition_variable wake;
  // Guarded by mutex.
  absl::Status health;
  std::optional<std::uint64_t> awaited;  // the newest transaction id that a read waits for, until the feed is told
  EventCursor reached;                   // what the board knows

  // Of the thread alone.
  EventCursor cursor;  // what the stream goes on from
  Next next = Next::kPause;
  // Whether the row may say that this stands still: also at the start, where a process before it said so.
  bool stop_stored = true;
  int steps = 0;        // events still to be applied one by one after a batch that failed
  Time current_at{};    // everything recorded until then is applied
  std::string problem;  // the last one logged
  EventCursor acknowledged;
  std::chrono::steady_clock::time_point acknowledge_at{};
  std::thread thread;
  std::thread hurrying;
};

void Consumer::Impl::Run() {
  current_at = SystemClock().Now();
  while (!stopping) {
    switch (Follow()) {
      case Next::kSubscribe:
        break;
      case Next::kPause:
        ShowLag(current_at);
        Pause(options.retry);
        break;
      case Next::kStandBy:
        StandBy();
        break;
    }
  }
}

Consumer::Impl::Next Consumer::Impl::Follow() {
  absl::StatusOr<EventCursor> stored = LoadCursor(connection, options.source);
  if (!stored.ok()) {
    Warn(stored.status());
    return Next::kPause;
  }
  cursor = *std::move(stored);
  if (!cursor.epoch.empty()) Advance(cursor);

  api::v1::SubscribeRequest request;
  request.set_consumer(options.consumer);
  request.set_max_batch_size(steps > 0 ? 1 : options.max_batch);
  if (!cursor.empty()) {
    request.mutable_after()->set_epoch(cursor.epoch);
    request.mutable_after()->set_xact(cursor.xact);
    request.mutable_after()->set_seq(cursor.seq);
  }
  request.set_from_oldest(cursor.empty() && cursor.from_oldest);
  next = Next::kPause;
  const absl::Status ended = producer->ReadStream(
      kSubscribe, request, api::v1::SubscribeResponse::default_instance(),
      [this](const google::protobuf::Message& answer) {
        return OnAnswer(static_cast<const api::v1::SubscribeResponse&>(answer));
      },
      [this] { return stopping.load(); }, {.timeout = std::chrono::milliseconds::zero()});
  if (IsRefusal(ended)) {
    StandStill("", ended);
  } else if (!ended.ok()) {
    Warn(ended);
  }
  return next;
}

void Consumer::Impl::StandBy() {
  lag.Set(0);
  while (!stopping) {
    Pause(kStandByPoll);
    absl::StatusOr<EventCursor> stored = LoadCursor(connection, options.source);
    if (!stored.ok()) return Warn(stored.status());
    if (!stored->epoch.empty()) Advance(*stored);
    if (!stored->recently_moved) return;
  }
}

bool Consumer::Impl::OnAnswer(const api::v1::SubscribeResponse& answer) {
  problem.clear();
  bool more = true;
  if (!answer.events().empty()) {
    more = OnBatch(answer);
  } else if (absl::Status status = OnWatermark(answer); !status.ok()) {
    Warn(status);
    more = false;
  }
  Acknowledge();
  return more && !stopping;
}

absl::Status Consumer::Impl::OnWatermark(const api::v1::SubscribeResponse& answer) {
  // The database need not know of each step, only that what the cursor stands at is complete: other replicas read it.
  if (cursor.watermark_xact <= cursor.xact && answer.watermark_xact() > cursor.xact) {
    ESNAF_RETURN_IF_ERROR(StoreWatermark(connection, options.source, cursor, answer.watermark_xact()));
    cursor.watermark_xact = answer.watermark_xact();
  }
  EventCursor seen = cursor;
  seen.epoch = answer.position().epoch();
  seen.watermark_xact = answer.watermark_xact();
  Advance(std::move(seen));
  GoOn();
  if (stop_stored) {
    ESNAF_RETURN_IF_ERROR(StoreStop(connection, options.source, std::nullopt, absl::OkStatus()));
    stop_stored = false;
  }
  current_at = SystemClock().Now();
  lag.Set(0);
  return absl::OkStatus();
}

bool Consumer::Impl::OnBatch(const api::v1::SubscribeResponse& answer) {
  bool lost = false;
  std::string skipped;
  const absl::Status status = Apply(answer, lost, skipped);
  if (status.ok()) {
    OnApplied(answer, skipped);
    if (steps == 0) return true;
    steps = std::max(0, steps - answer.events_size());
    if (steps > 0) return true;
    next = Next::kSubscribe;
  } else if (lost) {
    next = Next::kStandBy;
  } else if (IsTransient(status)) {
    Warn(status);
  } else if (answer.events_size() > 1) {
    LogWarning("a batch failed, so its events are applied one by one",
               {{"source", options.source}, {"error", Words(status)}});
    next = steps > 0 ? Next::kPause : Next::kSubscribe;
    steps = answer.events_size();
  } else {
    StandStill(answer.events(0).id(), status);
    steps = std::max(steps, 1);
  }
  return false;
}

absl::Status Consumer::Impl::Apply(const api::v1::SubscribeResponse& answer, bool& lost, std::string& skipped) {
  return connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const CursorLock lock, LockCursor(tx, options.source, cursor));
    lost = !lock.held;
    if (lost) return absl::FailedPreconditionError("the cursor is held or was moved by somebody else");
    skipped.clear();
    std::vector<api::v1::Event> events;
    events.reserve(answer.events_size());
    for (const api::v1::Event& event : answer.events()) {
      if (lock.skip_event_id && event.id() == lock.skip_event_id->ToString()) {
        skipped = event.id();
      } else {
        events.push_back(event);
      }
    }
    if (!events.empty()) ESNAF_RETURN_IF_ERROR(apply(tx, events));
    const EventCursor moved{.epoch = answer.position().epoch(),
                            .xact = answer.position().xact(),
                            .seq = answer.position().seq(),
                            .watermark_xact = answer.watermark_xact()};
    return MoveCursor(tx, options.source, moved, !skipped.empty());
  });
}

void Consumer::Impl::OnApplied(const api::v1::SubscribeResponse& answer, const std::string& skipped) {
  const auto own_events = connection.last_event_xact();
  cursor.epoch = answer.position().epoch();
  cursor.xact = answer.position().xact();
  cursor.seq = answer.position().seq();
  cursor.watermark_xact = answer.watermark_xact();
  applied.Add(answer.events_size() - (skipped.empty() ? 0 : 1));
  if (!skipped.empty()) LogWarning("an event was skipped", {{"source", options.source}, {"event", skipped}});
  GoOn();
  if (own_events && on_events) on_events(*own_events);
  Advance(cursor);
  ShowLag(TimeOf(answer.events(answer.events_size() - 1).record_time()));
}

void Consumer::Impl::StandStill(const std::string& event_id, const absl::Status& reason) {
  stopped.Set(1);
  const std::string words = event_id.empty() ? Words(reason) : absl::StrCat("event ", event_id, ": ", Words(reason));
  {
    std::lock_guard lock(mutex);
    const absl::Status detail(reason.code(),
                              absl::StrCat("the consumer of ", options.source, " stands still: ", words));
    if (health == detail) return;
    health = detail;
  }
  LogError("the consumer stands still", {{"source", options.source}, {"event", event_id}, {"error", Words(reason)}});
  stop_stored = true;
  if (absl::Status status = StoreStop(connection, options.source, Uuid::Parse(event_id), reason); !status.ok()) {
    Warn(status);
  }
}

void Consumer::Impl::GoOn() {
  {
    std::lock_guard lock(mutex);
    if (health.ok()) return;
    health = absl::OkStatus();
  }
  stopped.Set(0);
  LogInfo("the consumer goes on", {{"source", options.source}});
}

// The same problem is logged once, however often it is met.
void Consumer::Impl::Warn(const absl::Status& status) {
  if (problem == Words(status)) return;
  problem = Words(status);
  LogWarning("the consumer tries again", {{"source", options.source}, {"error", problem}});
}

void Consumer::Impl::Acknowledge() {
  const auto now = std::chrono::steady_clock::now();
  if (cursor.empty() || now < acknowledge_at || acknowledged.SamePlace(cursor)) return;
  acknowledge_at = now + kAcknowledgePeriod;
  if (absl::Status status = Acknowledge(cursor); status.ok()) {
    acknowledged = cursor;
  } else {
    Warn(status);
  }
}

absl::Status Consumer::Impl::Acknowledge(const EventCursor& at) {
  api::v1::AcknowledgeRequest request;
  request.set_consumer(options.consumer);
  request.mutable_position()->set_epoch(at.epoch);
  request.mutable_position()->set_xact(at.xact);
  request.mutable_position()->set_seq(at.seq);
  return producer->Call<api::v1::AcknowledgeResponse>(kAcknowledge, request, {.timeout = kAcknowledgeTimeout}).status();
}

void Consumer::Impl::Advance(EventCursor to) {
  board.Advance(options.source, to.epoch, to.watermark_xact);
  std::lock_guard lock(mutex);
  reached = std::move(to);
}

void Consumer::Impl::OnWait(std::uint64_t xact) {
  {
    std::lock_guard lock(mutex);
    awaited = std::max(awaited.value_or(0), xact);
  }
  wake.notify_all();
}

// Under load the feed lets events come together for longer than a read shall wait. It stops where anything is
// acknowledged: here nothing, since a replica that stands by does not know how far the active one is. Whatever comes of
// that is no matter.
void Consumer::Impl::Hurry() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    wake.wait(lock, [this] { return stopping || awaited; });
    if (wake.wait_for(lock, kReaderPatience, [this] { return stopping.load(); })) return;
    const std::uint64_t xact = *std::exchange(awaited, std::nullopt);
    if (reached.empty() || reached.watermark_xact > xact) continue;
    const EventCursor nothing{.epoch = reached.epoch};
    lock.unlock();
    Acknowledge(nothing).IgnoreError();
    lock.lock();
  }
}

void Consumer::Impl::ShowLag(Time as_of) {
  current_at = as_of;
  lag.Set(std::max(0.0, std::chrono::duration<double>(SystemClock().Now() - as_of).count()));
}

runtime::Metrics::Gauge& LagGauge(runtime::Metrics& metrics, std::string_view source) {
  return metrics.GetGauge("esnaf_consumer_lag_seconds",
                          "Age of what was applied last, 0 when nothing is left to apply.",
                          {{"source", std::string(source)}});
}

Consumer::Consumer(ConsumerOptions options, std::shared_ptr<runtime::Channel> producer,
                   postgres::ConnectionOptions database, runtime::Metrics& metrics, PositionBoard& board,
                   ApplyBatch apply, std::function<void(std::uint64_t)> on_events) {
  impl_ = std::make_unique<Impl>(std::move(options), std::move(producer), std::move(database), metrics, board,
                                 std::move(apply), std::move(on_events));
  board.Track(impl_->options.source, [impl = impl_.get()](std::uint64_t xact) { impl->OnWait(xact); });
}

Consumer::~Consumer() {
  Stop();
  impl_->board.Track(impl_->options.source);
}

absl::Status Consumer::Start() {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
  impl_->hurrying = std::thread([impl = impl_.get()] { impl->Hurry(); });
  return absl::OkStatus();
}

void Consumer::Stop() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
  if (impl_->hurrying.joinable()) impl_->hurrying.join();
}

absl::Status Consumer::health() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->health;
}

Consumer& Consume(runtime::App& app, std::string_view source, ApplyBatch apply) {
  ConsumerOptions options{.source = std::string(source), .consumer = app.database().schema};
  auto consumer =
      std::make_unique<Consumer>(std::move(options), app.channel(source), app.database(), app.metrics(), BoardOf(app),
                                 std::move(apply), [&app](std::uint64_t xact) { app.NotifyEvents(xact); });
  Consumer& added = *consumer;
  app.AddBackground(std::move(consumer));
  return added;
}

}  // namespace esnaf::events
