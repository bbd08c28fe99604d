#include "services/attribution/credit/conversion.h"

#include <algorithm>
#include <tuple>

namespace esnaf::attribution {
namespace {

// The last touch of the path at or before what a stamp may stand for; none where the path begins after it.
std::optional<std::size_t> PlaceAt(const ModelPath& path, Time stamp) {
  const Time last_moment = LastMomentOf(stamp);
  std::optional<std::size_t> place;
  for (std::size_t i = 0; i < path.touches.size() && path.touches[i].time <= last_moment; ++i) place = i;
  return place;
}

// The path with its channels numbered as they come.
ModelPath PathOf(const Conversion& conversion, const std::vector<Touchpoint>& touches,
                 const std::vector<std::size_t>& counted, std::vector<std::string>& channels) {
  ModelPath path{.conversion_time = conversion.place_time};
  for (const std::size_t i : counted) {
    const DerivedSource& source = touches[i].traffic.derived;
    const auto known = std::find(channels.begin(), channels.end(), source.channel);
    const auto number = static_cast<std::uint32_t>(known - channels.begin());
    if (known == channels.end()) channels.push_back(source.channel);
    path.touches.push_back({touches[i].occur_time, number, source.direct});
  }
  return path;
}

std::vector<double> EffectsOf(const std::vector<std::string>& channels, const ChannelEffects* effects) {
  std::vector<double> values;
  if (effects == nullptr) return values;
  for (const std::string& channel : channels) {
    const auto effect = effects->find(channel);
    values.push_back(effect == effects->end() ? 0 : effect->second);
  }
  return values;
}

}  // namespace

ConversionCredit CreditConversion(const Conversion& conversion, const std::vector<Touchpoint>& touches,
                                  const Circumstances& circumstances, const CreditSettings& settings) {
  ConversionCredit made{.new_customer = circumstances.new_customer};
  if (conversion.cancelled || conversion.is_return) made.share = 0;
  std::vector<PathTouch> times;
  for (const Touchpoint& touch : touches) times.push_back({touch.occur_time, touch.kind == TouchKind::kAdView});
  const LookBack& look_back = circumstances.new_customer ? settings.first_order : settings.repeat_order;
  made.exclusions = ExclusionsOf(times, conversion.place_time, look_back);
  if (conversion.is_return) return made;
  for (std::size_t i = 0; i < touches.size(); ++i) {
    if (made.exclusions[i] == Exclusion::kNone) made.path.push_back(i);
  }
  if (made.path.empty()) return made;
  std::vector<std::string> channels;
  ModelPath path = PathOf(conversion, touches, made.path, channels);
  // Who was known before the path began became known by none of its touches.
  path.lead = made.lead = PlaceAt(path, circumstances.known_time.value_or(conversion.place_time));
  if (conversion.cart_time) path.deal = made.deal = PlaceAt(path, *conversion.cart_time);
  const std::vector<double> effects = EffectsOf(channels, circumstances.effects);
  const ModelOptions options{.half_life_days = settings.half_life_days, .removal_effects = effects};
  for (const Model model : kAllModels) {
    made.models.push_back({model, CreditsOf(model, path, options, made.share, conversion.amounts)});
  }
  return made;
}

std::optional<Uuid> FirstOrderOf(const std::vector<Conversion>& conversions) {
  const Conversion* first = nullptr;
  for (const Conversion& conversion : conversions) {
    if (conversion.cancelled || conversion.is_return) continue;
    if (first == nullptr ||
        std::tie(conversion.place_time, conversion.order_id) < std::tie(first->place_time, first->order_id)) {
      first = &conversion;
    }
  }
  if (first == nullptr) return std::nullopt;
  return first->order_id;
}

Uuid DigestOf(const Conversion& conversion, const std::vector<Touchpoint>& touches, const ConversionCredit& credit,
              std::string_view time_zone) {
  std::string text;
  const auto add = [&text](const auto&... parts) { (text.append(absl::StrCat(parts, "|")), ...); };
  const auto add_amounts = [&add](const Amounts& amounts) { add(amounts.revenue, amounts.net, amounts.cost); };
  add(conversion.contact_id ? conversion.contact_id->ToString() : "", conversion.cancelled ? 1 : 0);
  add(conversion.store_id, conversion.currency_code, conversion.place_time.time_since_epoch().count(),
      std::string(time_zone), credit.new_customer ? 1 : 0, credit.share);
  add_amounts(conversion.amounts);
  for (const std::size_t i : credit.path) add(touches[i].id.ToString(), touches[i].traffic.id.ToString());
  for (const ModelCredits& model : credit.models) {
    add(static_cast<int>(model.model));
    for (const Credit& part : model.credits) {
      add(part.touch, part.share);
      add_amounts(part.amounts);
    }
  }
  return Uuid::FromName("credit", text);
}

}  // namespace esnaf::attribution
