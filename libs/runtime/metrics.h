#pragma once

// Prometheus metrics of one process, and the little HTTP server that shows them at `/metrics` and `/healthz`.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace esnaf::runtime {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  using Labels = std::map<std::string, std::string>;
  // Names are `esnaf_<what>_<unit>[_total]`. Handles live as long as the Metrics and are safe from any thread; asking
  // again for the same name and labels gives the same one.
  class Counter {
   public:
    virtual ~Counter() = default;
    virtual void Add(double by = 1) = 0;
  };
  class Gauge {
   public:
    virtual ~Gauge() = default;
    virtual void Set(double value) = 0;
    virtual void Add(double by) = 0;
    virtual double value() const = 0;
  };
  class Histogram {
   public:
    virtual ~Histogram() = default;
    virtual void Observe(double seconds) = 0;
  };
  Counter& GetCounter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // Buckets fit latencies from 50 µs to 10 s.
  Histogram& GetHistogram(std::string_view name, std::string_view help, const Labels& labels = {});
  // The text exposition format 0.0.4.
  std::string Expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Serves GET /metrics and GET /healthz (200 `ok`, or 503 with the reason) on a loopback port, on one thread.
class MetricsServer {
 public:
  // `healthy` answers OK or why not.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& listen, const Metrics& metrics,
                                                              std::function<absl::Status()> healthy);
  virtual ~MetricsServer() = default;
  virtual int port() const = 0;
};

}  // namespace esnaf::runtime
