#include "libs/api/stored_json.h"

#include "esnaf/api/v1/money.pb.h"
#include "libs/testing/catch.h"

namespace esnaf::api {
namespace {

TEST_CASE("what is stored comes back, and what a newer version added does not stand in the way") {
  v1::Money money;
  money.set_minor(-9223372036854775807);
  money.set_currency_code("TRY");
  ESNAF_REQUIRE_VALUE(const auto back, FromStoredJson<v1::Money>(ToStoredJson(money)));
  CHECK(back.SerializeAsString() == money.SerializeAsString());
  ESNAF_REQUIRE_VALUE(const auto newer, FromStoredJson<v1::Money>(R"({"minor": "7", "mood": "good"})"));
  CHECK(newer.minor() == 7);
  CHECK_STATUS_IS(FromStoredJson<v1::Money>("{").status(), absl::StatusCode::kInternal, "esnaf.api.v1.Money");
}

}  // namespace
}  // namespace esnaf::api
