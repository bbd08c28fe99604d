#include "services/attribution/touches/touchpoint_service.h"

#include <algorithm>

#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "services/attribution/touches/touchpoint_store.h"
#include "services/attribution/touches/touchpoint_wire.h"

namespace esnaf::attribution {

runtime::RpcService TouchpointService::Rpcs() {
  runtime::RpcService rpcs("esnaf.attribution.v1.TouchpointService");
  rpcs.Unary("ListContactTouchpoints", this, &TouchpointService::ListContactTouchpoints);
  return rpcs;
}

absl::StatusOr<v1::ListContactTouchpointsResponse> TouchpointService::ListContactTouchpoints(
    runtime::Call& call, const v1::ListContactTouchpointsRequest& request) {
  PathQuery query{.from = Time::min(), .until = call.now()};
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
