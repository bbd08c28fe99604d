#include "services/attribution/touches/channel_service.h"

#include "google/protobuf/util/field_mask_util.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/attribution/touches/channel_store.h"
#include "services/attribution/touches/channel_wire.h"
#include "services/attribution/touches/intake.h"

namespace esnaf::attribution {
namespace {

using google::protobuf::util::FieldMaskUtil;

absl::StatusOr<ChannelRulesVersion> GetVersion(postgres::Tx& tx, std::int64_t version) {
  ESNAF_ASSIGN_OR_RETURN(std::optional<ChannelRulesVersion> found, FindChannelRules(tx, version));
  if (!found) return NotFound("channel_rules", std::to_string(version));
  return *std::move(found);
}

// What is given takes the whole place of what was there, also lists.
absl::StatusOr<v1::ChannelRules> Merge(const v1::ChannelRules& known, const v1::UpdateChannelRulesRequest& request) {
  google::protobuf::FieldMask mask = request.update_mask();
  if (mask.paths().empty()) {
    std::vector<const google::protobuf::FieldDescriptor*> present;
    request.channel_rules().GetReflection()->ListFields(request.channel_rules(), &present);
    for (const auto* field : present) mask.add_paths(field->name());
  } else if (mask.paths_size() == 1 && mask.paths(0) == "*") {
    mask.clear_paths();
    for (const char* field : {"rules", "source_lists", "payment_hosts", "own_hosts"}) mask.add_paths(field);
  }
  for (const std::string& path : mask.paths()) {
    if (!FieldMaskUtil::IsValidPath<v1::ChannelRules>({path.data(), path.size()})) {
      return InvalidField("update_mask", "names no field of channel rules: " + path);
    }
  }
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  v1::ChannelRules merged = known;
  FieldMaskUtil::MergeMessageTo(request.channel_rules(), mask, options, &merged);
  return merged;
}

}  // namespace

runtime::RpcService ChannelService::Rpcs() {
  runtime::RpcService rpcs("esnaf.attribution.v1.ChannelService");
  rpcs.Unary("GetChannelRules", this, &ChannelService::GetChannelRules)
      .Unary("UpdateChannelRules", this, &ChannelService::UpdateChannelRules)
      .Unary("ClassifyVisit", this, &ChannelService::ClassifyVisit);
  return rpcs;
}

absl::StatusOr<v1::ChannelRules> ChannelService::GetChannelRules(runtime::Call& call,
                                                                 const v1::GetChannelRulesRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ChannelRules> {
    ESNAF_ASSIGN_OR_RETURN(const ChannelRulesVersion version, GetVersion(tx, request.version()));
    return VersionToProto(version);
  });
}

absl::StatusOr<v1::ChannelRules> ChannelService::UpdateChannelRules(runtime::Call& call,
                                                                    const v1::UpdateChannelRulesRequest& request) {
  using Answer = absl::StatusOr<v1::ChannelRules>;
  if (!call.caller().MaySee("")) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE",
                     "channel rules are those of every store, and the key is limited to some");
  }
  return call.Mutate<v1::ChannelRules>(request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t newest, LockChannelRules(tx));
    ESNAF_ASSIGN_OR_RETURN(const ChannelRulesVersion known, GetVersion(tx, newest));
    const v1::ChannelRules known_wire = VersionToProto(known);
    if (!request.channel_rules().etag().empty() && request.channel_rules().etag() != known_wire.etag()) {
      return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the channel rules changed since they were read");
    }
    ESNAF_ASSIGN_OR_RETURN(const v1::ChannelRules merged, Merge(known_wire, request));
    const ChannelRulesVersion next{.rules = RulesFromProto(merged),
                                   .version = newest + 1,
                                   .create_time = call.now(),
                                   .actor = call.caller().actor};
    ESNAF_RETURN_IF_ERROR(ChannelGrouper::Make(next.rules).status());
    if (next.rules == known.rules) return known_wire;
    ESNAF_RETURN_IF_ERROR(InsertChannelRules(tx, next));
    return VersionToProto(next);
  });
}

absl::StatusOr<v1::ClassifyVisitResponse> ChannelService::ClassifyVisit(runtime::Call& call,
                                                                        const v1::ClassifyVisitRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const ChannelRulesVersion version,
                         call.Read([&](postgres::Tx& tx) { return GetVersion(tx, request.version()); }));
  ESNAF_ASSIGN_OR_RETURN(const auto grouper, ChannelGrouper::Make(version.rules));
  Touchpoint visit;
  visit.landing_page = request.landing_page();
  visit.referrer = request.referrer();
  int rule_index = -1;
  const DerivedSource derived = grouper->Derive(ReadTold(visit), &rule_index);
  v1::ClassifyVisitResponse response;
  response.set_source(derived.source);
  response.set_medium(derived.medium);
  response.set_channel(derived.channel);
  response.set_paid(derived.paid);
  response.set_direct(derived.direct);
  response.set_internal(derived.internal);
  response.set_rule_index(rule_index);
  return response;
}

}  // namespace esnaf::attribution
