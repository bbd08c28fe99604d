#pragma once

// Many paths at once, as channels only, and what the models make of all of them together. Pure.
#include <cstdint>
#include <span>
#include <vector>

#include "services/attribution/credit/model.h"

namespace esnaf::attribution {

// Channels are numbers from 0 below the channel count.
using ChannelId = std::uint32_t;

// Paths one behind the other in flat arrays: 4 bytes a touch (12 with ages) and 28 a path.
class ChannelPaths {
 public:
  explicit ChannelPaths(std::size_t channel_count) : channel_count_(channel_count) {}

  // A path that was walked `conversions` times to a conversion, worth `value` together, and `nulls` times to nothing.
  // `ages` are the days from each touch to the conversion, for TIME_DECAY; without them the touches count as a day
  // apart. `direct` is a channel that LAST_NON_DIRECT passes over, see set_direct.
  void Add(std::span<const ChannelId> channels, double conversions, double value, double nulls,
           std::span<const double> ages = {});
  void set_direct(ChannelId channel) { direct_ = channel; }

  std::size_t channel_count() const { return channel_count_; }
  std::size_t size() const { return ends_.size(); }
  std::size_t touch_count() const { return channels_.size(); }
  std::span<const ChannelId> channels(std::size_t path) const { return Slice(channels_, path); }
  std::span<const double> ages(std::size_t path) const { return Slice(ages_, path); }
  double conversions(std::size_t path) const { return conversions_[path]; }
  double value(std::size_t path) const { return values_[path]; }
  double nulls(std::size_t path) const { return nulls_[path]; }
  ChannelId direct() const { return direct_; }
  double total_conversions() const { return total_conversions_; }
  double total_value() const { return total_value_; }
  double total_nulls() const { return total_nulls_; }

 private:
  template <typename T>
  std::span<const T> Slice(const std::vector<T>& all, std::size_t path) const {
    const std::size_t begin = path == 0 ? 0 : ends_[path - 1];
    return std::span<const T>(all).subspan(begin, ends_[path] - begin);
  }
  std::size_t channel_count_;
  ChannelId direct_ = ~ChannelId{0};
  std::vector<ChannelId> channels_;
  std::vector<double> ages_;
  std::vector<std::uint32_t> ends_;
  std::vector<double> conversions_, values_, nulls_;
  double total_conversions_ = 0, total_value_ = 0, total_nulls_ = 0;
};

// What each channel is credited with.
struct ChannelCredits {
  std::vector<double> conversions;
  std::vector<double> value;
};

// FIRST to POSITION_BASED, each as WeightsOf defines it for one path. U_SHAPED and W_SHAPED need more of a path than
// its channels; MARKOV and SHAPLEY are in files of their own.
ChannelCredits CreditChannels(Model model, const ChannelPaths& paths, double half_life_days = 7);

}  // namespace esnaf::attribution
