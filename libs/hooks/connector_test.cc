#include "libs/hooks/connector.h"

#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/hooks/hook_worker.h"
#include "libs/testing/catch.h"

namespace esnaf::hooks {
namespace {

TEST_CASE("headers and parameters of the query are found, and decoded once") {
  const Request request{.headers = {{"x-hub-signature-256", "sha256=1"}},
                        .query = "hub.mode=subscribe&hub.challenge=11%2058%2B0&empty&hub.mode=other&bad=%4&sp=a+b&"};
  CHECK(request.Header("x-hub-signature-256") == "sha256=1");
  CHECK(request.Header("x-none").empty());
  CHECK(request.QueryValue("hub.mode") == "subscribe");
  CHECK(request.QueryValue("hub.challenge") == "11 58+0");
  CHECK(request.QueryValue("sp") == "a b");
  CHECK(request.QueryValue("bad") == "%4");
  CHECK(request.QueryValue("empty").empty());
  CHECK(request.QueryValue("none").empty());
  CHECK(Request{}.QueryValue("none").empty());
}

TEST_CASE("only the secret itself matches, and nothing where none is set") {
  const Secrets secrets = {{"key", Sha256Hex("open sesame")}, {"unset", ""}};
  CHECK(Matches("open sesame", secrets, "key"));
  CHECK_FALSE(Matches("open sesam", secrets, "key"));
  CHECK_FALSE(Matches(Sha256Hex("open sesame"), secrets, "key"));
  CHECK_FALSE(Matches("", secrets, "key"));
  CHECK_FALSE(Matches("", secrets, "unset"));
  CHECK_FALSE(Matches("", secrets, "absent"));
  CHECK(SecretOf(secrets, "absent").empty());
  CHECK(ErrorReason(NotVerified()) == "HOOK_NOT_VERIFIED");
}

TEST_CASE("delays grow up to the longest") {
  using std::chrono::seconds;
  const RetryPolicy policy;
  CHECK(DelayAfter(1, policy) == seconds(2));
  CHECK(DelayAfter(2, policy) == seconds(8));
  CHECK(DelayAfter(6, policy) == seconds(2048));
  CHECK(DelayAfter(7, policy) == seconds(3600));
  CHECK(DelayAfter(1'000'000, policy) == seconds(3600));
}

}  // namespace
}  // namespace esnaf::hooks
