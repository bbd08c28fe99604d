#include "libs/base/json_shape.h"

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

TEST_CASE("JSON within its bounds is read, and beyond them refused") {
  CHECK_OK(CheckJsonShape(R"({"a": [1, {"b": "[[[[[[[["}]})", {.most_levels = 3}));
  CHECK_OK(CheckJsonShape(R"({"\"[[[": "\\"})", {.most_levels = 1}));
  CHECK_STATUS_IS(CheckJsonShape("[[[[", {.most_levels = 3}), absl::StatusCode::kInvalidArgument,
                  "nested more than 3 levels");
  std::string numbers;
  for (int i = 0; i < 1'000'001; ++i) numbers += "1,";
  CHECK_STATUS_IS(CheckJsonShape(numbers, {.most_millions_of_values = 1}), absl::StatusCode::kInvalidArgument,
                  "1 million values");
}

}  // namespace
}  // namespace esnaf
