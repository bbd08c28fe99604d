#include "services/attribution/touches/touchpoint_service.h"

#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "services/attribution/touches/intake.h"
#include "services/attribution/touches/touch_ingest.h"
#include "services/attribution/touches/touch_list.h"
#include "services/attribution/touches/touchpoint_store.h"
#include "services/attribution/touches/touchpoint_wire.h"
#include "services/attribution/touches/visitor_identity.h"

namespace esnaf::attribution {
namespace {

constexpr int kMostInBatch = 1000;
constexpr int kMostInBeacon = 100;
constexpr int kMostIdentities = 10;

bool FromBrowser(const runtime::Call& call) { return call.caller().kind == runtime::Caller::Kind::kPublishable; }

template <typename Request>
absl::StatusOr<Reception> ReceptionOf(const runtime::Call& call, const Request& request) {
  Reception reception{.receive_time = call.now(), .send_time = std::nullopt, .from_browser = FromBrowser(call)};
  if (request.has_send_time()) {
    ESNAF_ASSIGN_OR_RETURN(reception.send_time, api::FromProto(request.send_time(), "send_time"));
  }
  return reception;
}

// A touch as it will be kept, or what is wrong with it.
absl::StatusOr<Touchpoint> Accept(const runtime::Call& call, const v1::Touchpoint& wire, const Reception& reception,
                                  const ChannelGrouper& channels, const std::string& at) {
  FieldViolations violations;
  // A touch without a time happened when it was sent.
  Touchpoint touch = TouchFromProto(wire, reception.send_time.value_or(reception.receive_time), at, violations);
  CheckTouch(touch, reception, at, violations);
  if (!call.caller().MaySee(touch.store_id)) violations.Add(at + "store_id", "is a store that the key is not for");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  TakeIn(touch, reception, channels);
  return touch;
}

absl::StatusOr<std::vector<TouchOutcome>> Record(runtime::Call& call, const std::vector<Touchpoint>& touches,
                                                 std::int64_t rules_version) {
  if (touches.empty()) return std::vector<TouchOutcome>();
  return call.connection().Run({.deadline = call.info().deadline},
                               [&](postgres::Tx& tx) { return RecordTouches(tx, touches, rules_version, call.now()); });
}

}  // namespace

runtime::RpcService TouchpointService::Rpcs() {
  runtime::RpcService rpcs("esnaf.attribution.v1.TouchpointService");
  rpcs.Unary("IngestTouchpoint", this, &TouchpointService::IngestTouchpoint)
      .Unary("BatchIngestTouchpoints", this, &TouchpointService::BatchIngestTouchpoints)
      .Unary("BeaconTouchpoints", this, &TouchpointService::BeaconTouchpoints)
      .Unary("PixelTouchpoint", this, &TouchpointService::PixelTouchpoint)
      .Unary("IdentifyVisitor", this, &TouchpointService::IdentifyVisitor)
      .Unary("CountTouchpoints", this, &TouchpointService::CountTouchpoints)
      .Unary("ListTouchpoints", this, &TouchpointService::ListTouchpoints)
      .Unary("ListContactTouchpoints", this, &TouchpointService::ListContactTouchpoints);
  return rpcs;
}

absl::StatusOr<v1::IngestTouchpointResponse> TouchpointService::IngestTouchpoint(
    runtime::Call& call, const v1::IngestTouchpointRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Reception reception, ReceptionOf(call, request));
  const ReadyRules rules = channels_.Current();
  ESNAF_ASSIGN_OR_RETURN(const Touchpoint touch,
                         Accept(call, request.touchpoint(), reception, *rules.grouper, "touchpoint."));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<TouchOutcome> outcomes, Record(call, {touch}, rules.version));
  v1::IngestTouchpointResponse response;
  *response.mutable_touchpoint() = TouchToProto(touch);
  response.set_outcome(static_cast<v1::TouchOutcome>(outcomes.front()));
  return response;
}

absl::StatusOr<v1::BatchIngestTouchpointsResponse> TouchpointService::BatchIngestTouchpoints(
    runtime::Call& call, const v1::BatchIngestTouchpointsRequest& request) {
  if (request.touchpoints().empty()) return InvalidField("touchpoints", "is empty");
  if (request.touchpoints_size() > kMostInBatch) return InvalidField("touchpoints", "has more than 1000 touches");
  ESNAF_ASSIGN_OR_RETURN(const Reception reception, ReceptionOf(call, request));
  const ReadyRules rules = channels_.Current();
  v1::BatchIngestTouchpointsResponse response;
  std::vector<Touchpoint> touches;
  std::vector<int> indexes;
  for (int i = 0; i < request.touchpoints_size(); ++i) {
    response.add_outcomes(v1::TOUCH_OUTCOME_UNSPECIFIED);
    absl::StatusOr<Touchpoint> touch =
        Accept(call, request.touchpoints(i), reception, *rules.grouper, absl::StrCat("touchpoints[", i, "]."));
    if (touch.ok()) {
      touches.push_back(*std::move(touch));
      indexes.push_back(i);
    } else {
      v1::TouchError& error = *response.add_errors();
      error.set_index(i);
      error.mutable_error()->ParseFromString(SerializeStatus(touch.status()));
    }
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<TouchOutcome> outcomes, Record(call, touches, rules.version));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    response.set_outcomes(indexes[i], static_cast<v1::TouchOutcome>(outcomes[i]));
  }
  return response;
}

