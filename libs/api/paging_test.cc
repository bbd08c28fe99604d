#include "libs/api/paging.h"

#include <rapidcheck.h>

#include "esnaf/api/v1/money.pb.h"
#include "google/rpc/error_details.pb.h"
#include "libs/base/crypto.h"
#include "libs/testing/catch.h"

namespace esnaf::api {
namespace {

TEST_CASE("Page sizes are coerced") {
  CHECK(*PageSize(0, 50, 1000) == 50);
  CHECK(*PageSize(7, 50, 1000) == 7);
  CHECK(*PageSize(5000, 50, 1000) == 1000);
  CHECK_STATUS_IS(PageSize(-1, 50, 1000), absl::StatusCode::kInvalidArgument, "page_size");
}

TEST_CASE("Every key is read back from its token, by requests of the same fingerprint only") {
  REQUIRE(rc::check("read(make(key)) == key", [](std::uint64_t fingerprint) {
    PageKey key;
    const auto texts = *rc::gen::resize(50, rc::gen::nonEmpty<std::vector<std::pair<bool, std::string>>>());
    for (const auto& [null, bytes] : texts) {
      key.push_back(null ? std::nullopt : std::optional(HexEncode(bytes)));
    }
    const std::string token = MakePageToken(fingerprint, key);
    const auto read = ReadPageToken(token, fingerprint);
    RC_ASSERT(read.ok());
    RC_ASSERT(*read == key);
    RC_ASSERT(!ReadPageToken(token, fingerprint ^ 1).ok());
  }));
}

TEST_CASE("An empty token means the first page") { CHECK(ReadPageToken("", 7)->empty()); }

TEST_CASE("What is no token is refused") {
  const std::string good = MakePageToken(7, {"2026-01-31 00:00:00+00", std::nullopt, "x"});
  REQUIRE_OK(ReadPageToken(good, 7));
  CHECK_STATUS_IS(ReadPageToken(good, 8), absl::StatusCode::kInvalidArgument, "other arguments");
  for (std::size_t length = 1; length < good.size(); ++length) {
    const auto read = ReadPageToken(good.substr(0, length), 7);
    // Cut between two values it is a shorter key, which the order refuses.
    if (read.ok()) CHECK(read->size() < 3);
  }
  CHECK_OK(ReadPageToken(MakePageToken(7, {std::string(40'000, 'x')}), 7));
  CHECK_STATUS_IS(ReadPageToken("!", 7), absl::StatusCode::kInvalidArgument, "page_token");
  CHECK_STATUS_IS(ReadPageToken("AAAA", 7), absl::StatusCode::kInvalidArgument, "page_token");
  CHECK_STATUS_IS(ReadPageToken(MakePageToken(7, {}), 7), absl::StatusCode::kInvalidArgument, "page_token");
  CHECK_STATUS_IS(ReadPageToken(MakePageToken(7, {std::string("a\0b", 3)}), 7), absl::StatusCode::kInvalidArgument,
                  "page_token");
  CHECK_STATUS_IS(ReadPageToken(std::string(100'000, 'A'), 7), absl::StatusCode::kInvalidArgument, "page_token");
}

TEST_CASE("Any text is refused or read, and never more") {
  REQUIRE(rc::check("no token breaks the reader", [](const std::string& text) {
    const auto read = ReadPageToken(Base64UrlEncode("\x01" + text), 7);
    RC_ASSERT(read.ok() || read.status().code() == absl::StatusCode::kInvalidArgument);
  }));
}

TEST_CASE("A fingerprint depends on the request's kind and on every argument") {
  v1::Money a;
  a.set_minor(1);
  v1::Money b = a;
  CHECK(ListFingerprint(a) == ListFingerprint(b));
  b.set_currency_code("TRY");
  CHECK(ListFingerprint(a) != ListFingerprint(b));
  google::rpc::BadRequest empty;
  CHECK(ListFingerprint(empty) != ListFingerprint(v1::Money()));
}

}  // namespace
}  // namespace esnaf::api
