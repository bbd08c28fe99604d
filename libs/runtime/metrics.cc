#include "libs/runtime/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <utility>

namespace esnaf::runtime {
namespace {

class PrometheusCounter final : public Metrics::Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double by) override { counter_.Increment(by); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Metrics::Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }
  void Add(double by) override { gauge_.Increment(by); }
  double value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Metrics::Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double seconds) override { histogram_.Observe(seconds); }

 private:
  prometheus::Histogram& histogram_;
};

const prometheus::Histogram::BucketBoundaries& LatencyBuckets() {
  static const prometheus::Histogram::BucketBoundaries kBuckets = {
      0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
  return kBuckets;
}

using Identity = std::pair<std::string, Metrics::Labels>;

// Gives the handle of that name and labels, made by `make` the first time.
template <typename Handle, typename Make>
Handle& FindOrMake(std::map<Identity, std::unique_ptr<Handle>>& handles, std::string_view name,
                   const Metrics::Labels& labels, Make&& make) {
  std::unique_ptr<Handle>& handle = handles[Identity(std::string(name), labels)];
  if (handle == nullptr) handle = make();
  return *handle;
}

}  // namespace

struct Metrics::Impl {
  mutable std::mutex mutex;  // of the three maps; the handles themselves need none
  prometheus::Registry registry;
  std::map<Identity, std::unique_ptr<Counter>> counters;
  std::map<Identity, std::unique_ptr<Gauge>> gauges;
  std::map<Identity, std::unique_ptr<Histogram>> histograms;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics::Counter& Metrics::GetCounter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(impl_->mutex);
  return FindOrMake(impl_->counters, name, labels, [&] {
    auto& family = prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(impl_->registry);
    return std::make_unique<PrometheusCounter>(family.Add(labels));
  });
}

Metrics::Gauge& Metrics::GetGauge(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(impl_->mutex);
  return FindOrMake(impl_->gauges, name, labels, [&] {
    auto& family = prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(impl_->registry);
    return std::make_unique<PrometheusGauge>(family.Add(labels));
  });
}

Metrics::Histogram& Metrics::GetHistogram(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(impl_->mutex);
  return FindOrMake(impl_->histograms, name, labels, [&] {
    auto& family =
        prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(impl_->registry);
    return std::make_unique<PrometheusHistogram>(family.Add(labels, LatencyBuckets()));
  });
}

std::string Metrics::Expose() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace esnaf::runtime
