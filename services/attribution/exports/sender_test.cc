#include "services/attribution/exports/sender.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "libs/base/crypto.h"
#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

// Takes one request on a free port of this machine, keeps it, and answers what the test says.
class OneRequestServer {
 public:
  explicit OneRequestServer(std::string answer)
      : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 1) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneRequestServer() {
    Join();
    close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v21.0/1/events"; }
  // What was sent; waits until it was.
  const std::string& request() {
    Join();
    return request_;
  }

 private:
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  void Serve() {
    const int connection = accept(listener_, nullptr, nullptr);
    char buffer[4096];
    while (!Whole()) {
      const ssize_t count = read(connection, buffer, sizeof buffer);
      if (count <= 0) break;
      request_.append(buffer, static_cast<std::size_t>(count));
    }
    if (write(connection, answer_.data(), answer_.size()) < 0) request_ = "the answer could not be written";
    close(connection);
  }
  bool Whole() const {
    const std::size_t head = request_.find("\r\n\r\n");
    const std::size_t length = request_.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos) return false;
    return request_.size() >= head + 4 + std::stoul(request_.substr(length + std::strlen("Content-Length: ")));
  }

  const std::string answer_;
  const int listener_;
  int port_ = 0;
  std::string request_;
  std::thread thread_;
};

ExportFile Body() { return {.name = "meta-1.json", .content_type = "application/json", .body = R"({"data":[]})"}; }

std::unique_ptr<ConversionSender> SenderTo(const std::string& url) {
  auto sender = MakeHttpsSender({.url = url, .token = "gizli", .timeout = std::chrono::milliseconds(2000)});
  REQUIRE_OK(sender);
  return *std::move(sender);
}

}  // namespace

TEST_CASE("a body is posted with its type and token, and the answer is kept", "[exports]") {
  OneRequestServer server("HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"events_received\":1}");
  const auto answer = SenderTo(server.url())->Send(Body());
  REQUIRE_OK(answer);
  CHECK(answer->taken());
  CHECK(answer->text == "{\"events_received\":1}");
  const std::string& request = server.request();
  CHECK(request.starts_with("POST /v21.0/1/events HTTP/1.1\r\n"));
  CHECK(request.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(request.find("Authorization: Bearer gizli\r\n") != std::string::npos);
  CHECK(request.ends_with("\r\n\r\n{\"data\":[]}"));
}

TEST_CASE("a refusal is an answer too, and a redirect is not followed", "[exports]") {
  OneRequestServer refusing("HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\n{\"e\":\"ğ\"}");
  const auto refused = SenderTo(refusing.url())->Send(Body());
  REQUIRE_OK(refused);
  CHECK(refused->status == 400);
  CHECK_FALSE(refused->taken());
  CHECK(refused->text == "{\"e\":\"ğ\"}");
  OneRequestServer elsewhere("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  const auto redirected = SenderTo(elsewhere.url())->Send(Body());
  REQUIRE_OK(redirected);
  CHECK(redirected->status == 302);
  CHECK_FALSE(redirected->taken());
}

TEST_CASE("a long answer is shortened, and bytes that are no text are not kept", "[exports]") {
  OneRequestServer longer("HTTP/1.1 500 Oh\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x'));
  CHECK(SenderTo(longer.url())->Send(Body())->text.size() == 2000);
  OneRequestServer bytes("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n\xFF\xFE");
  CHECK(SenderTo(bytes.url())->Send(Body())->text == "(the answer is no text)");
}

TEST_CASE("a receiver that is away is told as such, and people's data go nowhere in the clear", "[exports]") {
  CHECK_STATUS_IS(SenderTo("http://127.0.0.1:1/")->Send(Body()), absl::StatusCode::kUnavailable, "");
  CHECK_STATUS_IS(MakeHttpsSender({.url = "http://graph.example/"}), absl::StatusCode::kInvalidArgument, "https");
  CHECK_STATUS_IS(MakeHttpsSender({.url = "ftp://127.0.0.1:1/"}), absl::StatusCode::kInvalidArgument, "https");
  CHECK_OK(MakeHttpsSender({.url = "https://graph.example/"}));
}

TEST_CASE("a file is written into the folder, whole", "[exports]") {
  const auto folder = std::filesystem::temp_directory_path() / ("esnaf-export-" + HexEncode(RandomBytes(8)));
  std::filesystem::create_directory(folder);
  const auto sender = MakeFolderSender(folder.string());
  REQUIRE_OK(sender->Send(Body()));
  std::ifstream file(folder / "meta-1.json");
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == R"({"data":[]})");
  CHECK(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) == 1);
  CHECK_OK(sender->Send(Body()));
  ExportFile other = Body();
  other.body = R"({"data":[1]})";
  CHECK_STATUS_IS(sender->Send(other), absl::StatusCode::kAlreadyExists, "another file");
  std::ifstream again(folder / "meta-1.json");
  CHECK(std::string(std::istreambuf_iterator<char>(again), {}) == R"({"data":[]})");
  ExportFile outside = Body();
  outside.name = "../outside";
  CHECK_STATUS_IS(sender->Send(outside), absl::StatusCode::kInternal, "");
  std::filesystem::remove_all(folder);
  CHECK_STATUS_IS(sender->Send(Body()), absl::StatusCode::kUnavailable, "");
}

}  // namespace esnaf::attribution
