// Asking contacts: what is sent, in what portions, and what a wrong answer gives. Contacts is a channel of our own
// here.
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/identity/identity.h"
#include "libs/testing/catch.h"

namespace esnaf::identity {
namespace {

using contacts::v1::ResolveContactsRequest;
using contacts::v1::ResolveContactsResponse;

class FakeContacts final : public runtime::Channel {
 public:
  absl::Status CallErased(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const runtime::ClientCallOptions& options) override {
    REQUIRE(method == "/esnaf.contacts.v1.ContactService/ResolveContacts");
    CHECK(options.timeout > std::chrono::milliseconds::zero());
    requests.push_back(static_cast<const ResolveContactsRequest&>(request));
    return answer(requests.back(), static_cast<ResolveContactsResponse&>(response));
  }
  absl::Status ReadStream(std::string_view, const google::protobuf::Message&, const google::protobuf::Message&,
                          const std::function<bool(const google::protobuf::Message&)>&, const std::function<bool()>&,
                          const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("contacts streams nothing here");
  }
  absl::Status WriteStream(std::string_view, const google::protobuf::Message&,
                           const std::function<bool(google::protobuf::Message&)>&, google::protobuf::Message&,
                           const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("contacts takes no stream here");
  }

  std::vector<ResolveContactsRequest> requests;
  std::function<absl::Status(const ResolveContactsRequest&, ResolveContactsResponse&)> answer;
};

Uuid Owner(const std::string& value) { return Uuid::FromName("owner", value); }

absl::Status AnswerOwners(const ResolveContactsRequest& request, ResolveContactsResponse& response) {
  for (const auto& set : request.sets()) {
    response.add_contacts()->set_contact_id(Owner(set.identities(0).value()).ToString());
  }
  return absl::OkStatus();
}

std::vector<IdentitySet> Sets(int count) {
  std::vector<IdentitySet> sets;
  for (int i = 0; i < count; ++i) {
    sets.push_back({.identities = {{Kind::kStoreCustomer, "web", std::to_string(i), true}},
                    .given_name = "Ayşe",
                    .country_code = "TR"});
  }
  return sets;
}

Time Soon() { return SystemClock().Now() + std::chrono::seconds(30); }

TEST_CASE("Contacts is asked in portions, and the answers keep the order") {
  auto contacts = std::make_shared<FakeContacts>();
  contacts->answer = AnswerOwners;
  ESNAF_REQUIRE_VALUE(const auto resolved, Resolver(contacts).Resolve(Sets(2500), Soon()));
  REQUIRE(contacts->requests.size() == 3);
  CHECK(contacts->requests[0].sets_size() == 1000);
  CHECK(contacts->requests[2].sets_size() == 500);
  const auto& first = contacts->requests[0].sets(0);
  CHECK(contacts->requests[0].create_missing());
  CHECK(first.given_name() == "Ayşe");
  CHECK(first.country_code() == "TR");
  CHECK(first.identities(0).kind() == contacts::v1::IDENTITY_KIND_STORE_CUSTOMER);
  CHECK(first.identities(0).store_id() == "web");
  CHECK(first.identities(0).verified());
  REQUIRE(resolved.size() == 2500);
  for (const int index : {0, 999, 1000, 2499}) CHECK(resolved[index] == Owner(std::to_string(index)));
}

TEST_CASE("Nobody to resolve needs no call") {
  auto contacts = std::make_shared<FakeContacts>();
  ESNAF_REQUIRE_VALUE(const auto resolved, Resolver(contacts).Resolve({}, Soon()));
  CHECK(resolved.empty());
  CHECK(contacts->requests.empty());
}

TEST_CASE("A contacts service that is away or answers nonsense is an error, never a wrong link") {
  auto contacts = std::make_shared<FakeContacts>();
  contacts->answer = [](const auto&, auto&) { return absl::UnavailableError("away"); };
  CHECK_STATUS_IS(Resolver(contacts).Resolve(Sets(1), Soon()), absl::StatusCode::kUnavailable, "away");
  contacts->answer = [](const auto&, auto&) { return absl::OkStatus(); };
  CHECK_STATUS_IS(Resolver(contacts).Resolve(Sets(1), Soon()), absl::StatusCode::kInternal, "another number");
  contacts->answer = [](const auto&, auto& response) {
    response.add_contacts();
    return absl::OkStatus();
  };
  CHECK_STATUS_IS(Resolver(contacts).Resolve(Sets(1), Soon()), absl::StatusCode::kInternal, "without an id");
  CHECK_STATUS_IS(Resolver(contacts).Resolve(Sets(1), SystemClock().Now()), absl::StatusCode::kDeadlineExceeded, "");
}

}  // namespace
}  // namespace esnaf::identity
