#include "tests/load/measure.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace esnaf::load {

double Latencies::Percentile(double fraction) {
  if (values_.empty()) return 0;
  std::sort(values_.begin(), values_.end());
  const auto index = static_cast<std::size_t>(fraction * static_cast<double>(values_.size() - 1));
  return static_cast<double>(values_[index]) / 1000;
}

Sample Summarize(Latencies& latencies, std::int64_t failures, double seconds, double busy_us) {
  const auto calls = static_cast<double>(latencies.size());
  Sample sample;
  sample.rps = calls / seconds;
  sample.p50_us = latencies.Percentile(0.50);
  sample.p99_us = latencies.Percentile(0.99);
  sample.cpu_us_per_call = busy_us / std::max(1.0, calls);
  sample.failures = failures;
  return sample;
}

double MachineCpuMicroseconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  file >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
  return (user + nice + system + irq + softirq) * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace esnaf::load
