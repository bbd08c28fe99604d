#include "libs/events/position_board.h"

#include <charconv>
#include <list>

#include "libs/base/error.h"
#include "libs/base/text.h"

namespace esnaf::events {
namespace {

constexpr std::size_t kMaxPositions = 64;
// The clock may be set or moved by hand, so the timer looks at it at least this often while somebody waits.
constexpr std::chrono::milliseconds kTimerStep{50};

absl::StatusOr<SourcePosition> ParsePosition(std::string_view text) {
  const auto malformed = [&] {
    return InvalidField("esnaf-after", absl::StrCat("`", std::string(Truncate(text, 80)),
                                                    "` is no position of the form <service>:<epoch>.<number>"));
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return malformed();
  const std::size_t point = text.find('.', colon);
  if (point == std::string_view::npos || point == colon + 1 || point + 1 == text.size()) return malformed();
  SourcePosition position{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1, point - colon - 1))};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + point + 1, end, position.xact);
  if (error != std::errc() || stop != end) return malformed();
  return position;
}

}  // namespace

absl::StatusOr<std::vector<SourcePosition>> ParsePositions(std::string_view text) {
  std::vector<SourcePosition> positions;
  if (Trim(text).empty()) return positions;
  while (true) {
    const std::size_t comma = text.find(',');
    ESNAF_ASSIGN_OR_RETURN(SourcePosition position, ParsePosition(Trim(text.substr(0, comma))));
    if (positions.size() == kMaxPositions) {
      return InvalidField("esnaf-after", absl::StrCat("has more than ", kMaxPositions, " positions"));
    }
    positions.push_back(std::move(position));
    if (comma == std::string_view::npos) return positions;
    text.remove_prefix(comma + 1);
  }
}

struct PositionBoard::Impl {
  struct Source {
    std::string epoch;  // empty until the producer or the stored cursor has named it
    std::uint64_t watermark = 0;
    OnWait on_wait;
  };
  struct Waiter {
    std::vector<SourcePosition> positions;
    Time deadline;
    std::function<void(absl::Status)> done;
  };

  explicit Impl(const Clock& clock) : clock(clock) {}

  bool Reached(const SourcePosition& position) const {
    const auto source = sources.find(position.source);
    if (source == sources.end()) return true;
    if (source->second.epoch.empty()) return false;
    return source->second.epoch != position.epoch || source->second.watermark > position.xact;
  }

  bool Reached(const std::vector<SourcePosition>& positions) const {
    return std::all_of(positions.begin(), positions.end(), [this](const auto& position) { return Reached(position); });
  }

  void TellOfWait(const std::vector<SourcePosition>& positions) const {
    for (const SourcePosition& position : positions) {
      const auto source = sources.find(position.source);
      if (source == sources.end() || !source->second.on_wait || Reached(position)) continue;
      source->second.on_wait(position.xact);
    }
  }

  // Moves the waiters that `ends` picks out of the list, so that they are told without the lock.
  template <typename Ends>
  std::list<Waiter> Take(const Ends& ends) {
    std::list<Waiter> taken;
    for (auto waiter = waiters.begin(); waiter != waiters.end();) {
      const auto next = std::next(waiter);
      if (ends(*waiter)) taken.splice(taken.end(), waiters, waiter);
      waiter = next;
    }
    return taken;
  }

  static void Tell(const std::list<Waiter>& waiters, const absl::Status& status) {
    for (const Waiter& waiter : waiters) waiter.done(status);
  }

  // Ends waits at their deadlines. Started by the first read that has to wait.
  void RunTimer() {
    std::unique_lock lock(mutex);
    while (!closing) {
      if (waiters.empty()) {
        changed.wait(lock);
        continue;
      }
      const Time now = clock.Now();
      std::list<Waiter> late = Take([now](const Waiter& waiter) { return waiter.deadline <= now; });
      if (!late.empty()) {
        lock.unlock();
        Tell(late, absl::DeadlineExceededError("the position of esnaf-after was not reached in time"));
        lock.lock();
        continue;
      }
      Duration pause = kTimerStep;
      for (const Waiter& waiter : waiters) pause = std::min(pause, waiter.deadline - now);
      changed.wait_for(lock, pause);
    }
  }

  const Clock& clock;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Source, std::less<>> sources;
  std::list<Waiter> waiters;
  bool closing = false;
  std::thread timer;
};

PositionBoard::PositionBoard(const Clock& clock) : impl_(std::make_unique<Impl>(clock)) {}

PositionBoard::~PositionBoard() {
  std::list<Impl::Waiter> left;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
    left.swap(impl_->waiters);
  }
  impl_->changed.notify_all();
  if (impl_->timer.joinable()) impl_->timer.join();
  Impl::Tell(left, absl::UnavailableError("the service stops"));
}

void PositionBoard::Track(std::string_view source, OnWait on_wait) {
  std::lock_guard lock(impl_->mutex);
  impl_->sources[std::string(source)].on_wait = std::move(on_wait);
}

void PositionBoard::Advance(std::string_view source, std::string_view epoch, std::uint64_t watermark_xact) {
  std::list<Impl::Waiter> reached;
  {
    std::lock_guard lock(impl_->mutex);
    Impl::Source& state = impl_->sources.try_emplace(std::string(source)).first->second;
    if (state.epoch != epoch) {
      state.epoch = epoch;
      state.watermark = watermark_xact;
    } else if (watermark_xact <= state.watermark) {
      return;
    } else {
      state.watermark = watermark_xact;
    }
    reached = impl_->Take([this](const Impl::Waiter& waiter) { return impl_->Reached(waiter.positions); });
  }
  Impl::Tell(reached, absl::OkStatus());
}

void PositionBoard::Await(std::string_view after, Time deadline, std::function<void(absl::Status)> done) {
  absl::StatusOr<std::vector<SourcePosition>> positions = ParsePositions(after);
  if (!positions.ok()) return done(positions.status());
  {
    std::lock_guard lock(impl_->mutex);
    if (!impl_->Reached(*positions)) {
      if (!impl_->timer.joinable()) impl_->timer = std::thread([impl = impl_.get()] { impl->RunTimer(); });
      impl_->TellOfWait(*positions);
      impl_->waiters.push_back({*std::move(positions), deadline, std::move(done)});
      impl_->changed.notify_one();
      return;
    }
  }
  done(absl::OkStatus());
}

}  // namespace esnaf::events
