#include "libs/hooks/hook_service.h"

#include <algorithm>

#include "libs/api/convert.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::hooks {
namespace {

using runtime::Call;
using Writes = runtime::Call::Writes;

constexpr std::size_t kMaxSecretBytes = 2000;
constexpr int kMaxPageSize = 500;
constexpr std::chrono::milliseconds kWorkPeriod{250};
constexpr std::chrono::seconds kLongestTurn{1};
constexpr std::chrono::milliseconds kUpkeepPeriod{10'000};
constexpr std::chrono::hours kKeepDone{24 * 30};
constexpr std::chrono::hours kKeepDead{24 * 90};
// Longer than a delivery is tried again by itself.
constexpr std::chrono::hours kKeepEnded{24};

absl::Status NotConnected() {
  return MakeError(absl::StatusCode::kNotFound, "HOOK_CONNECTION_NOT_FOUND", "nobody is connected at this address");
}

Request ReadRequest(const api::v1::ReceiveHookRequest& proto, Time now) {
  Request request{
      .verb = proto.verb(), .headers = {}, .query = proto.query(), .body = proto.body(), .receive_time = now};
  for (const api::v1::HookHeader& header : proto.headers()) request.headers.emplace_back(header.name(), header.value());
  return request;
}

api::v1::HookConnection ToProto(const Connection& connection) {
  api::v1::HookConnection proto;
  proto.set_id(connection.id.ToString());
  proto.set_connector(connection.connector);
  proto.set_store_id(connection.store_id);
  for (const auto& [name, unused] : connection.secrets) proto.add_secret_names(name);
  *proto.mutable_create_time() = api::ToProto(connection.create_time);
  return proto;
}

api::v1::HookDelivery ToProto(const DeliveryRecord& record) {
  api::v1::HookDelivery proto;
  proto.set_id(record.delivery.id.ToString());
  proto.set_connector(record.delivery.connector);
  proto.set_store_id(record.delivery.store_id);
  proto.set_external_id(record.delivery.external_id);
  proto.set_state(static_cast<api::v1::HookDeliveryState>(record.state));
  proto.set_attempt_count(record.delivery.attempt_count);
  *proto.mutable_receive_time() = api::ToProto(record.delivery.receive_time);
  if (record.finish_time) *proto.mutable_finish_time() = api::ToProto(*record.finish_time);
  if (record.state == DeliveryState::kPending) {
    *proto.mutable_next_attempt_time() = api::ToProto(record.next_attempt_time);
  }
  proto.set_message(record.message);
  proto.set_subject_id(record.subject_id);
  return proto;
}

// The secrets as they are kept.
absl::StatusOr<Secrets> ReadSecrets(const Connector& connector, const api::v1::CreateHookConnectionRequest& request) {
  FieldViolations violations;
  Secrets secrets;
  for (const SecretKind& kind : connector.secret_kinds()) {
    const auto given = request.secrets().find(kind.name);
    const std::string field = absl::StrCat("secrets.", kind.name);
    if (given == request.secrets().end() || given->second.empty()) {
      if (kind.required) violations.Add(field, "is required");
    } else if (given->second.size() > kMaxSecretBytes || !IsCleanUtf8(given->second)) {
      violations.Add(field, "is no text of at most 2000 bytes");
    } else {
      secrets[kind.name] = kind.only_compared ? Sha256Hex(given->second) : given->second;
    }
  }
  for (const auto& [name, unused] : request.secrets()) {
    const auto& kinds = connector.secret_kinds();
    if (std::none_of(kinds.begin(), kinds.end(), [&](const SecretKind& kind) { return kind.name == name; })) {
      violations.Add("secrets", absl::StrCat("has a secret that ", connector.name(), " does not know"));
    }
  }
  if (!IsStoreId(request.store_id())) violations.Add("store_id", "is no store id such as `web`");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return secrets;
}

absl::Status CheckStore(const Call& call, const std::string& store_id) {
  if (call.caller().MaySee(store_id)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_ALLOWED", "the key is not for this store",
                   {{"store_id", store_id}});
}

// Forgets what was kept long enough.
absl::Status Forget(postgres::Connection& connection, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t done, connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    return ForgetDone(tx, now - kKeepDone);
  }));
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t dead, connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    return ForgetDead(tx, now - kKeepDead);
  }));
  if (done + dead > 0) LogInfo("old deliveries forgotten", {{"done", done}, {"dead", dead}});
  return connection.Run({.autocommit = true},
                        [&](postgres::Tx& tx) { return ForgetEndedConnections(tx, now - kKeepEnded); });
}

}  // namespace

