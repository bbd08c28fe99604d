#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <thread>

#include "tests/load/measure.h"

namespace esnaf::load {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using SteadyClock = std::chrono::steady_clock;

struct Result {
  Latencies latencies;
  std::int64_t failures = 0;
};

// One connection that is kept alive, one request at a time.
Result Loop(const std::string& host, const std::string& port, const std::string& key, const NextHttpRequest& next,
            std::atomic<std::uint64_t>& number, SteadyClock::time_point end) {
  Result result;
  boost::asio::io_context context;
  beast::tcp_stream stream(context);
  stream.connect(boost::asio::ip::tcp::resolver(context).resolve(host, port));
  stream.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  beast::flat_buffer buffer;
  while (SteadyClock::now() < end) {
    const HttpRequest wanted = next(number++);
    http::request<http::string_body> request(http::string_to_verb(wanted.method), wanted.target, 11);
    request.set(http::field::host, host);
    request.set(http::field::authorization, "Bearer " + key);
    if (!wanted.body.empty()) {
      request.set(http::field::content_type, "application/json");
      request.body() = wanted.body;
    }
    request.prepare_payload();
    const auto started = SteadyClock::now();
    http::write(stream, request);
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    result.latencies.Add(SteadyClock::now() - started);
    if (response.result_int() != 200 && result.failures++ == 0) std::cerr << "failed: " << response.body() << "\n";
  }
  return result;
}

}  // namespace

Sample RunHttp(const std::string& host, const std::string& port, const std::string& key, const NextHttpRequest& next,
               int in_flight, std::chrono::milliseconds duration) {
  std::vector<Result> results(static_cast<std::size_t>(in_flight));
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> number = 0;
  const double cpu = MachineCpuMicroseconds();
  const auto started = SteadyClock::now();
  for (auto& result : results) {
    threads.emplace_back([&] {
      try {
        result = Loop(host, port, key, next, number, started + duration);
      } catch (const std::exception& error) {
        std::cerr << "http: " << error.what() << "\n";
        ++result.failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
  const double busy = MachineCpuMicroseconds() - cpu;
  Latencies all;
  std::int64_t failures = 0;
  for (auto& result : results) {
    all.Append(result.latencies);
    failures += result.failures;
  }
  return Summarize(all, failures, seconds, busy);
}

}  // namespace esnaf::load
