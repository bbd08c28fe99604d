// What operators ask of the services' consumers, and how it reaches the one that is meant.
#include "services/gateway/operations_service.h"

#include "esnaf/migrations/runtime.h"
#include "libs/testing/service.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using esnaf::testing::TestSchema;
using esnaf::testing::TestServer;
using testing::FakeService;
using testing::Reply;

struct Operations {
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server.channel()->Call<Response>("/esnaf.gateway.v1.OperationsService/" + method, request,
                                            {.metadata = {{"esnaf-caller-kind", "admin"}, {"esnaf-actor", "key:a"}}});
  }
  absl::StatusOr<api::v1::Consumer> Skip(const std::string& service) {
    v1::SkipConsumerEventRequest request;
    request.set_service(service);
    request.set_source("contacts");
    request.set_event_id("e1");
    return Call<api::v1::Consumer>("SkipConsumerEvent", request);
  }

  FakeService contacts, orders, segmentation, attribution, support, nobody;
  Upstreams upstreams{{contacts.address(), orders.address(), segmentation.address(), attribution.address(),
                       support.address(), nobody.address()}};
  OperationsService service{upstreams, std::chrono::milliseconds(10'000)};
  TestSchema schema{"operations", {&migrations::runtime()}, {"runtime"}};
  TestServer server{schema, {service.Rpcs()}, {.name = "gateway"}};
};

TEST_CASE("the consumers of all services are listed under the services' names, and who is away is named") {
  Operations operations;
  api::v1::ListConsumersResponse consumers;
  consumers.add_consumers()->set_source("contacts");
  operations.orders.SetHandler([&](const std::string&) { return Reply{.messages = {consumers.SerializeAsString()}}; });
  operations.segmentation.Stop();
  ESNAF_REQUIRE_VALUE(const auto listed, operations.Call<v1::ListServiceConsumersResponse>(
                                             "ListServiceConsumers", v1::ListServiceConsumersRequest()));
  REQUIRE(listed.consumers_size() == 1);
  CHECK(listed.consumers(0).service() == "orders");
  CHECK(listed.consumers(0).source() == "contacts");
  REQUIRE(listed.unreachable_size() == 1);
  CHECK(listed.unreachable(0) == "segmentation");
}

TEST_CASE("a change goes to the service that is named, with who asks for it, and its refusal comes back") {
  Operations operations;
  REQUIRE_OK(operations.Skip("orders"));
  CHECK(operations.orders.method() == "/esnaf.api.v1.ConsumerService/SkipEvent");
  CHECK(operations.orders.metadata().find("esnaf-actor")->second == "key:a");
  api::v1::SkipEventRequest sent;
  REQUIRE(operations.orders.requests().size() == 1);
  REQUIRE(sent.ParseFromString(operations.orders.requests()[0]));
  CHECK(sent.source() == "contacts");
  CHECK(sent.event_id() == "e1");
  v1::ResetServiceConsumerRequest reset;
  reset.set_service("segmentation");
  reset.set_source("orders");
  REQUIRE_OK(operations.Call<api::v1::Consumer>("ResetServiceConsumer", reset));
  CHECK(operations.segmentation.method() == "/esnaf.api.v1.ConsumerService/ResetConsumer");

  operations.orders.SetHandler([](const std::string&) {
    return Reply{.status = grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "not stopped")};
  });
  CHECK_STATUS_IS(operations.Skip("orders"), absl::StatusCode::kFailedPrecondition, "not stopped");
  CHECK_STATUS_IS(operations.Skip("gateway"), absl::StatusCode::kNotFound, "");
  CHECK_STATUS_IS(operations.Skip("nobody"), absl::StatusCode::kNotFound, "");
  operations.contacts.Stop();
  CHECK_STATUS_IS(operations.Skip("contacts"), absl::StatusCode::kUnavailable, "contacts");
  CHECK(operations.contacts.calls() == 0);
}

}  // namespace
}  // namespace esnaf::gateway
