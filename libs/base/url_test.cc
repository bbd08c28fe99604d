#include "libs/base/url.h"

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

TEST_CASE("parts of a query are decoded once, and what is no escape stays") {
  CHECK(DecodeQueryPart("a+b%20c") == "a b c");
  CHECK(DecodeQueryPart("%C4%9f") == "ğ");
  CHECK(DecodeQueryPart("%2520") == "%20");
  CHECK(DecodeQueryPart("100%") == "100%");
  CHECK(DecodeQueryPart("%4") == "%4");
  CHECK(DecodeQueryPart("%zz%41") == "%zzA");
  CHECK(DecodeQueryPart("").empty());
}

TEST_CASE("a form's names and values come in their order, decoded, also without a value") {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  CHECK(DecodeForm("a=1&b=x+y&a=%C3%A7&c&=d&e=f=g") ==
        Fields{{"a", "1"}, {"b", "x y"}, {"a", "ç"}, {"c", ""}, {"", "d"}, {"e", "f=g"}});
  CHECK(DecodeForm("").empty());
}

}  // namespace
}  // namespace esnaf
