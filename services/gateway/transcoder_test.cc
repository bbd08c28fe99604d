// Requests from paths, queries and bodies; answers and errors as JSON; and that no input breaks it.
#include "services/gateway/transcoder.h"

#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "services/gateway/test_contract.h"

namespace esnaf::gateway {
namespace {

using absl::StatusCode;
using nlohmann::json;
using testing::TestContract;

class Transcoding {
 public:
  Transcoding() : routes_(*contract_.Routes()) {}

  absl::StatusOr<std::string> Read(const std::string& verb, const std::string& target, const std::string& body = {}) {
    const std::size_t question = std::min(target.find('?'), target.size());
    const std::string path = target.substr(0, question);
    const std::string query = question < target.size() ? target.substr(question + 1) : "";
    const auto split = SplitHttpPath(path);
    if (!split) return absl::NotFoundError("no path");
    std::string allowed;
    const auto match = routes_.FindHttp(verb, *split, &allowed);
    if (!match) return absl::NotFoundError("no route");
    ESNAF_ASSIGN_OR_RETURN(const auto message, ReadRequest(*match, query, body));
    return message->ShortDebugString();
  }

  std::string Text(const std::string& verb, const std::string& target, const std::string& body = {}) {
    const auto read = Read(verb, target, body);
    INFO(esnaf::testing::DescribeStatus(read.status()));
    REQUIRE(read.ok());
    return *read;
  }

  // The fields that the error names.
  std::vector<std::string> BadFields(const std::string& verb, const std::string& target, const std::string& body = {}) {
    const auto read = Read(verb, target, body);
    CHECK(read.status().code() == StatusCode::kInvalidArgument);
    std::vector<std::string> fields;
    for (const auto& [field, description] : ErrorFields(read.status())) fields.push_back(field);
    return fields;
  }

