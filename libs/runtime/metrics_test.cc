#include "libs/runtime/metrics.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "libs/testing/catch.h"

namespace esnaf::runtime {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using testing::ContainsSubstring;

http::response<http::string_body> Get(int port, const std::string& path, http::verb verb = http::verb::get) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  stream.connect({asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
  http::request<http::empty_body> request(verb, path, 11);
  http::write(stream, request);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response);
  return response;
}

TEST_CASE("the same name and labels give the same handle") {
  Metrics metrics;
  auto& counter = metrics.GetCounter("esnaf_things_total", "Things.", {{"kind", "a"}});
  CHECK(&metrics.GetCounter("esnaf_things_total", "Things.", {{"kind", "a"}}) == &counter);
  CHECK(&metrics.GetCounter("esnaf_things_total", "Things.", {{"kind", "b"}}) != &counter);
  auto& gauge = metrics.GetGauge("esnaf_level", "Level.");
  CHECK(&metrics.GetGauge("esnaf_level", "Level.") == &gauge);
  auto& histogram = metrics.GetHistogram("esnaf_wait_seconds", "Wait.");
  CHECK(&metrics.GetHistogram("esnaf_wait_seconds", "Wait.") == &histogram);
}

TEST_CASE("metrics are shown in the text format") {
  Metrics metrics;
  metrics.GetCounter("esnaf_things_total", "Things.", {{"kind", "a"}}).Add(3);
  metrics.GetGauge("esnaf_level", "Level.").Set(7);
  metrics.GetGauge("esnaf_level", "Level.").Add(-2);
  metrics.GetHistogram("esnaf_wait_seconds", "Wait.").Observe(0.0003);
  const std::string text = metrics.Expose();
  CHECK_THAT(text, ContainsSubstring("# TYPE esnaf_things_total counter"));
  CHECK_THAT(text, ContainsSubstring("esnaf_things_total{kind=\"a\"} 3"));
  CHECK_THAT(text, ContainsSubstring("esnaf_level 5"));
  CHECK_THAT(text, ContainsSubstring("esnaf_wait_seconds_bucket{le=\"0.0002\"} 0"));
  CHECK_THAT(text, ContainsSubstring("esnaf_wait_seconds_bucket{le=\"0.0005\"} 1"));
  CHECK_THAT(text, ContainsSubstring("esnaf_wait_seconds_count 1"));
}

TEST_CASE("the HTTP server shows metrics and health, and nothing else") {
  Metrics metrics;
  metrics.GetCounter("esnaf_things_total", "Things.").Add();
  absl::Status health = absl::UnavailableError("the database does not answer");
  ESNAF_REQUIRE_VALUE(const auto server, MetricsServer::Start("127.0.0.1:0", metrics, [&] { return health; }));

  const auto page = Get(server->port(), "/metrics");
  CHECK(page.result() == http::status::ok);
  CHECK(std::string(page[http::field::content_type]) == "text/plain; version=0.0.4; charset=utf-8");
  CHECK_THAT(page.body(), ContainsSubstring("esnaf_things_total 1"));

  CHECK(Get(server->port(), "/healthz").result() == http::status::service_unavailable);
  CHECK(Get(server->port(), "/healthz").body() == "the database does not answer\n");
  health = absl::OkStatus();
  CHECK(Get(server->port(), "/healthz").result() == http::status::ok);
  CHECK(Get(server->port(), "/healthz").body() == "ok\n");

  CHECK(Get(server->port(), "/").result() == http::status::not_found);
  CHECK(Get(server->port(), "/metrics", http::verb::delete_).result() == http::status::method_not_allowed);
}

TEST_CASE("the HTTP server says what is wrong with its address") {
  Metrics metrics;
  const auto start = [&](const std::string& listen) {
    return MetricsServer::Start(listen, metrics, [] { return absl::OkStatus(); }).status();
  };
  for (const char* listen : {"9100", "127.0.0.1:x", "127.0.0.1:70000", "here:1"}) {
    CHECK_STATUS_IS(start(listen), absl::StatusCode::kInvalidArgument, "metrics-listen");
  }
  ESNAF_REQUIRE_VALUE(const auto taken, MetricsServer::Start("127.0.0.1:0", metrics, [] { return absl::OkStatus(); }));
  CHECK_STATUS_IS(start("127.0.0.1:" + std::to_string(taken->port())), absl::StatusCode::kUnavailable,
                  "metrics-listen");
}

}  // namespace
}  // namespace esnaf::runtime
