// Routes as they are read from contracts: the real ones, and ones that cannot be kept.
#include "services/gateway/route_table.h"

#include "libs/testing/catch.h"
#include "services/gateway/test_contract.h"

namespace esnaf::gateway {
namespace {

using testing::TestContract;

std::optional<HttpMatch> FindPath(const RouteTable& routes, const std::string& verb, const std::string& path,
                                  std::string* allowed = nullptr) {
  std::string ignored;
  const auto split = SplitHttpPath(path);
  REQUIRE(split.has_value());
  return routes.FindHttp(verb, *split, allowed != nullptr ? allowed : &ignored);
}

TEST_CASE("the linked contracts can be kept, and the paths that storefronts call are there") {
  ESNAF_REQUIRE_VALUE(const RouteTable routes, RouteTable::BuildLinked());
  struct Row {
    const char* verb;
    const char* path;
    const char* method;
  };
  const Row rows[] = {
      {"POST", "/v1/contacts", "/esnaf.contacts.v1.ContactService/CreateContact"},
      {"GET", "/v1/contacts", "/esnaf.contacts.v1.ContactService/ListContacts"},
      {"GET", "/v1/contacts/7", "/esnaf.contacts.v1.ContactService/GetContact"},
      {"PATCH", "/v1/contacts/7", "/esnaf.contacts.v1.ContactService/UpdateContact"},
      {"DELETE", "/v1/contacts/7", "/esnaf.contacts.v1.ContactService/DeleteContact"},
      {"POST", "/v1/contacts:upsert", "/esnaf.contacts.v1.ContactService/UpsertContact"},
      {"POST", "/v1/contacts:resolve", "/esnaf.contacts.v1.ContactService/ResolveContacts"},
      {"GET", "/v1/contacts:search", "/esnaf.contacts.v1.ContactService/SearchContacts"},
      {"POST", "/v1/contacts/7:merge", "/esnaf.contacts.v1.ContactService/MergeContacts"},
      {"POST", "/v1/contacts/7:unmerge", "/esnaf.contacts.v1.ContactService/UnmergeContact"},
      {"POST", "/v1/contacts/7/consents", "/esnaf.contacts.v1.ConsentService/RecordConsent"},
      {"GET", "/v1/contacts/7/timeline", "/esnaf.contacts.v1.InteractionService/ListTimeline"},
      {"POST", "/v1/segments", "/esnaf.segmentation.v1.SegmentService/CreateSegment"},
      {"POST", "/v1/segments:preview", "/esnaf.segmentation.v1.SegmentService/PreviewSegment"},
      {"POST", "/v1/segments:parse", "/esnaf.segmentation.v1.SegmentService/ParseRule"},
      {"GET", "/v1/segments:attributes", "/esnaf.segmentation.v1.SegmentService/ListRuleAttributes"},
      {"GET", "/v1/segments/7:watch", "/esnaf.segmentation.v1.SegmentService/WatchSegment"},
      {"GET", "/v1/segments/7/members", "/esnaf.segmentation.v1.SegmentService/ListSegmentMembers"},
      {"POST", "/v1/segments/7/members:add", "/esnaf.segmentation.v1.SegmentService/AddSegmentMembers"},
      {"GET", "/v1/segments/7/members/8:explain", "/esnaf.segmentation.v1.SegmentService/ExplainMembership"},
      {"GET", "/v1/contacts/7/segments", "/esnaf.segmentation.v1.SegmentService/ListContactSegments"},
      {"GET", "/v1/contacts/7/card", "/esnaf.gateway.v1.CustomerCardService/GetCustomerCard"},
      {"POST", "/v1/interactions:ingest", "/esnaf.contacts.v1.InteractionService/IngestInteraction"},
      {"POST", "/v1/orders:ingest", "/esnaf.orders.v1.OrderService/IngestOrder"},
      {"POST", "/v1/orders:batchIngest", "/esnaf.orders.v1.OrderService/BatchIngestOrders"},
      {"GET", "/v1/orders/7", "/esnaf.orders.v1.OrderService/GetOrder"},
      {"GET", "/v1/orders", "/esnaf.orders.v1.OrderService/ListOrders"},
      {"POST", "/v1/orders/7:cancel", "/esnaf.orders.v1.OrderService/CancelOrder"},
      {"POST", "/v1/orders/7:refund", "/esnaf.orders.v1.OrderService/RefundOrder"},
      {"GET", "/v1/rfm/policies/7", "/esnaf.segmentation.v1.RfmService/GetRfmPolicy"},
      {"PATCH", "/v1/rfm/policies/7", "/esnaf.segmentation.v1.RfmService/UpdateRfmPolicy"},
      {"POST", "/v1/rfm/policies/7:compute", "/esnaf.segmentation.v1.RfmService/ComputeRfm"},
      {"GET", "/v1/rfm/summary", "/esnaf.segmentation.v1.RfmService/GetRfmSummary"},
      {"GET", "/v1/rfm/scores", "/esnaf.segmentation.v1.RfmService/ListRfmScores"},
      {"GET", "/v1/contacts/7/rfm", "/esnaf.segmentation.v1.RfmService/GetContactRfm"},
      {"GET", "/v1/contacts/7/value", "/esnaf.segmentation.v1.ValueService/GetContactValue"},
      {"POST", "/v1/valueModels/7:fit", "/esnaf.segmentation.v1.ValueService/FitValueModel"},
      {"PATCH", "/v1/valueModels/7", "/esnaf.segmentation.v1.ValueService/UpdateValueModel"},
      {"GET", "/v1/valueModels/7/fits", "/esnaf.segmentation.v1.ValueService/ListValueModelFits"},
      {"GET", "/v1/cohorts/retention", "/esnaf.segmentation.v1.ValueService/GetRetentionCohorts"},
      {"GET", "/v1/contacts/7:explainRfm", "/esnaf.segmentation.v1.RfmService/ExplainContactRfm"},
      {"POST", "/v1/apiKeys", "/esnaf.gateway.v1.ApiKeyService/CreateApiKey"},
  };
  for (const Row& row : rows) {
    INFO(row.verb << " " << row.path);
    const auto match = FindPath(routes, row.verb, row.path);
    REQUIRE(match.has_value());
    CHECK(match->route->method == row.method);
  }
  CHECK(FindPath(routes, "POST", "/v1/stores").has_value());
  CHECK(FindPath(routes, "POST", "/v1/products:batchUpsert").has_value());
  const Route* get = routes.Find("/esnaf.contacts.v1.ContactService/GetContact");
  REQUIRE(get != nullptr);
  CHECK(get->upstream == Upstream::kContacts);
  CHECK_FALSE(get->mutates);
  CHECK(get->unary());
  const Route* stream = routes.Find("/esnaf.orders.v1.OrderService/StreamIngestOrders");
  REQUIRE(stream != nullptr);
  CHECK(stream->client_streaming);
  CHECK(stream->bindings.empty());
}

TEST_CASE("what only services call cannot be reached") {
  ESNAF_REQUIRE_VALUE(const RouteTable linked, RouteTable::BuildLinked());
  CHECK(linked.Find("/esnaf.api.v1.EventFeedService/Subscribe") == nullptr);
  CHECK(linked.Find("/esnaf.api.v1.EventFeedService/Acknowledge") == nullptr);
  CHECK(linked.Find("/esnaf.contacts.v1.ContactService/Nothing") == nullptr);
  CHECK(linked.Find("") == nullptr);
  TestContract contract;
  ESNAF_REQUIRE_VALUE(const RouteTable routes, contract.Routes());
  CHECK(routes.Find("/esnaf.orders.v1.ProbeService/Get") != nullptr);
  CHECK(routes.Find("/esnaf.orders.v1.ProbeService/Hidden") == nullptr);
  CHECK(routes.Find("/esnaf.orders.v1.ProbeService/Inside") == nullptr);
  CHECK(!FindPath(routes, "POST", "/v1/probes:hidden").has_value());
  CHECK(!FindPath(routes, "POST", "/v1/probes:inside").has_value());
}

TEST_CASE("additional bindings, and the verbs that a path takes") {
  TestContract contract;
  ESNAF_REQUIRE_VALUE(const RouteTable routes, contract.Routes());
  const auto match = FindPath(routes, "GET", "/v1/stores/3/probes/7");
  REQUIRE(match.has_value());
  CHECK(match->captures == Captures{{"store_id", "3"}, {"id", "7"}});
  std::string allowed;
  CHECK(!FindPath(routes, "POST", "/v1/probes/7", &allowed).has_value());
  CHECK(allowed == "GET, PATCH");
}

TEST_CASE("contracts that cannot be kept stop the start") {
  struct Row {
    const char* from;
    const char* to;
    const char* problem;
  };
  const Row rows[] = {
      {"scope: \"orders.read\"", "", "names no scope"},
      {"get: \"/v1/probes/{id}\"", "get: \"/v1/probes/{nobody}\"", "no scalar field"},
      {"get: \"/v1/probes/{id}\"", "get: \"/v1/probes/{id=**}\"", "path template"},
      {"body: \"probe\"", "body: \"validate_only\"", "no message field"},
      {"get: \"/v1/probes:search\"", "get: \"/v1/probes:watch\"", "same path"},
      {"scope: \"orders.read\"", "scope: \"orders.read\" publishable: true", "may not"},
      {"client_streaming: true\n      options {\n        [esnaf.api.v1.access] { ",
       "client_streaming: true\n      options {\n        [esnaf.api.v1.access] { publishable: true ", "is a stream"},
      {"client_streaming: true\n      options {\n        [esnaf.api.v1.access] { ",
       "client_streaming: true\n      options {\n        [esnaf.api.v1.browser_stream]: true\n        "
       "[esnaf.api.v1.access] { publishable: true ",
       "stream for browsers"},
      {"get: \"/v1/probes:search\"", "get: \"/v1/probes:search\" response_body: \"id\"", "response_body"},
  };
  for (const Row& row : rows) {
    INFO(row.to);
    TestContract contract(row.from, row.to);
    const absl::Status status = contract.Routes().status();
    CHECK_FALSE(status.ok());
    CHECK(esnaf::testing::MessageContains(status, row.problem));
  }
}

}  // namespace
}  // namespace esnaf::gateway
