#pragma once

// What a handler knows of the call that it answers, and its way to the database.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"

namespace esnaf::runtime {

// Who calls, as the gateway established it; a direct call of another service has kind kService.
struct Caller {
  // kPublishable is a browser, which proves nothing: it writes, and the gateway answers it with an empty message.
  enum class Kind { kService, kPublishable, kStorefront, kStaff, kAdmin };
  Kind kind = Kind::kService;
  std::string actor{};                   // `key:<id>`, `user:<subject>` or `service:<name>`
  std::vector<std::string> store_ids{};  // the stores that the key is limited to; empty: all
  bool MaySee(std::string_view store_id) const;
};

struct CallInfo {
  std::string method{};  // `/esnaf.orders.v1.OrderService/GetOrder`
  Caller caller{};
  Time deadline{};
  std::string idempotency_key{};  // from the metadata `idempotency-key`; the request's `request_id` wins
  std::string request_id{};       // the gateway's id of the call, for logs (`x-request-id`)
  std::string trace_parent{};     // W3C
  std::string after{};            // the positions that this read waited for (`esnaf-after`), to pass on to others
};

class Call {
 public:
  // Tests make calls of their own; the server makes the others.
  // `on_events` is called after each commit that wrote events, with their transaction id.
  Call(CallInfo info, const Clock& clock, postgres::Connection& connection, std::function<bool()> cancelled = {},
       std::function<void(std::uint64_t xact)> on_events = {});

  const CallInfo& info() const { return info_; }
  const Caller& caller() const { return info_.caller; }
  const Clock& clock() const { return clock_; }
  // The time at which the call was taken up: the same however often a transaction is retried.
  Time now() const { return now_; }
  // Whether nobody waits for the answer any more: the caller is gone, its deadline has passed, or the server stops.
  bool cancelled() const;
  postgres::Connection& connection() { return connection_; }

  // A read: single statements, each with its own snapshot.
  template <typename Body>
  auto Read(Body&& body) {
    return connection_.Run({.autocommit = true, .read_only = true, .deadline = info_.deadline},
                           std::forward<Body>(body));
  }
  // A read of several statements that must see one moment.
  template <typename Body>
  auto ReadSnapshot(Body&& body) {
    return connection_.Run(
        {.read_only = true, .isolation = postgres::Isolation::kRepeatableRead, .deadline = info_.deadline},
        std::forward<Body>(body));
  }

  enum class Writes { kSingleStatement, kTransaction };
  // A mutation, made idempotent: `body(Tx&) -> StatusOr<Response>` runs in one transaction together with the record of
  // its answer under the call's idempotency key (request.request_id, else the metadata). The same key with the
  // same request replays that answer; with another request it is INVALID_ARGUMENT, reason `IDEMPOTENCY_KEY_REUSED`. An
  // error leaves no record. Without a key and with kSingleStatement the body commits statement by statement: what
  // each writes is whole, true also where a later one fails, and harmless to write again.
  template <typename Response, typename Request, typename Body>
  absl::StatusOr<Response> Mutate(const Request& request, Writes writes, Body&& body) {
    Response response;
    ESNAF_RETURN_IF_ERROR(
        MutateErased(request, IdempotencyKeyOf(request), writes, response, [&](postgres::Tx& tx) -> absl::Status {
          ESNAF_ASSIGN_OR_RETURN(response, body(tx));
          return absl::OkStatus();
        }));
    return response;
  }

  // Whether a mutation is recorded under a key.
  template <typename Request>
  bool HasKey(const Request& request) const {
    return !IdempotencyKeyOf(request).empty();
  }
  // One mutation for several calls that have no key and share a connection, as Mutate: `body(Tx&) -> Status` writes for
  // all of them, within the earliest of their deadlines. What it wrote is every call's.
  static absl::Status MutateTogether(const std::vector<Call*>& calls, Writes writes,
                                     const std::function<absl::Status(postgres::Tx&)>& body);
  // The answer on record to this request, where Mutate made it before under the same key; none where it did not. For a
  // mutation that asks other services before it begins, so that a repetition does not depend on what they say now.
  // Errors as Mutate's for the key.
  template <typename Response, typename Request>
  absl::StatusOr<std::optional<Response>> FindAnswer(const Request& request) {
    Response response;
    ESNAF_ASSIGN_OR_RETURN(const bool found, FindAnswerErased(request, IdempotencyKeyOf(request), response));
    return found ? std::optional<Response>(std::move(response)) : std::nullopt;
  }

  // The transaction id of the newest event that this call wrote; answered as `esnaf-position`.
  std::optional<std::uint64_t> event_xact() const { return event_xact_; }
  // Positions of other services' events that calls made on behalf of this one brought back
  // (`contacts:<epoch>.<xact>`); answered along with the own one.
  void AddPosition(std::string position) { positions_.push_back(std::move(position)); }
  const std::vector<std::string>& positions() const { return positions_; }

 private:
  template <typename Request>
  std::string IdempotencyKeyOf(const Request& request) const {
    if constexpr (requires { request.request_id(); }) {
      if (!request.request_id().empty()) return request.request_id();
    }
    return info_.idempotency_key;
  }
  absl::Status MutateErased(const google::protobuf::Message& request, const std::string& key, Writes writes,
                            google::protobuf::Message& response,
                            const std::function<absl::Status(postgres::Tx&)>& body);
  absl::Status MutateOnce(const google::protobuf::Message& request, const std::string& key,
                          google::protobuf::Message& response, const std::function<absl::Status(postgres::Tx&)>& body);
  absl::StatusOr<bool> FindAnswerErased(const google::protobuf::Message& request, const std::string& key,
                                        google::protobuf::Message& response);
  // Fills `response` with the answer on record; false where there is none.
  absl::StatusOr<bool> Replay(const std::string& scoped_key, const std::string& fingerprint,
                              google::protobuf::Message& response);
  void NoteEvents(std::optional<std::uint64_t> xact);

  CallInfo info_;
  const Clock& clock_;
  Time now_;
  postgres::Connection& connection_;
  std::function<bool()> cancelled_;
  std::function<void(std::uint64_t)> on_events_;
  std::optional<std::uint64_t> event_xact_;
  std::vector<std::string> positions_;
};

}  // namespace esnaf::runtime
