#include "libs/api/convert.h"

#include <rapidcheck.h>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::api {
namespace {

using namespace std::chrono_literals;

google::protobuf::Timestamp Timestamp(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(nanos);
  return timestamp;
}

TEST_CASE("Every time survives the contract") {
  REQUIRE(rc::check("from(to(t)) == t", [] {
    const Time time(Duration(*rc::gen::inRange<std::int64_t>(-62'135'596'800'000'000, 253'402'300'800'000'000)));
    const google::protobuf::Timestamp timestamp = ToProto(time);
    RC_ASSERT(timestamp.nanos() >= 0);
    RC_ASSERT(timestamp.nanos() < 1'000'000'000);
    const auto read = FromProto(timestamp, "t");
    RC_ASSERT(read.ok());
    RC_ASSERT(*read == time);
  }));
}

TEST_CASE("Times before 1970 have positive nanos") {
  const google::protobuf::Timestamp timestamp = ToProto(Time(-1us));
  CHECK(timestamp.seconds() == -1);
  CHECK(timestamp.nanos() == 999'999'000);
}

TEST_CASE("Timestamps outside their range are refused by the field's name") {
  CHECK_OK(FromProto(Timestamp(-62'135'596'800, 0), "at"));
  CHECK_OK(FromProto(Timestamp(253'402'300'799, 999'999'999), "at"));
  CHECK_STATUS_IS(FromProto(Timestamp(-62'135'596'801, 0), "at"), absl::StatusCode::kInvalidArgument, "at: ");
  CHECK_STATUS_IS(FromProto(Timestamp(253'402'300'800, 0), "at"), absl::StatusCode::kInvalidArgument, "at: ");
  CHECK_STATUS_IS(FromProto(Timestamp(0, -1), "at"), absl::StatusCode::kInvalidArgument, "nanos");
  CHECK_STATUS_IS(FromProto(Timestamp(0, 1'000'000'000), "at"), absl::StatusCode::kInvalidArgument, "nanos");
}

TEST_CASE("Money survives the contract") {
  const Money money{-1234, *Currency::Parse("TRY")};
  CHECK(ToProto(money).minor() == -1234);
  CHECK(ToProto(money).currency_code() == "TRY");
  ESNAF_REQUIRE_VALUE(const Money read, FromProto(ToProto(money), "total"));
  CHECK(read == money);
  CHECK_STATUS_IS(FromProto(v1::Money(), "total"), absl::StatusCode::kInvalidArgument, "total.currency_code");
}

TEST_CASE("Ids are refused by the field's name") {
  const Uuid id = Uuid::FromName("a", "b");
  ESNAF_REQUIRE_VALUE(const Uuid read, ParseId(id.ToString(), "order_id"));
  CHECK(read == id);
  CHECK_STATUS_IS(ParseId("", "order_id"), absl::StatusCode::kInvalidArgument, "order_id: is missing");
  CHECK_STATUS_IS(ParseId("42", "order_id"), absl::StatusCode::kInvalidArgument, "order_id: is no UUID");
  CHECK(ErrorFields(ParseId("42", "order_id").status())[0].first == "order_id");
}

}  // namespace
}  // namespace esnaf::api
