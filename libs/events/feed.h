#pragma once

// Serves a schema's outbox as EventFeedService: ordered by (xact, seq), only below the oldest running transaction, so
// that no position ever appears late; woken after each commit in this process, polling behind it.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "esnaf/api/v1/event.pb.h"
#include "libs/events/gathering.h"
#include "libs/runtime/app.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::events {

struct FeedOptions {
  int max_batch = 500;  // 1 to 1000
  std::chrono::milliseconds poll{250};
  // Events older than this that every known consumer has passed are pruned.
  std::chrono::hours retention{24 * 30};
  GatheringOptions gathering;
};

class Feed {
 public:
  Feed(std::string epoch, FeedOptions options = {});
  // Wakes the subscribers; cheap.
  void NotifyCommit(std::uint64_t xact);
  // Ends every subscription, for the stop.
  void Close();
  runtime::RpcService Rpcs();
  // Deletes what may go, in small steps; run by a worker. Answers how many.
  absl::StatusOr<std::int64_t> Prune(postgres::Connection& connection, Time now);
  // Shows how far each known consumer is behind, and for how long an open transaction holds events back.
  absl::Status Measure(postgres::Connection& connection, runtime::Metrics& metrics);

  absl::Status Subscribe(runtime::Call& call, const api::v1::SubscribeRequest& request,
                         runtime::StreamWriter<api::v1::SubscribeResponse>& writer);
  absl::StatusOr<api::v1::AcknowledgeResponse> Acknowledge(runtime::Call& call,
                                                           const api::v1::AcknowledgeRequest& request);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  // What was known of commits at one moment.
  struct Signal {
    std::uint64_t generation = 0;
    std::uint64_t newest_xact = 0;
    bool closed = false;
  };

  Signal CurrentSignal();
  // How often the consumer has acknowledged, which ends a gathering for it.
  std::uint64_t AcknowledgementsOf(const std::string& consumer);
  // Lets events come together until `latest`, or until the consumer acknowledges again but at least until `earliest`.
  void Gather(const runtime::Call& call, const std::string& consumer, std::uint64_t acknowledgements, Moment earliest,
              Moment latest);
  // Returns when the outbox should be looked at again: after a commit later than `seen`, or at `latest`, or when the
  // call or the feed has ended.
  void WaitForWork(const runtime::Call& call, const Signal& seen, Moment latest);
  absl::Status CheckEpoch(const api::v1::FeedPosition& position) const;

  std::string epoch_;
  FeedOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable acknowledged_;
  Signal signal_;
  std::map<std::string, std::uint64_t> acknowledgements_;  // by consumer
};

// Gives a service its feed: the RPCs, the wake-up after commits, the pruning worker, the lag metric; and operators
// their hold on its consumers (consumer_admin.h).
Feed& ServeFeed(runtime::App& app, FeedOptions options = {});

}  // namespace esnaf::events
