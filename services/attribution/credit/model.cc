#include "services/attribution/credit/model.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace esnaf::attribution {
namespace {

// Real weights become whole numbers by this: nine digits are more than an order has minor units to share.
constexpr double kScale = 1e12;

std::vector<std::int64_t> OnlyOne(std::size_t size, std::size_t which) {
  std::vector<std::int64_t> weights(size, 0);
  weights[which] = 1;
  return weights;
}

std::size_t LastNonDirect(const std::vector<ModelTouch>& touches) {
  for (std::size_t i = touches.size(); i > 0; --i) {
    if (!touches[i - 1].direct) return i - 1;
  }
  return touches.size() - 1;
}

std::vector<std::int64_t> TimeDecay(const ModelPath& path, double half_life_days) {
  // Ages count from the last touch, which changes nothing about the shares and keeps old paths from vanishing.
  const Time end = path.touches.back().time;
  std::vector<std::int64_t> weights;
  weights.reserve(path.touches.size());
  for (const ModelTouch& touch : path.touches) {
    const double days = std::chrono::duration<double, std::ratio<86400>>(end - touch.time).count();
    weights.push_back(std::llround(kScale * std::exp2(-days / half_life_days)));
  }
  return weights;
}

// A place on the path and its share in percent.
struct Place {
  std::size_t index;
  std::int64_t share;
};

// Shares of places, and `others` divided among the touches that have none of them.
std::vector<std::int64_t> ByPlaces(std::size_t size, const std::vector<Place>& places, std::int64_t others) {
  std::vector<std::int64_t> weights(size, 0);
  for (const Place& place : places) weights[place.index] += place.share;
  const auto without = std::count(weights.begin(), weights.end(), 0);
  if (without == 0) return weights;
  // With whole numbers only: every share times the number of the others.
  for (std::int64_t& weight : weights) weight = weight == 0 ? others : weight * without;
  return weights;
}

std::vector<std::int64_t> ByPlacesOf(Model model, const ModelPath& path) {
  const std::size_t size = path.touches.size();
  std::vector<Place> places;
  if (model == Model::kPositionBased) {
    places.push_back({0, 40});
    if (size > 1) places.push_back({size - 1, 40});
    return ByPlaces(size, places, 20);
  }
  const std::int64_t share = model == Model::kUShaped ? 40 : 30;
  places.push_back({0, share});
  if (path.lead) places.push_back({*path.lead, share});
  if (model == Model::kWShaped && path.deal) places.push_back({*path.deal, share});
  return ByPlaces(size, places, model == Model::kUShaped ? 20 : 10);
}

// A share for each channel, divided among its touches.
template <typename ShareOf>
std::vector<std::int64_t> ByChannel(const std::vector<ModelTouch>& touches, const ShareOf& share_of) {
  std::map<std::uint32_t, int> counts;
  for (const ModelTouch& touch : touches) ++counts[touch.channel];
  std::vector<std::int64_t> weights;
  weights.reserve(touches.size());
  for (const ModelTouch& touch : touches) {
    weights.push_back(std::llround(kScale * share_of(touch.channel) / counts[touch.channel]));
  }
  return weights;
}

}  // namespace

std::string_view ModelName(Model model) {
  switch (model) {
    case Model::kFirst:
      return "first";
    case Model::kLast:
      return "last";
    case Model::kLastNonDirect:
      return "last_non_direct";
    case Model::kLinear:
      return "linear";
    case Model::kTimeDecay:
      return "time_decay";
    case Model::kPositionBased:
      return "position_based";
    case Model::kUShaped:
      return "u_shaped";
    case Model::kWShaped:
      return "w_shaped";
    case Model::kMarkov:
      return "markov";
    case Model::kShapley:
      return "shapley";
  }
  return "";
}

std::vector<std::int64_t> WeightsOf(Model model, const ModelPath& path, const ModelOptions& options) {
  const std::vector<ModelTouch>& touches = path.touches;
  if (touches.empty()) return {};
  switch (model) {
    case Model::kFirst:
      return OnlyOne(touches.size(), 0);
    case Model::kLast:
      return OnlyOne(touches.size(), touches.size() - 1);
    case Model::kLastNonDirect:
      return OnlyOne(touches.size(), LastNonDirect(touches));
    case Model::kTimeDecay:
      return TimeDecay(path, options.half_life_days);
    case Model::kPositionBased:
    case Model::kUShaped:
    case Model::kWShaped:
      return ByPlacesOf(model, path);
    case Model::kShapley:
      return ByChannel(touches, [](std::uint32_t) { return 1.0; });
    case Model::kMarkov: {
      const std::span<const double> effects = options.removal_effects;
      std::vector<std::int64_t> weights = ByChannel(touches, [effects](std::uint32_t channel) {
        return channel < effects.size() ? std::max(effects[channel], 0.0) : 0.0;
      });
      if (std::any_of(weights.begin(), weights.end(), [](std::int64_t weight) { return weight > 0; })) return weights;
      break;
    }
    case Model::kLinear:
      break;
  }
  return std::vector<std::int64_t>(touches.size(), 1);
}

}  // namespace esnaf::attribution
