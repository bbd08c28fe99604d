#include "libs/base/error.h"

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("An error carries its reason and metadata") {
  const absl::Status status =
      MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the contact has changed", {{"etag", "7"}, {"id", "x"}});
  CHECK_STATUS_IS(status, absl::StatusCode::kAborted, "the contact has changed");
  CHECK(ErrorReason(status) == "ETAG_MISMATCH");
  CHECK(ErrorMetadataValue(status, "etag") == "7");
  CHECK(ErrorMetadataValue(status, "other") == std::nullopt);
  CHECK(ErrorFields(status).empty());
}

TEST_CASE("A status without details has no reason") {
  CHECK(ErrorReason(absl::NotFoundError("x")).empty());
  CHECK(ErrorReason(absl::OkStatus()).empty());
  CHECK(ErrorMetadataValue(absl::NotFoundError("x"), "id") == std::nullopt);
}

TEST_CASE("A missing thing is named by kind and id") {
  const absl::Status status = NotFound("identity review", "42");
  CHECK_STATUS_IS(status, absl::StatusCode::kNotFound, "there is no identity review 42");
  CHECK(ErrorReason(status) == "IDENTITY_REVIEW_NOT_FOUND");
  CHECK(ErrorMetadataValue(status, "id") == "42");
}

TEST_CASE("A bad field is named in the message and in the details") {
  const absl::Status status = InvalidField("contact.email", "is no e-mail address");
  CHECK_STATUS_IS(status, absl::StatusCode::kInvalidArgument, "contact.email: is no e-mail address");
  CHECK(ErrorFields(status) == Fields{{"contact.email", "is no e-mail address"}});
  CHECK_FALSE(ErrorReason(status).empty());
}

TEST_CASE("Several bad fields are told at once") {
  FieldViolations violations;
  CHECK(violations.empty());
  CHECK_OK(violations.ToStatus());
  violations.Add("a", "is wrong");
  violations.Add("b", "is missing");
  CHECK_FALSE(violations.empty());
  CHECK_STATUS_IS(violations.ToStatus(), absl::StatusCode::kInvalidArgument, "a: is wrong (and 1 more)");
  CHECK(ErrorFields(violations.ToStatus()) == Fields{{"a", "is wrong"}, {"b", "is missing"}});
}

TEST_CASE("However many fields are bad, the details fit gRPC's metadata") {
  FieldViolations violations;
  for (int i = 0; i < 1000; ++i) violations.Add(std::string(300, 'f'), std::string(299, 'd') + "ş");
  CHECK_STATUS_IS(violations.ToStatus(), absl::StatusCode::kInvalidArgument, "(and 999 more)");
  CHECK_FALSE(ErrorFields(violations.ToStatus()).empty());
  CHECK(SerializeStatus(violations.ToStatus()).size() < 7500);
}

TEST_CASE("A prefix says which of several things is wrong") {
  const absl::Status status = WithFieldPrefix(InvalidField("total", "is negative"), "orders[3]");
  CHECK_STATUS_IS(status, absl::StatusCode::kInvalidArgument, "orders[3]: total: is negative");
  CHECK(ErrorFields(status) == Fields{{"orders[3].total", "is negative"}});
  CHECK(ErrorReason(status) == ErrorReason(InvalidField("total", "is negative")));
  CHECK_OK(WithFieldPrefix(absl::OkStatus(), "orders[3]"));
  const absl::Status other = WithFieldPrefix(NotFound("order", "7"), "orders[3]");
  CHECK_STATUS_IS(other, absl::StatusCode::kNotFound, "orders[3]: there is no order 7");
  CHECK(ErrorReason(other) == "ORDER_NOT_FOUND");
}

TEST_CASE("A status keeps its details on the wire") {
  const absl::Status sent = WithFieldPrefix(InvalidField("total", "is negative"), "orders[3]");
  const absl::Status received = ParseStatus(sent.code(), "message", SerializeStatus(sent));
  CHECK_STATUS_IS(received, absl::StatusCode::kInvalidArgument, "message");
  CHECK(ErrorFields(received) == ErrorFields(sent));
  CHECK(ErrorReason(received) == ErrorReason(sent));
}

TEST_CASE("Broken details leave code and message") {
  const absl::Status received = ParseStatus(absl::StatusCode::kInternal, "message", "\xFF\xFF\xFF");
  CHECK_STATUS_IS(received, absl::StatusCode::kInternal, "message");
  CHECK(ErrorReason(received).empty());
}

}  // namespace
}  // namespace esnaf
