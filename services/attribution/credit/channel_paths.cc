#include "services/attribution/credit/channel_paths.h"

#include <cmath>

#include "libs/base/check.h"

namespace esnaf::attribution {
namespace {

class Collector {
 public:
  explicit Collector(const ChannelPaths& paths) : paths_(paths) {
    credits_.conversions.assign(paths.channel_count(), 0);
    credits_.value.assign(paths.channel_count(), 0);
  }
  void Credit(std::size_t path, ChannelId channel, double share) {
    credits_.conversions[channel] += share * paths_.conversions(path);
    credits_.value[channel] += share * paths_.value(path);
  }
  // Calls `credit(path, channels)` for each path that converted and has a touch.
  template <typename CreditPath>
  ChannelCredits ForEach(const CreditPath& credit) {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const std::span<const ChannelId> channels = paths_.channels(i);
      if (!channels.empty() && paths_.conversions(i) > 0) credit(i, channels);
    }
    return std::move(credits_);
  }

 private:
  const ChannelPaths& paths_;
  ChannelCredits credits_;
};

ChannelCredits LastNonDirectCredits(const ChannelPaths& paths) {
  Collector collector(paths);
  return collector.ForEach([&](std::size_t i, std::span<const ChannelId> channels) {
    std::size_t last = channels.size();
    while (last > 0 && channels[last - 1] == paths.direct()) --last;
    collector.Credit(i, last == 0 ? channels.back() : channels[last - 1], 1);
  });
}

ChannelCredits LinearCredits(const ChannelPaths& paths) {
  Collector collector(paths);
  return collector.ForEach([&](std::size_t i, std::span<const ChannelId> channels) {
    const double share = 1.0 / static_cast<double>(channels.size());
    for (const ChannelId channel : channels) collector.Credit(i, channel, share);
  });
}

ChannelCredits TimeDecayCredits(const ChannelPaths& paths, double half_life_days) {
  Collector collector(paths);
  std::vector<double> weights;
  return collector.ForEach([&](std::size_t i, std::span<const ChannelId> channels) {
    const std::span<const double> ages = paths.ages(i);
    weights.resize(channels.size());
    double sum = 0;
    for (std::size_t t = 0; t < channels.size(); ++t) {
      // Against the last touch, so that a path long ago does not vanish.
      sum += weights[t] = std::exp2(-(ages[t] - ages.back()) / half_life_days);
    }
    for (std::size_t t = 0; t < channels.size(); ++t) collector.Credit(i, channels[t], weights[t] / sum);
  });
}

ChannelCredits PositionCredits(const ChannelPaths& paths) {
  Collector collector(paths);
  return collector.ForEach([&](std::size_t i, std::span<const ChannelId> channels) {
    const std::size_t size = channels.size();
    if (size == 1) return collector.Credit(i, channels[0], 1);
    const double end = size == 2 ? 0.5 : 0.4;
    collector.Credit(i, channels.front(), end);
    collector.Credit(i, channels.back(), end);
    for (std::size_t t = 1; t + 1 < size; ++t) collector.Credit(i, channels[t], 0.2 / static_cast<double>(size - 2));
  });
}

}  // namespace

void ChannelPaths::Add(std::span<const ChannelId> channels, double conversions, double value, double nulls,
                       std::span<const double> ages) {
  ESNAF_CHECK(ages.empty() || ages.size() == channels.size());
  channels_.insert(channels_.end(), channels.begin(), channels.end());
  if (ages.empty()) {
    for (std::size_t i = channels.size(); i > 0; --i) ages_.push_back(static_cast<double>(i - 1));
  } else {
    ages_.insert(ages_.end(), ages.begin(), ages.end());
  }
  ends_.push_back(static_cast<std::uint32_t>(channels_.size()));
  conversions_.push_back(conversions);
  values_.push_back(value);
  nulls_.push_back(nulls);
  total_conversions_ += conversions;
  total_value_ += value;
  total_nulls_ += nulls;
}

ChannelCredits CreditChannels(Model model, const ChannelPaths& paths, double half_life_days) {
  Collector collector(paths);
  switch (model) {
    case Model::kFirst:
      return collector.ForEach(
          [&](std::size_t i, std::span<const ChannelId> channels) { collector.Credit(i, channels.front(), 1); });
    case Model::kLast:
      return collector.ForEach(
          [&](std::size_t i, std::span<const ChannelId> channels) { collector.Credit(i, channels.back(), 1); });
    case Model::kLastNonDirect:
      return LastNonDirectCredits(paths);
    case Model::kLinear:
      return LinearCredits(paths);
    case Model::kTimeDecay:
      return TimeDecayCredits(paths, half_life_days);
    case Model::kPositionBased:
      return PositionCredits(paths);
    case Model::kUShaped:
    case Model::kWShaped:
    case Model::kMarkov:
    case Model::kShapley:
      break;
  }
  ESNAF_CHECK(false);
  return {};
}

}  // namespace esnaf::attribution
