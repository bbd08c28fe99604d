#pragma once

// A store that speaks as much of S3 as files need, on loopback, for tests. It believes no request: it makes each
// signature itself, by the text of AWS Signature Version 4, and compares.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "libs/base/crypto.h"
#include "libs/base/text.h"
#include "libs/base/time.h"

namespace esnaf::files::testing {

// What a signature covers, as it went over the wire.
struct SignedRequest {
  std::string method;
  std::string path;
  std::string query;
  std::map<std::string, std::string> headers;  // by their names in lower case
  std::string secret_key;
};

// The signature in hex of the headers that `authorization` names, for the day, region and service that it names.
inline std::string AwsSignature(const SignedRequest& request, const std::string& authorization) {
  const auto part = [&](const std::string& name) -> std::string {
    const std::size_t at = authorization.find(name + "=");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 1;
    return authorization.substr(begin, authorization.find(',', begin) - begin);
  };
  const auto header = [&](const std::string& name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : std::string(Trim(found->second));
  };
  const std::string names = part("SignedHeaders");
  std::string canonical = absl::StrCat(request.method, "\n", request.path, "\n", request.query, "\n");
  for (const auto name : absl::StrSplit(names, ';')) {
    absl::StrAppend(&canonical, name, ":", header(std::string(name)), "\n");
  }
  absl::StrAppend(&canonical, "\n", names, "\n", header("x-amz-content-sha256"));
  const std::string credential = part("Credential");
  const std::string scope = credential.substr(credential.find('/') + 1);
  const std::string text =
      absl::StrCat("AWS4-HMAC-SHA256\n", header("x-amz-date"), "\n", scope, "\n", Sha256Hex(canonical));
  std::string key = "AWS4" + request.secret_key;
  for (const auto piece : absl::StrSplit(scope, '/')) key = HmacSha256(key, std::string(piece));
  return HexEncode(HmacSha256(key, text));
}

class FakeS3 {
 public:
  static constexpr char kBucket[] = "esnaf-files";
  static constexpr char kAccessKey[] = "AKIDEXAMPLE";
  static constexpr char kSecretKey[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

  struct Object {
    std::string content;
    Time modify_time;
  };

  FakeS3() : acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}) {
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeS3() {
    stopped_ = true;
    // Whoever waits for the next connection gets one.
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    boost::system::error_code ignored;
    socket.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  std::string endpoint() const { return absl::StrCat("http://127.0.0.1:", acceptor_.local_endpoint().port()); }

  // By their names without the bucket.
  std::map<std::string, Object> objects() const {
    const std::lock_guard lock(mutex_);
    return objects_;
  }
  void Put(const std::string& name, const std::string& content, Time modify_time) {
    const std::lock_guard lock(mutex_);
    objects_[name] = {content, modify_time};
  }
  void Erase(const std::string& name) {
    const std::lock_guard lock(mutex_);
    objects_.erase(name);
  }
  // So many requests are answered by 503 before they do anything.
  void FailNext(int count) {
    const std::lock_guard lock(mutex_);
    failures_ = count;
  }
  // Called with `PUT files/…`, or `LIST files/…`, before each request has its effect, by the server's thread.
  void BeforeEach(std::function<void(const std::string& request)> hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }
  // Every request as `PUT files/…`.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void Serve() {
    while (true) {
      boost::asio::ip::tcp::socket socket(io_);
      boost::system::error_code failed;
      acceptor_.accept(socket, failed);
      if (stopped_ || failed) return;
      ServeOne(socket);
    }
  }

  void ServeOne(boost::asio::ip::tcp::socket& socket) {
    namespace http = boost::beast::http;
    boost::system::error_code failed;
    boost::beast::flat_buffer buffer;
    http::request_parser<http::string_body> parser;
    parser.body_limit(100 << 20);
    http::read_header(socket, buffer, parser, failed);
    if (failed) return;
    if (parser.get()[http::field::expect] == "100-continue") {
      boost::asio::write(socket, boost::asio::buffer(std::string("HTTP/1.1 100 Continue\r\n\r\n")), failed);
    }
    http::read(socket, buffer, parser, failed);
    if (failed) return;
    Response response = Answer(parser.get());
    response.version(11);
    response.keep_alive(false);
    if (parser.get().method() == http::verb::head) {
      response.body().clear();
      http::response_serializer<http::string_body> serializer(response);
      http::write_header(socket, serializer, failed);
    } else {
      response.prepare_payload();
      http::write(socket, response, failed);
    }
    socket.shutdown(boost::asio::ip::tcp::socket::shutdown_both, failed);
  }

  static Response Error(boost::beast::http::status status, const std::string& code) {
    Response response;
    response.result(status);
    response.body() = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code></Error>";
    return response;
  }

  Response Answer(const Request& request) {
    namespace http = boost::beast::http;
    SignedRequest what{.method = std::string(request.method_string()),
                       .path = {},
                       .query = {},
                       .headers = {},
                       .secret_key = kSecretKey};
    const std::string target(request.target());
    const std::size_t mark = std::min(target.find('?'), target.size());
    what.path = target.substr(0, mark);
    what.query = mark < target.size() ? target.substr(mark + 1) : "";
    for (const auto& field : request) {
      what.headers[LowerCase(std::string(field.name_string()))] = std::string(field.value());
    }
    const std::string authorization(request[http::field::authorization]);
    if (authorization.find(absl::StrCat("Credential=", kAccessKey, "/")) == std::string::npos) {
      return Error(http::status::forbidden, "InvalidAccessKeyId");
    }
    const std::string names = authorization.substr(authorization.find("SignedHeaders="));
    const bool covers = names.find("host") != std::string::npos && names.find("x-amz-date") != std::string::npos &&
                        names.find("x-amz-content-sha256") != std::string::npos;
    if (!covers || !authorization.ends_with("Signature=" + AwsSignature(what, authorization))) {
      return Error(http::status::forbidden, "SignatureDoesNotMatch");
    }
    if (what.headers["x-amz-content-sha256"] != Sha256Hex(request.body())) {
      return Error(http::status::bad_request, "XAmzContentSHA256Mismatch");
    }
    const std::string bucket = absl::StrCat("/", kBucket, "/");
    if (!what.path.starts_with(bucket)) return Error(http::status::not_found, "NoSuchBucket");
    return Act(request, what.path.substr(bucket.size()), what.query);
  }

  Response Act(const Request& request, const std::string& name, const std::string& query) {
    namespace http = boost::beast::http;
    const std::string what = name.empty() ? "LIST " + Parameter(query, "prefix")
                                          : absl::StrCat(std::string(request.method_string()), " ", name);
    std::function<void(const std::string&)> hook;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(what);
      if (failures_ > 0) {
        --failures_;
        return Error(http::status::service_unavailable, "SlowDown");
      }
      hook = hook_;
    }
    if (hook) hook(what);
    const std::lock_guard lock(mutex_);
    if (request.method() == http::verb::put) {
      objects_[name] = {request.body(), std::chrono::floor<std::chrono::seconds>(SystemClock().Now())};
      return {};
    }
    if (name.empty()) return List(query);
    const auto found = objects_.find(name);
    if (request.method() == http::verb::delete_) {
      if (found != objects_.end()) objects_.erase(found);
      Response response;
      response.result(http::status::no_content);
      return response;
    }
    if (found == objects_.end()) return Error(http::status::not_found, "NoSuchKey");
    Response response;
    response.set(http::field::last_modified,
                 absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::FromChrono(found->second.modify_time),
                                  absl::UTCTimeZone()));
    response.body() = found->second.content;
    return response;
  }

  static std::string Parameter(const std::string& query, const std::string& name) {
    for (const auto piece : absl::StrSplit(query, '&')) {
      const std::pair<std::string, std::string> pair = absl::StrSplit(piece, absl::MaxSplits('=', 1));
      if (pair.first != name) continue;
      std::string value = pair.second;
      for (std::size_t at; (at = value.find("%2F")) != std::string::npos;) value.replace(at, 3, "/");
      return value;
    }
    return {};
  }

  // Of the list two objects at a time, so that more than one page is needed.
  Response List(const std::string& query) const {
    const std::string prefix = Parameter(query, "prefix"), after = Parameter(query, "start-after");
    Response response;
    response.body() = "<?xml version=\"1.0\"?><ListBucketResult>";
    int listed = 0;
    for (const auto& [name, object] : objects_) {
      if (!name.starts_with(prefix) || name <= after || ++listed > 2) continue;
      absl::StrAppend(&response.body(), "<Contents><Key>", name, "</Key><LastModified>",
                      FormatRfc3339(object.modify_time), "</LastModified></Contents>");
    }
    response.body() += "</ListBucketResult>";
    return response;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::atomic<bool> stopped_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::vector<std::string> requests_;
  int failures_ = 0;
  std::function<void(const std::string&)> hook_;
  std::thread thread_;
};

}  // namespace esnaf::files::testing