 private:
  TestContract contract_;
  RouteTable routes_;
};

using Fields = std::vector<std::string>;

TEST_CASE("a path, a query and a body make one request") {
  Transcoding t;
  CHECK(t.Text("GET", "/v1/probes/7") == "id: \"7\"");
  CHECK(t.Text("GET", "/v1/stores/3/probes/7") == "id: \"7\" store_id: \"3\"");
  CHECK(t.Text("GET", "/v1/probes/7?storeId=3") == "id: \"7\" store_id: \"3\"");
  CHECK(t.Text("GET", "/v1/probes/7?store_id=3") == "id: \"7\" store_id: \"3\"");
  CHECK(t.Text("POST", "/v1/probes/7:do", R"({"reason":"r","id":"8"})") == "id: \"7\" reason: \"r\"");
  CHECK(t.Text("POST", "/v1/probes/7:do") == "id: \"7\"");
  CHECK(t.Text("PATCH", "/v1/probes/7?updateMask=givenName,tags&validateOnly=true", R"({"givenName":"Ayşe"})") ==
        "probe { id: \"7\" given_name: \"Ay\\305\\237e\" } update_mask { paths: \"given_name\" paths: \"tags\" } "
        "validate_only: true");
}

TEST_CASE("a query sets fields of every kind") {
  Transcoding t;
  CHECK(t.Text("GET", "/v1/probes:search?tags=a&tags=b%26c") == "tags: \"a\" tags: \"b&c\"");
  CHECK(t.Text("GET", "/v1/probes:search?givenName=Ay%C5%9Fe+G%C3%BCl") ==
        "given_name: \"Ay\\305\\237e G\\303\\274l\"");
  CHECK(t.Text("GET",
               "/v1/probes:search?big=-9223372036854775808&count=18446744073709551615&small=5&ratio=0.5&flag=true") ==
        "big: -9223372036854775808 small: 5 flag: true ratio: 0.5 count: 18446744073709551615");
  CHECK(t.Text("GET", "/v1/probes:search?state=PROBE_STATE_ON&states=1&states=PROBE_STATE_UNSPECIFIED") ==
        "state: PROBE_STATE_ON states: PROBE_STATE_ON states: PROBE_STATE_UNSPECIFIED");
  CHECK(t.Text("GET", "/v1/probes:search?createTime=2026-01-31T09:30:00%2B03:00") ==
        "create_time { seconds: 1769841000 }");
  CHECK(t.Text("GET", "/v1/probes:search?child.child.id=7") == "child { child { id: \"7\" } }");
  CHECK(t.Text("GET", "/v1/probes:search?data=AAE=") == "data: \"\\000\\001\"");
  CHECK(t.Text("GET", "/v1/probes:search?&&givenName=") == "");
}

TEST_CASE("a bad query parameter is named") {
  Transcoding t;
  CHECK(t.BadFields("GET", "/v1/probes:search?nobody=1") == Fields{"nobody"});
  CHECK(t.BadFields("GET", "/v1/probes:search?child.nobody=1") == Fields{"child.nobody"});
  CHECK(t.BadFields("GET", "/v1/probes:search?small=99999999999") == Fields{"small"});
  CHECK(t.BadFields("GET", "/v1/probes:search?small=x") == Fields{"small"});
  CHECK(t.BadFields("GET", "/v1/probes:search?flag=yes") == Fields{"flag"});
  CHECK(t.BadFields("GET", "/v1/probes:search?state=NOBODY") == Fields{"state"});
  CHECK(t.BadFields("GET", "/v1/probes:search?createTime=yesterday") == Fields{"createTime"});
  CHECK(t.BadFields("GET", "/v1/probes:search?child=1") == Fields{"child"});
  CHECK(t.BadFields("GET", "/v1/probes:search?children.id=1") == Fields{"children.id"});
  CHECK(t.BadFields("GET", "/v1/probes:search?givenName.x=1") == Fields{"givenName.x"});
  CHECK(t.BadFields("GET", "/v1/probes:search?givenName=%FF") == Fields{"givenName"});
  CHECK(t.BadFields("GET", "/v1/probes:search?givenName=%2") == Fields{"query"});
  CHECK(t.BadFields("GET", "/v1/probes/7?id=8") == Fields{"id"});
  CHECK(t.BadFields("POST", "/v1/probes/7:do?reason=r") == Fields{"reason"});
  CHECK(t.BadFields("PATCH", "/v1/probes/7?probe.givenName=x", "{}") == Fields{"probe.givenName"});
}

TEST_CASE("a bad body is named, every fault of it") {
  Transcoding t;
  CHECK(t.BadFields("POST", "/v1/probes/7:do", R"({"nobody":1,"reason":"x"})") == Fields{"nobody"});
  CHECK(t.BadFields("PATCH", "/v1/probes/7", R"({"nobody":1})") == Fields{"probe.nobody"});
  CHECK(t.BadFields("POST", "/v1/probes/7:do",
                    R"({"probe":{"children":[{"tags":["a"]},{"small":"x","ghost":2}],"state":"NOBODY","big":1.5}})") ==
        Fields{"probe.big", "probe.children[1].ghost", "probe.children[1].small", "probe.state"});
  CHECK(t.BadFields("POST", "/v1/probes/7:do", R"({"probe":{"createTime":"yesterday"}})") ==
        Fields{"probe.createTime"});
  CHECK(t.BadFields("POST", "/v1/probes/7:do", R"({"probe":[]})") == Fields{"probe"});
  CHECK(t.BadFields("POST", "/v1/probes/7:do", "[1]") == Fields{"body"});
  CHECK(ErrorReason(t.Read("POST", "/v1/probes/7:do", "{\"reason\":").status()) == "MALFORMED_JSON");
  CHECK(ErrorReason(t.Read("POST", "/v1/probes/7:do", "\xff").status()) == "MALFORMED_JSON");
  CHECK(ErrorReason(t.Read("GET", "/v1/probes/7", "{}").status()) == "UNEXPECTED_BODY");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"child\":";
  CHECK_FALSE(t.Read("PATCH", "/v1/probes/7", deep).ok());
}

TEST_CASE("an error says all that its status does") {
  absl::Status status =
      MakeError(StatusCode::kNotFound, "CONTACT_NOT_FOUND", "there is no contact \xff", {{"id", "7"}});
  status.SetPayload("type.googleapis.com/nobody.Knows", absl::Cord("\x01\x02"));
  const json error = json::parse(ErrorJson(status))["error"];
  CHECK(error["code"] == 404);
  CHECK(error["status"] == "NOT_FOUND");
  CHECK(error["message"].get<std::string>().starts_with("there is no contact"));
  REQUIRE(error["details"].size() == 2);
  json details = {{error["details"][0]["@type"], error["details"][0]},
                  {error["details"][1]["@type"], error["details"][1]}};
  const json info = details["type.googleapis.com/google.rpc.ErrorInfo"];
  CHECK(info["reason"] == "CONTACT_NOT_FOUND");
  CHECK(info["metadata"]["id"] == "7");
  CHECK(details.contains("type.googleapis.com/nobody.Knows"));
  const json invalid = json::parse(ErrorJson(InvalidField("a.b", "is wrong")))["error"]["details"];
  CHECK(invalid.dump().find("\"fieldViolations\":[{\"description\":\"is wrong\",\"field\":\"a.b\"}]") !=
        std::string::npos);
}

TEST_CASE("each code has the HTTP status of google.rpc.Code") {
  const std::pair<StatusCode, int> expected[] = {{StatusCode::kOk, 200},
                                                 {StatusCode::kCancelled, 499},
                                                 {StatusCode::kUnknown, 500},
                                                 {StatusCode::kInvalidArgument, 400},
                                                 {StatusCode::kDeadlineExceeded, 504},
                                                 {StatusCode::kNotFound, 404},
                                                 {StatusCode::kAlreadyExists, 409},
                                                 {StatusCode::kPermissionDenied, 403},
                                                 {StatusCode::kResourceExhausted, 429},
                                                 {StatusCode::kFailedPrecondition, 400},
                                                 {StatusCode::kAborted, 409},
                                                 {StatusCode::kOutOfRange, 400},
                                                 {StatusCode::kUnimplemented, 501},
                                                 {StatusCode::kInternal, 500},
                                                 {StatusCode::kUnavailable, 503},
                                                 {StatusCode::kDataLoss, 500},
                                                 {StatusCode::kUnauthenticated, 401}};
  for (const auto& [code, status] : expected) CHECK(HttpStatusOf(code) == status);
}

TEST_CASE("an answer shows defaults and writes large numbers as strings") {
  Transcoding t;
  TestContract contract;
  google::protobuf::DynamicMessageFactory factory;
  const google::protobuf::Descriptor* type = contract.message("Probe");
  std::unique_ptr<google::protobuf::Message> probe(factory.GetPrototype(type)->New());
  probe->GetReflection()->SetInt64(probe.get(), type->FindFieldByName("big"), 9'007'199'254'740'993);
  ESNAF_REQUIRE_VALUE(const std::string text, ToJson(*probe));
  const json written = json::parse(text);
  CHECK(written["big"] == "9007199254740993");
  CHECK(written["flag"] == false);
  CHECK(written["tags"] == json::array());
  CHECK(written["givenName"] == "");
  CHECK_FALSE(written.contains("createTime"));
  CHECK_FALSE(written.contains("child"));
}

// Fuzz: whatever comes in, there is an answer, and what is refused is refused as INVALID_ARGUMENT.
TEST_CASE("no query and no body breaks the transcoder") {
  Transcoding t;
  static const std::vector<std::string> kPieces = {"{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ":",
                                                   ",",
                                                   "\"",
                                                   "\"child\"",
                                                   "\"children\"",
                                                   "\"tags\"",
                                                   "\"big\"",
                                                   "\"state\"",
                                                   "\"createTime\"",
                                                   "1",
                                                   "-1e999",
                                                   "null",
                                                   "true",
                                                   "\"\\ud800\"",
                                                   "\"x\"",
                                                   " ",
                                                   "\\",
                                                   "\xff",
                                                   std::string(1, '\0'),
                                                   "&",
                                                   "=",
                                                   "%41",
                                                   "%",
                                                   "+",
                                                   "child.",
                                                   "tags",
                                                   "id",
                                                   ".",
                                                   "1e400",
                                                   "99999999999999999999",
                                                   "\"@type\"",
                                                   "2026-01-31T09:30:00Z"};
  REQUIRE(rc::check("random texts are read or refused", [&](const std::vector<std::uint8_t>& picks) {
    std::string text;
    for (const std::uint8_t pick : picks) text += kPieces[pick % kPieces.size()];
    const auto body = t.Read("POST", "/v1/probes/7:do", "{\"probe\":" + text + "}");
    RC_ASSERT(body.ok() || body.status().code() == StatusCode::kInvalidArgument);
    const auto raw = t.Read("PATCH", "/v1/probes/7", text);
    RC_ASSERT(raw.ok() || raw.status().code() == StatusCode::kInvalidArgument);
    const auto query = t.Read("GET", "/v1/probes:search?" + text);
    RC_ASSERT(query.ok() || query.status().code() == StatusCode::kInvalidArgument);
    if (!raw.ok()) RC_ASSERT(json::parse(ErrorJson(raw.status())).contains("error"));
  }));
}

}  // namespace
}  // namespace esnaf::gateway
