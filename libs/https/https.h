#pragma once

// Asks other systems over HTTPS, where secrets and people's data go along. Libcurl does the work.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace esnaf::https {

// Whether secrets may be sent to the address: `https://…`, or `http://` of this machine, for tests and sidecars.
bool MayCarrySecrets(std::string_view url);

// What happens to an answer beyond its bound.
enum class Excess { kCut, kRefuse };

// A key that signs requests by AWS Signature Version 4, as stores that speak S3 ask for.
struct AwsKey {
  std::string access_key;
  std::string secret_key;  // never logged and never sent
  std::string region;
  std::string service;  // for example `s3`
};

struct Request {
  std::string url;
  std::vector<std::string> headers;      // `Name: value`; never logged
  std::optional<std::string_view> body;  // posted where it is given, else the address is got
  std::string method{};                  // in place of POST and GET, for example `PUT`; HEAD asks for no body
  // Signs the method, address and all headers. The query has to be encoded and in the order of its names; a body needs
  // the header `x-amz-content-sha256`, which the signature covers.
  std::optional<AwsKey> aws_key{};
  std::chrono::milliseconds timeout{10'000};
  std::size_t most_answer_bytes = 0;
  Excess excess = Excess::kRefuse;
  // Whether only addresses of the public internet are connected to, whatever a name stands for at the moment: for
  // addresses that others than the operator may set. No proxy is used then.
  bool public_only = false;
};

struct Answer {
  int status = 0;  // HTTP's, whatever it says
  std::string body;
  std::optional<Time> modify_time{};  // the header Last-Modified
};

// UNAVAILABLE where nobody answered in time, or by more than the bound; PERMISSION_DENIED where the address is not
// public and has to be. Redirects are not followed: they would take the
// secrets somewhere else.
absl::StatusOr<Answer> Ask(const Request& request);

}  // namespace esnaf::https
