#pragma once

// A closed loop: so many calls are always under way; each one that ends starts the next.
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace esnaf::load {

struct Sample {
  double rps = 0;
  double p50_us = 0;
  double p99_us = 0;
  double cpu_us_per_call = 0;  // of the whole machine: client, gateway, services, Postgres
  std::int64_t failures = 0;
};

// Latencies of the calls of one run, gathered by one thread or slot each.
class Latencies {
 public:
  void Add(std::chrono::nanoseconds latency) { values_.push_back(latency.count()); }
  void Append(const Latencies& other) { values_.insert(values_.end(), other.values_.begin(), other.values_.end()); }
  std::size_t size() const { return values_.size(); }
  double Percentile(double fraction);  // microseconds; sorts

 private:
  std::vector<std::int64_t> values_;
};

// What calls of `seconds` came to, when the machine was busy for `busy_us` meanwhile.
Sample Summarize(Latencies& latencies, std::int64_t failures, double seconds, double busy_us);

// Busy CPU time of the machine since boot, in microseconds.
double MachineCpuMicroseconds();

// Makes the next request: the method's path and the serialized message.
using NextRequest = std::function<std::pair<std::string, std::string>(std::uint64_t number)>;

// `address` as gRPC takes it. `metadata` goes with every call.
Sample RunGrpc(const std::string& address, const std::vector<std::pair<std::string, std::string>>& metadata,
               const NextRequest& next, int in_flight, std::chrono::milliseconds duration);

struct HttpRequest {
  std::string method;
  std::string target;
  std::string body;  // JSON; empty for none
};
using NextHttpRequest = std::function<HttpRequest(std::uint64_t number)>;
Sample RunHttp(const std::string& host, const std::string& port, const std::string& key, const NextHttpRequest& next,
               int in_flight, std::chrono::milliseconds duration);

// A raw gRPC server of one method that answers what it was sent, by the callback API and nothing else. Runs until the
// process ends.
int ServeEcho(const std::string& address);

}  // namespace esnaf::load