absl::StatusOr<v1::BeaconTouchpointsResponse> TouchpointService::BeaconTouchpoints(
    runtime::Call& call, const v1::BeaconTouchpointsRequest& request) {
  if (request.touchpoints_size() > kMostInBeacon) return InvalidField("touchpoints", "has more than 100 touches");
  if (request.identities_size() > kMostIdentities) return InvalidField("identities", "has more than 10 entries");
  ESNAF_ASSIGN_OR_RETURN(const Reception reception, ReceptionOf(call, request));
  const ReadyRules rules = channels_.Current();
  std::vector<Touchpoint> touches;
  std::vector<VisitorLink> links;
  absl::Status bad;
  for (int i = 0; i < request.touchpoints_size(); ++i) {
    v1::Touchpoint wire = request.touchpoints(i);
    if (wire.user_agent().empty()) wire.set_user_agent(request.user_agent());
    absl::StatusOr<Touchpoint> touch =
        Accept(call, wire, reception, *rules.grouper, absl::StrCat("touchpoints[", i, "]."));
    if (touch.ok()) {
      touches.push_back(*std::move(touch));
    } else {
      bad.Update(touch.status());
    }
  }
  for (int i = 0; i < request.identities_size(); ++i) {
    absl::StatusOr<VisitorLink> link = LinkFromRequest(call, request.identities(i), FromBrowser(call));
    if (link.ok()) {
      links.push_back(*std::move(link));
    } else {
      bad.Update(WithFieldPrefix(link.status(), absl::StrCat("identities[", i, "]")));
    }
  }
  ESNAF_RETURN_IF_ERROR(Record(call, touches, rules.version).status());
  if (!links.empty()) {
    ESNAF_RETURN_IF_ERROR(call.connection().Run({.deadline = call.info().deadline},
                                                [&](postgres::Tx& tx) { return LinkVisitors(tx, links, call.now()); }));
  }
  ESNAF_RETURN_IF_ERROR(bad);
  return v1::BeaconTouchpointsResponse();
}

absl::StatusOr<v1::PixelTouchpointResponse> TouchpointService::PixelTouchpoint(
    runtime::Call& call, const v1::PixelTouchpointRequest& request) {
  const Reception reception{.receive_time = call.now(), .send_time = std::nullopt, .from_browser = FromBrowser(call)};
  v1::Touchpoint wire = request.touchpoint();
  if (wire.user_agent().empty()) wire.set_user_agent(request.user_agent());
  if (wire.event_id().empty()) wire.set_event_id(Uuid::NewV7(call.now()).ToString());
  const ReadyRules rules = channels_.Current();
  ESNAF_ASSIGN_OR_RETURN(const Touchpoint touch, Accept(call, wire, reception, *rules.grouper, "touchpoint."));
  ESNAF_RETURN_IF_ERROR(Record(call, {touch}, rules.version).status());
  return v1::PixelTouchpointResponse();
}

absl::StatusOr<v1::IdentifyVisitorResponse> TouchpointService::IdentifyVisitor(
    runtime::Call& call, const v1::IdentifyVisitorRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const VisitorLink link, LinkFromRequest(call, request, FromBrowser(call)));
  ESNAF_RETURN_IF_ERROR(call.connection().Run({.deadline = call.info().deadline},
                                              [&](postgres::Tx& tx) { return LinkVisitors(tx, {link}, call.now()); }));
  return v1::IdentifyVisitorResponse();
}

absl::StatusOr<v1::CountTouchpointsResponse> TouchpointService::CountTouchpoints(
    runtime::Call& call, const v1::CountTouchpointsRequest& request) {
  CountQuery query{.from = call.now() - std::chrono::hours(24), .until = call.now(), .store_ids = {}};
  if (request.has_from_time()) {
    ESNAF_ASSIGN_OR_RETURN(query.from, api::FromProto(request.from_time(), "from_time"));
  }
  if (request.has_until_time()) {
    ESNAF_ASSIGN_OR_RETURN(query.until, api::FromProto(request.until_time(), "until_time"));
  }
  query.store_ids = call.caller().store_ids;
  if (!request.store_id().empty()) {
    if (!call.caller().MaySee(request.store_id()))
      return InvalidField("store_id", "is a store that the key is not for");
    query.store_ids = {request.store_id()};
  }
  return call.ReadSnapshot([&](postgres::Tx& tx) { return CountTouches(tx, query); });
}

absl::StatusOr<v1::ListTouchpointsResponse> TouchpointService::ListTouchpoints(
    runtime::Call& call, const v1::ListTouchpointsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, TouchFields(), {.default_order = "occur_time desc"}));
  return call.Read([&](postgres::Tx& tx) { return ListTouches(tx, query, call.caller().store_ids); });
}

absl::StatusOr<v1::ListContactTouchpointsResponse> TouchpointService::ListContactTouchpoints(
    runtime::Call& call, const v1::ListContactTouchpointsRequest& request) {
  PathQuery query{.contact_id = {}, .from = Time::min(), .until = call.now()};
  ESNAF_ASSIGN_OR_RETURN(query.contact_id, api::ParseId(request.contact_id(), "contact_id"));
  if (request.has_from_time()) {
    ESNAF_ASSIGN_OR_RETURN(query.from, api::FromProto(request.from_time(), "from_time"));
  }
  if (request.has_until_time()) {
    ESNAF_ASSIGN_OR_RETURN(query.until, api::FromProto(request.until_time(), "until_time"));
  }
  ESNAF_ASSIGN_OR_RETURN(const auto paths,
                         call.ReadSnapshot([&](postgres::Tx& tx) { return TouchesOfPeople(tx, {query}); }));
  v1::ListContactTouchpointsResponse response;
  for (const Touchpoint& touch : paths.front()) {
    if (call.caller().MaySee(touch.store_id)) *response.add_touchpoints() = TouchToProto(touch);
  }
  return response;
}

}  // namespace esnaf::attribution
