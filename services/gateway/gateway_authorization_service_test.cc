// Every method and every key. The matrix is made from the linked descriptors: for each method of each contract, each
// kind of key with and without the scope, and no key, the outcome is worked out here from the contract's option alone
// and compared with what the running gateway does, over gRPC and, where the method has a path, over HTTP. The services
// behind it answer OK to anything, so only the gateway can refuse.
#include "esnaf/api/v1/access.pb.h"
#include "esnaf/api/v1/beacon.pb.h"
#include "google/api/annotations.pb.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::MethodDescriptor;
using testing::CallGrpc;
using testing::HttpClient;
using testing::Metadata;
using testing::TestFront;

enum class KeyUsed { kNone, kGarbage, kRevoked, kExpired, kPublishable, kStorefront, kStaff, kAdmin };

struct Caller {
  const char* name;
  KeyUsed key;
  bool with_scope;
  std::string secret;
};

// What the contract's option says, in words of its own: a code and a reason; OK has none.
struct Expected {
  grpc::StatusCode code;
  std::string reason;
};

Expected Expect(const MethodDescriptor& method, const Caller& caller) {
  const auto& access = method.options().GetExtension(api::v1::access);
  const int audience = access.audience();
  if (audience == 0 || audience == 4) return {grpc::StatusCode::UNIMPLEMENTED, "METHOD_UNKNOWN"};
  switch (caller.key) {
    case KeyUsed::kNone:
      return {grpc::StatusCode::UNAUTHENTICATED, "API_KEY_MISSING"};
    case KeyUsed::kGarbage:
    case KeyUsed::kRevoked:
      return {grpc::StatusCode::UNAUTHENTICATED, "API_KEY_INVALID"};
    case KeyUsed::kExpired:
      return {grpc::StatusCode::UNAUTHENTICATED, "API_KEY_EXPIRED"};
    case KeyUsed::kAdmin:
      return {grpc::StatusCode::OK, ""};
    case KeyUsed::kPublishable:
      if (!access.publishable()) return {grpc::StatusCode::PERMISSION_DENIED, "AUDIENCE_TOO_LOW"};
      break;
    case KeyUsed::kStorefront:
      if (audience != 1) return {grpc::StatusCode::PERMISSION_DENIED, "AUDIENCE_TOO_LOW"};
      break;
    case KeyUsed::kStaff:
      if (audience == 3) return {grpc::StatusCode::PERMISSION_DENIED, "AUDIENCE_TOO_LOW"};
      break;
  }
  if (!caller.with_scope) return {grpc::StatusCode::PERMISSION_DENIED, "SCOPE_MISSING"};
  return {grpc::StatusCode::OK, ""};
}

// The callers of one method: keys that hold exactly its scope, and ones that hold another.
std::vector<Caller> CallersFor(TestFront& front, const std::string& scope) {
  const std::vector<std::string> right = {scope.empty() ? "nothing.needed" : scope};
  const std::vector<std::string> wrong = {"other.read", "other.write", scope + "x"};
  const auto expired = [](StoredKey& key) { key.key.expire_time = Time(std::chrono::seconds(1)); };
  std::vector<Caller> callers = {
      {"no key", KeyUsed::kNone, false, ""},
      {"garbage", KeyUsed::kGarbage, false, "esk_garbage"},
      {"a key that is not known any more", KeyUsed::kRevoked, false, MakeSecret(Sha256("revoked")).text},
      {"an expired admin key", KeyUsed::kExpired, true, front.AddKey(KeyKind::kAdmin, {"*"}, expired)},
  };
  const std::pair<KeyUsed, KeyKind> kinds[] = {{KeyUsed::kPublishable, KeyKind::kPublishable},
                                               {KeyUsed::kStorefront, KeyKind::kStorefront},
                                               {KeyUsed::kStaff, KeyKind::kStaff},
                                               {KeyUsed::kAdmin, KeyKind::kAdmin}};
  for (const auto& [used, kind] : kinds) {
    callers.push_back({"a key with the scope", used, true, front.AddKey(kind, right)});
    callers.push_back({"a key with other scopes", used, false, front.AddKey(kind, wrong)});
  }
  return callers;
}

int HttpStatusFor(grpc::StatusCode code, bool beacon) {
  switch (code) {
    case grpc::StatusCode::UNAUTHENTICATED:
      return 401;
    case grpc::StatusCode::PERMISSION_DENIED:
      return 403;
    default:
      return beacon ? 204 : 200;
  }
}

// A path that the rule matches: every variable is a UUID.
std::string FillPath(std::string path) {
  while (true) {
    const std::size_t open = path.find('{');
    if (open == std::string::npos) return path;
    path.replace(open, path.find('}') - open + 1, "0190b8a0-0000-7000-8000-000000000001");
  }
}

void CheckOverHttp(HttpClient& http, const google::api::HttpRule& rule, const Caller& caller, const Expected& expected,
                   bool beacon) {
  const std::pair<const char*, std::string> verbs[] = {{"GET", rule.get()},
                                                       {"POST", rule.post()},
                                                       {"PUT", rule.put()},
                                                       {"PATCH", rule.patch()},
                                                       {"DELETE", rule.delete_()}};
  for (const auto& [verb, path] : verbs) {
    if (path.empty()) continue;
    INFO(verb << " " << path);
    const Metadata headers = caller.secret.empty() ? Metadata{} : TestFront::Bearer(caller.secret);
    const auto answer = http.Send(verb, FillPath(path), headers, rule.body().empty() ? "" : "{}");
    if (expected.code == grpc::StatusCode::UNIMPLEMENTED) {
      CHECK((answer.status == 404 || answer.status == 405));
      continue;
    }
    CHECK(answer.status == HttpStatusFor(expected.code, beacon));
    CHECK(answer.Reason() == expected.reason);
  }
}

TEST_CASE("each method lets in those callers that its contract names, and no others") {
  ESNAF_REQUIRE_VALUE(RouteTable routes, RouteTable::BuildLinked());
  TestFront front(std::move(routes));
  HttpClient http = front.Http();
  int methods = 0;
  int refused = 0;
  for (const google::protobuf::ServiceDescriptor* service : LinkedServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor& method = *service->method(i);
      ++methods;
      for (const Caller& caller : CallersFor(front, method.options().GetExtension(api::v1::access).scope())) {
        INFO(method.full_name() << " by " << caller.name << " of kind " << static_cast<int>(caller.key));
        const Expected expected = Expect(method, caller);
        const int before = front.service.calls();
        const auto answer = CallGrpc(front.stub(), "/" + service->full_name() + "/" + method.name(), "",
                                     caller.secret.empty() ? Metadata{} : TestFront::Bearer(caller.secret));
        CHECK(answer.status.error_code() == expected.code);
        CHECK(answer.reason() == expected.reason);
        // A refused call never reaches a service.
        CHECK((front.service.calls() > before) == (expected.code == grpc::StatusCode::OK));
        refused += expected.code != grpc::StatusCode::OK;
        if (method.options().HasExtension(google::api::http)) {
          CheckOverHttp(http, method.options().GetExtension(google::api::http), caller, expected,
                        method.options().GetExtension(api::v1::beacon));
        }
      }
    }
  }
  // Guards against an empty matrix.
  CHECK(methods > 50);
  CHECK(refused > methods);
}

}  // namespace
}  // namespace esnaf::gateway