runtime::RpcService HookService::Rpcs() {
  runtime::RpcService rpcs("esnaf.api.v1.HookService");
  rpcs.Unary("ReceiveHook", this, &HookService::ReceiveHook)
      .Unary("CreateHookConnection", this, &HookService::CreateHookConnection)
      .Unary("ListHookConnections", this, &HookService::ListHookConnections)
      .Unary("DeleteHookConnection", this, &HookService::DeleteHookConnection)
      .Unary("ListHookDeliveries", this, &HookService::ListHookDeliveries)
      .Unary("RetryHookDelivery", this, &HookService::RetryHookDelivery);
  return rpcs;
}

absl::StatusOr<const Connector*> HookService::Find(const std::string& name) const {
  for (const Connector* connector : connectors_) {
    if (connector->name() == name) return connector;
  }
  return NotFound("connector", name);
}

absl::StatusOr<api::v1::ReceiveHookResponse> HookService::ReceiveHook(Call& call,
                                                                      const api::v1::ReceiveHookRequest& request) {
  const absl::StatusOr<const Connector*> connector = Find(request.connector());
  if (!connector.ok()) return NotConnected();
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Connection> connection, call.Read([&](postgres::Tx& tx) {
    return FindConnection(tx, request.connector(), request.store_id());
  }));
  if (!connection) return NotConnected();
  ESNAF_ASSIGN_OR_RETURN(Reception reception,
                         (*connector)->Receive(ReadRequest(request, call.now()), connection->secrets));
  FieldViolations violations;
  for (const Parcel& parcel : reception.parcels) {
    if (parcel.external_id.empty() || parcel.external_id.size() > kMaxExternalIdBytes ||
        !IsCleanUtf8(parcel.external_id)) {
      violations.Add("body", "has an id that is no text of 1 to 200 bytes");
    }
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  // One statement: kept whole or not at all, and harmless to repeat.
  ESNAF_RETURN_IF_ERROR(
      call.connection().Run({.autocommit = true, .deadline = call.info().deadline}, [&](postgres::Tx& tx) {
        return InsertDeliveries(tx, request.connector(), request.store_id(), reception.parcels, call.now());
      }));
  api::v1::ReceiveHookResponse response;
  response.set_content_type(reception.content_type);
  response.set_body(std::move(reception.body));
  return response;
}

absl::StatusOr<api::v1::HookConnection> HookService::CreateHookConnection(
    Call& call, const api::v1::CreateHookConnectionRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Connector* const connector, Find(request.connector()));
  Connection connection{.id = Uuid::NewV7(call.now()),
                        .connector = request.connector(),
                        .store_id = request.store_id(),
                        .secrets = {},
                        .create_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(connection.secrets, ReadSecrets(*connector, request));
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  return call.Mutate<api::v1::HookConnection>(
      request, Writes::kSingleStatement, [&](postgres::Tx& tx) -> absl::StatusOr<api::v1::HookConnection> {
        ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertConnection(tx, connection));
        if (inserted) return ToProto(connection);
        return MakeError(absl::StatusCode::kAlreadyExists, "HOOK_CONNECTION_EXISTS",
                         "the store is connected already; delete that connection first",
                         {{"connector", connection.connector}, {"store_id", connection.store_id}});
      });
}

