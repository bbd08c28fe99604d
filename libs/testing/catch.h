#pragma once

// Catch2, version 2 or 3, and assertions about Status and StatusOr. Every test includes this header, never Catch2's
// own.
//
// Catch2's assertions are not thread-safe: collect in threads, assert in the test's own.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/macros.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::testing {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

// The status in words, without the payloads, which are bytes.
inline std::string DescribeStatus(const absl::Status& status) {
  return status.ToString(absl::StatusToStringMode::kWithNoExtraData);
}

inline bool MessageContains(const absl::Status& status, std::string_view part) {
  return std::string_view(status.message().data(), status.message().size()).find(part) != std::string_view::npos;
}

// Catch2 3 names it ContainsSubstring, Catch2 2 Contains.
#if __has_include(<catch2/catch_all.hpp>)
using Catch::Matchers::ContainsSubstring;
#else
inline auto ContainsSubstring(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif

}  // namespace esnaf::testing

// What a failed comparison shows of our own types.
template <>
struct Catch::StringMaker<esnaf::Uuid> {
  static std::string convert(const esnaf::Uuid& id) { return id.ToString(); }
};
template <>
struct Catch::StringMaker<esnaf::Time> {
  static std::string convert(esnaf::Time time) { return esnaf::FormatRfc3339(time); }
};
template <>
struct Catch::StringMaker<esnaf::Date> {
  static std::string convert(esnaf::Date date) { return esnaf::FormatDate(date); }
};
template <>
struct Catch::StringMaker<esnaf::Money> {
  static std::string convert(const esnaf::Money& money) {
    return esnaf::FormatMoney(money) + " " + money.currency.code();
  }
};

// Each takes an expression that gives an absl::Status or a StatusOr, and shows the status where it fails.
#define ESNAF_ASSERT_OK(assertion, ...)                                             \
  do {                                                                              \
    const absl::Status esnaf_status = ::esnaf::testing::StatusOf((__VA_ARGS__));    \
    INFO(#__VA_ARGS__ " gives " << ::esnaf::testing::DescribeStatus(esnaf_status)); \
    assertion(esnaf_status.ok());                                                   \
  } while (false)
#define CHECK_OK(...) ESNAF_ASSERT_OK(CHECK, __VA_ARGS__)
#define REQUIRE_OK(...) ESNAF_ASSERT_OK(REQUIRE, __VA_ARGS__)

// The status has the code, and its message holds the substring (empty: any message).
#define CHECK_STATUS_IS(expression, expected_code, substring)                      \
  do {                                                                             \
    const absl::Status esnaf_status = ::esnaf::testing::StatusOf((expression));    \
    INFO(#expression " gives " << ::esnaf::testing::DescribeStatus(esnaf_status)); \
    CHECK(esnaf_status.code() == (expected_code));                                 \
    INFO("expected in the message: " << (substring));                              \
    CHECK(::esnaf::testing::MessageContains(esnaf_status, (substring)));           \
  } while (false)

// Declares `target` with the value of a StatusOr, or ends the test: `ESNAF_REQUIRE_VALUE(auto order, store.Get(tx,
// id));`
#define ESNAF_REQUIRE_VALUE(target, ...) \
  ESNAF_REQUIRE_VALUE_IMPL(ESNAF_CONCAT(esnaf_value_or_, __LINE__), target, __VA_ARGS__)
#define ESNAF_REQUIRE_VALUE_IMPL(temporary, target, ...) \
  auto temporary = (__VA_ARGS__);                        \
  REQUIRE_OK(temporary);                                 \
  target = std::move(temporary).value()
