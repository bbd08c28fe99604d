// Paths and templates: what matches, what it binds, and that no text brings the parsers down.
#include "services/gateway/path_template.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::gateway {
namespace {

std::optional<Captures> MatchPath(const std::string& pattern, const std::string& path) {
  ESNAF_REQUIRE_VALUE(const PathTemplate parsed, PathTemplate::Parse(pattern));
  const auto split = SplitHttpPath(path);
  if (!split) return std::nullopt;
  return parsed.Match(*split);
}

TEST_CASE("a path matches its template and binds its variables") {
  CHECK(MatchPath("/v1/contacts", "/v1/contacts") == Captures{});
  CHECK(MatchPath("/v1/contacts/{id}", "/v1/contacts/7") == Captures{{"id", "7"}});
  CHECK(MatchPath("/v1/contacts/{contact.id}", "/v1/contacts/7") == Captures{{"contact.id", "7"}});
  CHECK(MatchPath("/v1/contacts/{id}:merge", "/v1/contacts/7:merge") == Captures{{"id", "7"}});
  CHECK(MatchPath("/v1/contacts:search", "/v1/contacts:search") == Captures{});
  CHECK(MatchPath("/v1/a/{x}/b/{y}", "/v1/a/1/b/2") == Captures{{"x", "1"}, {"y", "2"}});
}

TEST_CASE("another path does not match") {
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1/contacts"));
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1/contacts/7/card"));
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1/orders/7"));
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1/contacts/7:merge"));
  CHECK(!MatchPath("/v1/contacts/{id}:merge", "/v1/contacts/7"));
  CHECK(!MatchPath("/v1/contacts/{id}:merge", "/v1/contacts/7:unmerge"));
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1/contacts/"));
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1//7"));
  CHECK(!MatchPath("/v1/contacts/{id}", "v1/contacts/7"));
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1/contacts/%zz"));
  CHECK(!MatchPath("/v1/contacts/{id}", "/v1/contacts/%00"));
}

TEST_CASE("what is escaped in a segment is not structure") {
  CHECK(MatchPath("/v1/contacts/{id}", "/v1/contacts/a%2Fb%3Ac") == Captures{{"id", "a/b:c"}});
  CHECK(MatchPath("/v1/contacts/{id}", "/v1/contacts/a+b") == Captures{{"id", "a+b"}});
  CHECK(PercentDecode("a+b%20c", true) == "a b c");
  CHECK(PercentDecode("%C4%B0", false) == "İ");
}

TEST_CASE("templates that cannot be kept are refused") {
  for (const char* text : {"", "v1", "/v1/{id", "/v1/{a=b/*}", "/v1/**", "/v1//x", "/v1/{.id}", "/v1/x:", "/v1/a b"}) {
    INFO(text);
    CHECK_STATUS_IS(PathTemplate::Parse(text), absl::StatusCode::kInvalidArgument, "path template");
  }
}

TEST_CASE("any id survives the way through a path") {
  REQUIRE(rc::check("percent-encoding every byte binds the same text", [](const std::string& id) {
    RC_PRE(!id.empty() && id.find('\0') == std::string::npos);
    std::string path = "/v1/contacts/";
    static constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : id) {
      const auto byte = static_cast<unsigned char>(c);
      path += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    const auto parsed = PathTemplate::Parse("/v1/contacts/{id}");
    const auto split = SplitHttpPath(path);
    RC_ASSERT(split.has_value());
    RC_ASSERT(parsed->Match(*split) == (Captures{{"id", id}}));
  }));
}

TEST_CASE("no text breaks the parsers") {
  REQUIRE(rc::check("random paths split or do not, and match or do not", [](const std::vector<std::uint8_t>& picks) {
    static constexpr std::string_view kAlphabet = "/:%{}.*=aZ0+?&\x01\xff-";
    std::string text = "/";
    for (const std::uint8_t pick : picks) text.push_back(kAlphabet[pick % kAlphabet.size()]);
    const auto parsed = PathTemplate::Parse(text);
    const auto split = SplitHttpPath(text);
    RC_ASSERT(!parsed.ok() || split.has_value());
    if (split && parsed.ok()) parsed->Match(*split);
    PercentDecode(text, true);
  }));
}

}  // namespace
}  // namespace esnaf::gateway
