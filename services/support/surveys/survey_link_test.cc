// Goal: nobody makes or changes a link without the installation's secret.
#include "services/support/surveys/survey_link.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

const SurveyLink kLink{*Uuid::Parse("0190c1c7-0000-7000-8000-000000000001"), *ParseRfc3339("2026-12-01T00:00:00Z")};

TEST_CASE("a link is read back, and by no other secret") {
  const std::string token = SignLink(kLink, "secret");
  CHECK(token.size() == 54);
  CHECK(ReadLink(token, "secret") == kLink);
  CHECK_FALSE(ReadLink(token, "other").has_value());
  CHECK_FALSE(ReadLink("", "secret").has_value());
  CHECK_FALSE(ReadLink(token + "A", "secret").has_value());
}

TEST_CASE("no change of a link goes unnoticed") {
  CHECK(rc::check([] {
    std::string token = SignLink(kLink, "secret");
    const auto at = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(token.size())));
    const char c = *rc::gen::arbitrary<char>();
    RC_PRE(token[at] != c);
    token[at] = c;
    RC_ASSERT(!ReadLink(token, "secret").has_value());
  }));
}

TEST_CASE("any bytes are no link, and break nothing") {
  CHECK(rc::check([] { RC_ASSERT(!ReadLink(*rc::gen::arbitrary<std::string>(), "secret").has_value()); }));
}

}  // namespace
}  // namespace esnaf::support
