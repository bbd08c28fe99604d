#include "libs/https/https.h"

#include "libs/testing/catch.h"

namespace esnaf::https {
namespace {

TEST_CASE("secrets go by https, or stay on this machine") {
  CHECK(MayCarrySecrets("https://graph.facebook.com/v21.0"));
  CHECK(MayCarrySecrets("http://127.0.0.1:8080/x"));
  CHECK(MayCarrySecrets("http://localhost:8080"));
  CHECK_FALSE(MayCarrySecrets("http://example.com"));
  CHECK_FALSE(MayCarrySecrets("http://127.0.0.1.example.com:80"));
  CHECK_FALSE(MayCarrySecrets("http://localhost:x@example.com/"));
  CHECK_FALSE(MayCarrySecrets("http://127.0.0.1:1@example.com"));
  CHECK_FALSE(MayCarrySecrets(""));
}

TEST_CASE("where nobody listens, nobody is available") {
  CHECK_STATUS_IS(Ask({.url = "http://127.0.0.1:1/", .most_answer_bytes = 10}).status(), absl::StatusCode::kUnavailable,
                  "");
}

TEST_CASE("who asks the public internet alone is not led to this machine by any name") {
  for (const char* url : {"http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/"}) {
    CAPTURE(url);
    CHECK_STATUS_IS(Ask({.url = url, .most_answer_bytes = 10, .public_only = true}).status(),
                    absl::StatusCode::kPermissionDenied, "");
  }
}

}  // namespace
}  // namespace esnaf::https
