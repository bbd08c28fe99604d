#pragma once

// The connection of a command to the gateway, and how commands end.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/runtime/channel.h"

namespace esnaf::cli {

// What `esnaf` exits with.
enum ExitCode {
  kOk = 0,
  kFailed = 1,       // the server refused or failed
  kUsage = 2,        // wrong arguments, or an input file that cannot be read
  kNotFound = 3,     // what was asked for does not exist
  kNotAllowed = 4,   // no key, a wrong key, or one without the scope
  kUnavailable = 5,  // the gateway or a service behind it could not be reached
  kPartly = 6,       // done, but some rows were rejected
};

ExitCode ExitCodeOf(const absl::Status& status);

// Prints a status for people: what is wrong, which field, and what to do next where that is known.
void PrintError(const absl::Status& status);

struct ClientOptions {
  std::string address = "127.0.0.1:7070";
  std::string key_file;  // where empty: the environment variable ESNAF_KEY, then .esnaf/admin.key
};

class Client {
 public:
  explicit Client(ClientOptions options) : options_(std::move(options)) {}

  // `method` is `contacts.v1.ContactService/GetContact`. A read after a write of this client sees it
  // (`esnaf-after`). Repeatable calls are repeated while the suite is away for a moment.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(std::string_view method, const Request& request, bool repeatable = true) {
    Response response;
    ESNAF_RETURN_IF_ERROR(CallErased(method, request, response, repeatable));
    return response;
  }

  // Reads a server stream until it ends or `on_message` answers false; without a timeout.
  template <typename Response, typename Request>
  absl::Status Stream(std::string_view method, const Request& request,
                      const std::function<bool(const Response&)>& on_message) {
    return StreamErased(method, request, Response::default_instance(), [&](const google::protobuf::Message& message) {
      return on_message(static_cast<const Response&>(message));
    });
  }

  // Where the last write of this client stands; another client that is given it reads what this one wrote.
  const std::string& position() const { return after_; }
  void set_position(std::string position) { after_ = std::move(position); }
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

  // A client with the same key and a connection of its own, for a thread of its own.
  Client Clone() const { return Client(options_); }

 private:
  absl::Status CallErased(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message& response, bool repeatable);
  absl::Status StreamErased(std::string_view method, const google::protobuf::Message& request,
                            const google::protobuf::Message& response_type,
                            const std::function<bool(const google::protobuf::Message&)>& on_message);
  absl::Status Connect();

  ClientOptions options_;
  std::shared_ptr<runtime::Channel> channel_;
  std::string authorization_;
  std::string after_;
  std::chrono::milliseconds timeout_{30000};
};

}  // namespace esnaf::cli
