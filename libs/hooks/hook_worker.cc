#include "libs/hooks/hook_worker.h"

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/text.h"

namespace esnaf::hooks {
namespace {

// Nobody else takes a delivery within this time after it was taken: longer than a connector may ask and work.
constexpr std::chrono::minutes kLease{2};
constexpr std::size_t kMaxMessageBytes = 1000;

bool IsFinal(const absl::Status& failure) {
  return failure.code() == absl::StatusCode::kInvalidArgument ||
         failure.code() == absl::StatusCode::kFailedPrecondition;
}

}  // namespace

Duration DelayAfter(int attempt, const RetryPolicy& policy) {
  std::chrono::milliseconds delay = policy.first_delay;
  for (int i = 1; i < attempt && delay < policy.longest_delay; ++i) delay *= policy.factor;
  return std::min(delay, policy.longest_delay);
}

HookWorker::HookWorker(Connector& connector, std::string actor, const Clock& clock, RetryPolicy policy,
                       std::function<void(std::uint64_t)> on_events)
    : connector_(connector),
      actor_(std::move(actor)),
      clock_(clock),
      policy_(policy),
      on_events_(std::move(on_events)) {}

absl::Status HookWorker::Handle(postgres::Connection& connection, const Delivery& delivery) {
  ESNAF_ASSIGN_OR_RETURN(const Secrets secrets,
                         connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) {
                           return FindSecrets(tx, delivery.connector, delivery.store_id);
                         }));
  ESNAF_ASSIGN_OR_RETURN(const std::string fetched, connector_.Fetch(delivery, secrets));
  runtime::Call call({.method = absl::StrCat("hooks/", delivery.connector),
                      .caller = {.kind = runtime::Caller::Kind::kService, .actor = actor_},
                      .deadline = clock_.Now() + kLease},
                     clock_, connection);
  ESNAF_ASSIGN_OR_RETURN(const Connector::Work work, connector_.Prepare(call, delivery, fetched));
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const bool pending, LockPending(tx, delivery.id));
    if (!pending) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(const Outcome outcome, work(tx));
    return FinishDelivery(tx, delivery.id, DeliveryState::kDone, outcome, call.now());
  }));
  if (on_events_ && connection.last_event_xact()) on_events_(*connection.last_event_xact());
  return absl::OkStatus();
}

absl::Status HookWorker::RecordFailure(postgres::Connection& connection, const Delivery& delivery,
                                       const absl::Status& failure) {
  const std::string message(Truncate(ToStd(failure.message()), kMaxMessageBytes));
  const bool dead = IsFinal(failure) || delivery.attempt_count >= policy_.most_attempts;
  LogWarning(dead ? "a delivery is given up" : "a delivery could not be handled",
             {{"connector", delivery.connector},
              {"delivery", delivery.id.ToString()},
              {"attempt", delivery.attempt_count},
              {"code", absl::StatusCodeToString(failure.code())}});
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    const Time now = clock_.Now();
    if (dead) return FinishDelivery(tx, delivery.id, DeliveryState::kDead, {.subject_id = {}, .message = message}, now);
    return PostponeDelivery(tx, delivery.id, now + DelayAfter(delivery.attempt_count, policy_), message);
  });
}

absl::StatusOr<bool> HookWorker::HandleNext(postgres::Connection& connection) {
  const Time now = clock_.Now();
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Delivery> delivery,
                         connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
                           return ClaimDelivery(tx, connector_.name(), now, now + kLease);
                         }));
  if (!delivery) return false;
  // An attempt counts when it begins: what stopped the program each time is given up as well, and does not stop it for
  // ever.
  if (delivery->attempt_count > policy_.most_attempts) {
    ESNAF_RETURN_IF_ERROR(
        RecordFailure(connection, *delivery, absl::AbortedError("no attempt to handle it ever came to its end")));
    return true;
  }
  if (const absl::Status handled = Handle(connection, *delivery); !handled.ok()) {
    ESNAF_RETURN_IF_ERROR(RecordFailure(connection, *delivery, handled));
  }
  return true;
}

}  // namespace esnaf::hooks
