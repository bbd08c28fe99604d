#include "services/attribution/credit/credit_wire.h"

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

struct Reason {
  std::string en, tr;
};

Reason ReasonOf(Exclusion exclusion, const LookBack& look_back) {
  switch (exclusion) {
    case Exclusion::kNone:
      return {};
    case Exclusion::kAfterConversion:
      return {"it was after the order", "siparişten sonraydı"};
    case Exclusion::kOutsideClickWindow:
      return {absl::StrCat("it was more than ", look_back.click_days, " days before the order"),
              absl::StrCat("siparişten ", look_back.click_days, " günden daha önceydi")};
    case Exclusion::kOutsideViewWindow:
      return {absl::StrCat("an ad that was merely shown counts for ", look_back.view_days, " days"),
              absl::StrCat("yalnızca gösterilen reklam ", look_back.view_days, " gün sayılır")};
    case Exclusion::kPathTooLong:
      return {absl::StrCat("a path has at most ", kMostTouches, " touches, the newest"),
              absl::StrCat("bir yol en çok en yeni ", kMostTouches, " teması içerir")};
  }
  return {};
}

v1::LookBackWindow WindowToProto(const LookBack& look_back) {
  v1::LookBackWindow window;
  window.set_click_days(look_back.click_days);
  window.set_view_days(look_back.view_days);
  return window;
}

LookBack WindowFromProto(const v1::LookBackWindow& window, std::string_view field, FieldViolations& violations) {
  LookBack look_back;
  if (window.click_days() != 0) look_back.click_days = window.click_days();
  if (window.view_days() != 0) look_back.view_days = window.view_days();
  if (look_back.click_days < 1 || look_back.click_days > kMostClickDays) {
    violations.Add(std::string(field) + ".click_days", "must be 1 to 90 days");
  }
  if (look_back.view_days < 1 || look_back.view_days > kMostViewDays) {
    violations.Add(std::string(field) + ".view_days", "must be 1 to 30 days");
  }
  return look_back;
}

void CreditTo(v1::TouchCredit& wire, std::int64_t share, const Amounts& amounts) {
  wire.set_share_millionths(share);
  wire.set_revenue_minor(amounts.revenue);
  wire.set_net_minor(amounts.net);
  wire.set_cost_minor(amounts.cost);
}

void TouchTo(v1::ExplainedTouch& wire, const Touchpoint& touch, Exclusion exclusion, const LookBack& look_back) {
  wire.set_touchpoint_id(touch.id.ToString());
  *wire.mutable_occur_time() = api::ToProto(touch.occur_time);
  wire.set_channel(touch.traffic.derived.channel);
  wire.set_source(touch.traffic.derived.source);
  wire.set_medium(touch.traffic.derived.medium);
  wire.set_campaign(touch.traffic.told.campaign);
  wire.set_view(touch.kind == TouchKind::kAdView);
  wire.set_direct(touch.traffic.derived.direct);
  wire.set_exclusion(static_cast<v1::TouchExclusion>(exclusion));
  const Reason reason = ReasonOf(exclusion, look_back);
  wire.set_reason_en(reason.en);
  wire.set_reason_tr(reason.tr);
}

}  // namespace

absl::StatusOr<Model> ModelFromProto(v1::AttributionModel model, std::string_view field) {
  if (model == v1::ATTRIBUTION_MODEL_UNSPECIFIED) return Model::kLastNonDirect;
  if (!v1::AttributionModel_IsValid(model)) return InvalidField(field, "is no model");
  return static_cast<Model>(model);
}

v1::AttributionModel ToProto(Model model) { return static_cast<v1::AttributionModel>(model); }

v1::AttributionSettings SettingsToProto(const SettingsRecord& record) {
  v1::AttributionSettings wire;
  *wire.mutable_first_order() = WindowToProto(record.settings.first_order);
  *wire.mutable_repeat_order() = WindowToProto(record.settings.repeat_order);
  wire.set_half_life_days(record.settings.half_life_days);
  wire.set_markov_order(record.settings.markov_order);
  wire.set_time_zone(record.settings.time_zone);
  *wire.mutable_update_time() = api::ToProto(record.update_time);
  wire.set_etag(absl::StrCat(record.version));
  return wire;
}

absl::StatusOr<CreditSettings> SettingsFromProto(const v1::AttributionSettings& wire) {
  FieldViolations violations;
  CreditSettings settings{.first_order = WindowFromProto(wire.first_order(), "settings.first_order", violations),
                          .repeat_order = WindowFromProto(wire.repeat_order(), "settings.repeat_order", violations)};
  if (wire.half_life_days() != 0) settings.half_life_days = wire.half_life_days();
  if (!(settings.half_life_days > 0 && settings.half_life_days <= kMostClickDays)) {
    violations.Add("settings.half_life_days", "must be above 0 and at most 90 days");
  }
  if (wire.markov_order() != 0) settings.markov_order = wire.markov_order();
  if (settings.markov_order < 1 || settings.markov_order > 4) {
    violations.Add("settings.markov_order", "must be 1 to 4");
  }
  if (!wire.time_zone().empty()) settings.time_zone = wire.time_zone();
  if (!TimeZone::Load(settings.time_zone).ok()) violations.Add("settings.time_zone", "is no IANA time zone");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return settings;
}

void ExplainTo(v1::CreditExplanation& explanation, const std::vector<Touchpoint>& touches,
               const ConversionCredit& credit, const LookBack& look_back, const Conversion& conversion) {
  *explanation.mutable_look_back() = WindowToProto(look_back);
  for (std::size_t i = 0; i < touches.size(); ++i) {
    TouchTo(*explanation.add_touches(), touches[i], credit.exclusions[i], look_back);
  }
  const auto touch_at = [&](std::size_t place) { return static_cast<int>(credit.path[place]); };
  if (credit.lead) explanation.mutable_touches(touch_at(*credit.lead))->set_lead(true);
  if (credit.deal) explanation.mutable_touches(touch_at(*credit.deal))->set_cart(true);
  for (const Model model : kAllModels) {
    v1::ModelCredit& wire = *explanation.add_models();
    wire.set_model(ToProto(model));
    if (credit.models.empty()) CreditTo(*wire.add_credits(), credit.share, conversion.amounts);
  }
  for (std::size_t i = 0; i < credit.models.size(); ++i) {
    for (const Credit& part : credit.models[i].credits) {
      v1::TouchCredit& wire = *explanation.mutable_models(static_cast<int>(i))->add_credits();
      wire.set_touchpoint_id(touches[credit.path[part.touch]].id.ToString());
      CreditTo(wire, part.share, part.amounts);
    }
  }
}

}  // namespace esnaf::attribution