absl::StatusOr<api::v1::ListHookConnectionsResponse> HookService::ListHookConnections(
    Call& call, const api::v1::ListHookConnectionsRequest& request) {
  ESNAF_RETURN_IF_ERROR(Find(request.connector()).status());
  ESNAF_ASSIGN_OR_RETURN(
      const api::ListQuery query,
      api::ListQuery::Parse(request, ConnectionFields(), {.default_order = "store_id", .max_page_size = kMaxPageSize}));
  ESNAF_ASSIGN_OR_RETURN(const ConnectionPage page, call.Read([&](postgres::Tx& tx) {
    return hooks::ListConnections(tx, query, request.connector(), call.caller().store_ids);
  }));
  api::v1::ListHookConnectionsResponse response;
  for (const Connection& connection : page.connections) *response.add_connections() = ToProto(connection);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<api::v1::DeleteHookConnectionResponse> HookService::DeleteHookConnection(
    Call& call, const api::v1::DeleteHookConnectionRequest& request) {
  ESNAF_RETURN_IF_ERROR(Find(request.connector()).status());
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Mutate<api::v1::DeleteHookConnectionResponse>(
      request, Writes::kSingleStatement,
      [&](postgres::Tx& tx) -> absl::StatusOr<api::v1::DeleteHookConnectionResponse> {
        ESNAF_ASSIGN_OR_RETURN(const bool deleted,
                               DeleteConnection(tx, request.connector(), id, call.caller().store_ids, call.now()));
        if (!deleted) return NotFound("hook_connection", request.id());
        return api::v1::DeleteHookConnectionResponse();
      });
}

absl::StatusOr<api::v1::ListHookDeliveriesResponse> HookService::ListHookDeliveries(
    Call& call, const api::v1::ListHookDeliveriesRequest& request) {
  ESNAF_RETURN_IF_ERROR(Find(request.connector()).status());
  if (!api::v1::HookDeliveryState_IsValid(request.state())) return InvalidField("state", "is no state");
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, DeliveryFields(),
                                               {.default_order = "receive_time desc", .max_page_size = kMaxPageSize}));
  ESNAF_ASSIGN_OR_RETURN(const DeliveryPage page, call.Read([&](postgres::Tx& tx) {
    return hooks::ListDeliveries(tx, query, request.connector(), request.state(), call.caller().store_ids);
  }));
  api::v1::ListHookDeliveriesResponse response;
  for (const DeliveryRecord& record : page.deliveries) *response.add_deliveries() = ToProto(record);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<api::v1::HookDelivery> HookService::RetryHookDelivery(Call& call,
                                                                     const api::v1::RetryHookDeliveryRequest& request) {
  ESNAF_RETURN_IF_ERROR(Find(request.connector()).status());
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  const std::vector<std::string>& stores = call.caller().store_ids;
  return call.Mutate<api::v1::HookDelivery>(
      request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<api::v1::HookDelivery> {
        ESNAF_ASSIGN_OR_RETURN(const auto revived, ReviveDelivery(tx, request.connector(), id, stores, call.now()));
        if (revived) return ToProto(*revived);
        ESNAF_ASSIGN_OR_RETURN(const bool exists, DeliveryExists(tx, request.connector(), id, stores));
        if (!exists) return NotFound("hook_delivery", request.id());
        return MakeError(absl::StatusCode::kFailedPrecondition, "HOOK_DELIVERY_NOT_DEAD",
                         "only a dead delivery is retried", {{"id", request.id()}});
      });
}

void ServeHooks(runtime::App& app, std::vector<Connector*> connectors, const std::string& service) {
  app.AddRpcs(app.Make<HookService>(connectors).Rpcs());
  // One each, so that a platform that answers slowly holds up nobody else's deliveries.
  for (Connector* connector : connectors) {
    HookWorker& worker = app.Make<HookWorker>(*connector, absl::StrCat("service:", service), app.clock(), RetryPolicy(),
                                              [&app](std::uint64_t xact) { app.NotifyEvents(xact); });
    app.AddWorker(absl::StrCat("hooks-", connector->name()), kWorkPeriod, [&worker](postgres::Connection& own) {
      return runtime::TakeSteps(kLongestTurn, [&] { return worker.HandleNext(own); });
    });
  }
  auto& dead = app.metrics().GetGauge("esnaf_hook_dead_deliveries", "Deliveries that were given up.");
  app.AddWorker("hooks-upkeep", kUpkeepPeriod, [&app, &dead](postgres::Connection& own) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(Forget(own, app.clock().Now()));
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t count, own.Run({.autocommit = true, .read_only = true}, CountDead));
    dead.Set(static_cast<double>(count));
    return absl::OkStatus();
  });
}

}  // namespace esnaf::hooks
