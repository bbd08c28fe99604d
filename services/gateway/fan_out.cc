#include "services/gateway/fan_out.h"

#include "absl/strings/str_join.h"
#include "services/gateway/call_headers.h"

namespace esnaf::gateway {
namespace {

const char* KindText(runtime::Caller::Kind kind) {
  switch (kind) {
    case runtime::Caller::Kind::kPublishable:
      return "publishable";
    case runtime::Caller::Kind::kStorefront:
      return "storefront";
    case runtime::Caller::Kind::kStaff:
      return "staff";
    case runtime::Caller::Kind::kAdmin:
      return "admin";
    case runtime::Caller::Kind::kService:
      break;
  }
  return nullptr;
}

}  // namespace

void FanOut::WriteMetadata(grpc::ClientContext& context) const {
  const runtime::CallInfo& info = call_.info();
  if (const char* kind = KindText(info.caller.kind)) context.AddMetadata("esnaf-caller-kind", kind);
  context.AddMetadata("esnaf-actor", info.caller.actor);
  if (!info.caller.store_ids.empty()) context.AddMetadata("esnaf-stores", absl::StrJoin(info.caller.store_ids, ","));
  if (!info.request_id.empty()) context.AddMetadata(kRequestIdKey, info.request_id);
  if (!info.trace_parent.empty()) context.AddMetadata(kTraceParentKey, info.trace_parent);
  if (!info.after.empty()) context.AddMetadata(kAfterKey, info.after);
}

}  // namespace esnaf::gateway
