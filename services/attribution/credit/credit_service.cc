#include "services/attribution/credit/credit_service.h"

#include "google/protobuf/util/field_mask_util.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/attribution/credit/credit_store.h"
#include "services/attribution/credit/credit_wire.h"
#include "services/attribution/credit/crediter.h"
#include "services/attribution/touches/touchpoint_store.h"

namespace esnaf::attribution {
namespace {

constexpr std::chrono::days kShownBefore{180};
constexpr std::chrono::days kShownAfter{1};

// Leaves of a touch of a store that the key is not for when it was, its channel and its part in this order. What it is
// called by in the answer is a name of this answer alone.
void Withhold(Touchpoint& touch, const Uuid& order) {
  touch.id = Uuid::FromName("withheld_touchpoint", absl::StrCat(order.ToString(), "/", touch.id.ToString()));
  touch.traffic.told.campaign.clear();
  touch.traffic.derived.source.clear();
  touch.traffic.derived.medium.clear();
}

// Credits an order anew by what is known now, as the worker does.
absl::Status Explain(postgres::Tx& tx, const runtime::Caller& caller, const Conversion& conversion,
                     v1::CreditExplanation& explanation) {
  ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
  ESNAF_ASSIGN_OR_RETURN(const Fits fits, LoadFits(tx));
  Circumstances circumstances{.effects = FitAt(fits, conversion.place_time)};
  std::vector<std::vector<Touchpoint>> touches(1);
  if (conversion.contact_id) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid canonical, identity::CanonicalOf(tx, *conversion.contact_id));
    explanation.set_contact_id(canonical.ToString());
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Conversion> all, ConversionsOf(tx, canonical));
    circumstances.new_customer = FirstOrderOf(all) == conversion.order_id;
    ESNAF_ASSIGN_OR_RETURN(const auto known_times, KnownTimesOf(tx, {canonical}));
    circumstances.known_time = known_times[0];
    const PathQuery query{canonical, conversion.place_time - kShownBefore, conversion.place_time + kShownAfter};
    ESNAF_ASSIGN_OR_RETURN(touches, TouchesOfPeople(tx, {query}));
  }
  const CreditSettings& settings = record.settings;
  const ConversionCredit credit = CreditConversion(conversion, touches[0], circumstances, settings);
  explanation.set_new_customer(credit.new_customer);
  for (Touchpoint& touch : touches[0]) {
    if (!caller.MaySee(touch.store_id)) Withhold(touch, conversion.order_id);
  }
  ExplainTo(explanation, touches[0], credit, credit.new_customer ? settings.first_order : settings.repeat_order,
            conversion);
  return absl::OkStatus();
}

// The settings with the fields of the mask taken from the request.
absl::StatusOr<v1::AttributionSettings> Merge(v1::AttributionSettings current,
                                              const v1::UpdateAttributionSettingsRequest& request) {
  using google::protobuf::util::FieldMaskUtil;
  google::protobuf::FieldMask mask = request.update_mask();
  if (mask.paths().empty()) {
    for (const char* field : {"first_order", "repeat_order", "half_life_days", "markov_order", "time_zone"}) {
      const auto* descriptor = v1::AttributionSettings::descriptor()->FindFieldByName(field);
      const bool present = v1::AttributionSettings::GetReflection()->HasField(request.settings(), descriptor);
      if (present) mask.add_paths(field);
    }
  }
  for (const std::string& path : mask.paths()) {
    if (!FieldMaskUtil::IsValidPath<v1::AttributionSettings>(path) || path == "etag" || path == "update_time") {
      return InvalidField("update_mask", absl::StrCat("has no field `", path, "` to set"));
    }
  }
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  FieldMaskUtil::MergeMessageTo(request.settings(), mask, options, &current);
  return current;
}

}  // namespace

runtime::RpcService CreditService::Rpcs() {
  runtime::RpcService rpc("esnaf.attribution.v1.CreditService");
  rpc.Unary("ExplainCredit", this, &CreditService::ExplainCredit);
  rpc.Unary("GetAttributionSettings", this, &CreditService::GetAttributionSettings);
  rpc.Unary("UpdateAttributionSettings", this, &CreditService::UpdateAttributionSettings);
  return rpc;
}

absl::StatusOr<v1::CreditExplanation> CreditService::ExplainCredit(runtime::Call& call,
                                                                   const v1::ExplainCreditRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid order, api::ParseId(request.order_id(), "order_id"));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::CreditExplanation> {
    ESNAF_ASSIGN_OR_RETURN(const StoredConversion stored, GetConversion(tx, order));
    const Conversion& conversion = stored.conversion;
    if (!call.caller().MaySee(conversion.store_id)) return NotFound("order", request.order_id());
    v1::CreditExplanation explanation;
    explanation.set_order_id(request.order_id());
    explanation.set_store_id(conversion.store_id);
    *explanation.mutable_place_time() = api::ToProto(conversion.place_time);
    explanation.set_currency_code(conversion.currency_code);
    explanation.set_revenue_minor(conversion.amounts.revenue);
    explanation.set_net_minor(conversion.amounts.net);
    explanation.set_cost_minor(conversion.amounts.cost);
    explanation.set_cancelled(conversion.cancelled);
    ESNAF_RETURN_IF_ERROR(Explain(tx, call.caller(), conversion, explanation));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<RestatementRecord> restatements, ListRestatements(tx, order));
    for (const RestatementRecord& record : restatements) {
      v1::Restatement& restatement = *explanation.add_restatements();
      *restatement.mutable_restate_time() = api::ToProto(record.time);
      restatement.set_reason(record.reason);
      restatement.set_revenue_minor(record.amounts.revenue);
      restatement.set_net_minor(record.amounts.net);
      restatement.set_cost_minor(record.amounts.cost);
    }
    return explanation;
  });
}

absl::StatusOr<v1::AttributionSettings> CreditService::GetAttributionSettings(
    runtime::Call& call, const v1::GetAttributionSettingsRequest&) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::AttributionSettings> {
    ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
    return SettingsToProto(record);
  });
}

absl::StatusOr<v1::AttributionSettings> CreditService::UpdateAttributionSettings(
    runtime::Call& call, const v1::UpdateAttributionSettingsRequest& request) {
  using Answer = absl::StatusOr<v1::AttributionSettings>;
  if (!call.caller().MaySee("")) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE",
                     "settings are those of every store, and the key is limited to some");
  }
  return call.Mutate<v1::AttributionSettings>(
      request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(SettingsRecord record, LockSettings(tx));
        const std::string& etag = request.settings().etag();
        if (!etag.empty() && etag != absl::StrCat(record.version)) {
          return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                           "the settings have changed since they were read");
        }
        ESNAF_ASSIGN_OR_RETURN(const v1::AttributionSettings merged, Merge(SettingsToProto(record), request));
        ESNAF_ASSIGN_OR_RETURN(const CreditSettings settings, SettingsFromProto(merged));
        if (settings != record.settings) {
          record = {.settings = settings, .version = record.version + 1, .update_time = call.now()};
          ESNAF_RETURN_IF_ERROR(UpdateSettings(tx, record));
          ESNAF_RETURN_IF_ERROR(RecreditEverybodyLater(tx, call.now()));
        }
        return SettingsToProto(record);
      });
}

}  // namespace esnaf::attribution
