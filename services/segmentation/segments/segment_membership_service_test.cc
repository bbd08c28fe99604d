// Previews, explanations, recounts and the stream of changes over a real connection.
#include "services/segmentation/segments/segment_membership_service.h"

#include <atomic>
#include <thread>

#include "libs/base/error.h"
#include "libs/testing/service.h"
#include "services/segmentation/people/test_people.h"

namespace esnaf::segmentation {
namespace {

// Binds what is neither in SegmentService nor here, so that the server takes the contract.
class Exporter {
 public:
  absl::StatusOr<v1::ExportAudienceResponse> ExportAudience(runtime::Call&, const v1::ExportAudienceRequest&) {
    return absl::UnimplementedError("not here");
  }
};

class TestService {
 public:
  TestService() : rpcs("esnaf.segmentation.v1.SegmentService") {
    segments.Bind(rpcs);
    memberships.Bind(rpcs);
    rpcs.Unary("ExportAudience", &exporter, &Exporter::ExportAudience);
    server.emplace(ledger.schema, std::vector<runtime::RpcService>{rpcs},
                   testing::TestServerOptions{.name = "segmentation", .clock = &clock});
  }
  ~TestService() { memberships.Close(); }

  void Load() { REQUIRE_OK(keeper.Load(ledger.connection())); }
  void Apply(const std::vector<api::v1::Event>& events) {
    REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
      ESNAF_RETURN_IF_ERROR(ApplyContactEvents(tx, events, ledger.now));
      return ApplyOrderEvents(tx, events, ledger.now);
    }));
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server->channel()->Call<Response>("/esnaf.segmentation.v1.SegmentService/" + method, request);
  }
  void Create(const std::string& id, const std::string& rule_text) {
    v1::CreateSegmentRequest request;
    request.mutable_segment()->set_id(id);
    request.mutable_segment()->set_rule_text(rule_text);
    REQUIRE_OK(Call<v1::Segment>("CreateSegment", request));
  }
  absl::StatusOr<v1::PreviewSegmentResponse> Preview(const std::string& rule_text) {
    v1::PreviewSegmentRequest request;
    request.set_rule_text(rule_text);
    return Call<v1::PreviewSegmentResponse>("PreviewSegment", request);
  }
  absl::StatusOr<v1::MembershipExplanation> Explain(const std::string& segment, const std::string& contact) {
    v1::ExplainMembershipRequest request;
    request.set_segment_id(segment);
    request.set_contact_id(Contact(contact).ToString());
    return Call<v1::MembershipExplanation>("ExplainMembership", request);
  }
  absl::StatusOr<v1::VerifySegmentResponse> Verify(const std::string& segment) {
    v1::VerifySegmentRequest request;
    request.set_segment_id(segment);
    return Call<v1::VerifySegmentResponse>("VerifySegment", request);
  }

  TestLedger ledger;
  ManualClock clock{ledger.now};
  PersonTableKeeper keeper;
  CustomAttributes custom_attributes = [](Time) {
    return std::vector<CustomAttribute>{{"points", "Puan", AttributeType::kNumber}};
  };
  SegmentService segments{custom_attributes,
                          [this](postgres::Tx& tx, SegmentRecord& record, const Cause& cause) {
                            return SegmentCounter(keeper).Count(tx, record, cause);
                          },
                          [](const std::vector<std::string>&, Time) { return absl::OkStatus(); }};
  SegmentMembershipService memberships{custom_attributes, keeper};
  Exporter exporter;
  runtime::RpcService rpcs;
  std::optional<testing::TestServer> server;
};

TEST_CASE("a preview counts people, samples them and sums what they bought") {
  TestService service;
  CHECK_STATUS_IS(service.Preview("orders.count() > 0"), absl::StatusCode::kUnavailable, "read into memory");
  service.Apply({EventOf(TestContact{.name = "ayse"}), EventOf(TestContact{.name = "ali"}),
                 EventOf(TestOrder{.name = "1", .contact = "ayse", .net = 500}),
                 EventOf(TestOrder{.name = "2", .contact = "ayse", .net = 700, .currency_code = "EUR"})});
  service.Load();
  // What changes afterwards is in the next preview.
  service.Apply({EventOf(TestContact{.name = "ece"}), EventOf(TestOrder{.name = "3", .contact = "ece", .net = 40})});
  ESNAF_REQUIRE_VALUE(const v1::PreviewSegmentResponse preview, service.Preview("orders.count() > 0"));
  CHECK(preview.member_count() == 2);
  CHECK(preview.contact_count() == 3);
  CHECK(preview.share() == 2.0 / 3);
  CHECK(preview.sample_contact_ids_size() == 2);
  REQUIRE(preview.total_values_size() == 2);
  CHECK(preview.total_values(0).currency_code() == "EUR");
  CHECK(preview.total_values(0).minor() == 700);
  CHECK(preview.total_values(1).minor() == 540);
  CHECK(preview.rule_text() == "orders.count > 0");
  ESNAF_REQUIRE_VALUE(const v1::PreviewSegmentResponse nobody, service.Preview("custom.points > 5"));
  CHECK(nobody.member_count() == 0);
  CHECK_STATUS_IS(service.Preview("segment(\"none\")"), absl::StatusCode::kInvalidArgument, "none");
  CHECK_STATUS_IS(service.Preview("contact.shoe = 5"), absl::StatusCode::kInvalidArgument, "contact.shoe");
}

TEST_CASE("a membership is explained clause by clause, with the facts behind it") {
  TestService service;
  service.Apply({EventOf(TestContact{.name = "ayse", .city = "İzmir", .tags = {"a", "b"}}),
                 EventOf(TestOrder{.name = "1", .contact = "ayse", .place_time = "2026-03-01T10:00:00Z", .net = 500}),
                 EventOf(TestOrder{.name = "2", .contact = "ayse", .place_time = "2026-03-05T10:00:00Z", .net = 700})});
  service.Load();
  service.Create("buyers", "orders.count(last 30d) >= 2");
  service.Create("mine",
                 "segment(\"buyers\") AND contact.tags HAS \"c\" AND orders.sum() > 10.00 TRY AND NOT "
                 "(contact.city = \"izmir\" OR contact.locale = \"tr\")");
  ESNAF_REQUIRE_VALUE(const v1::MembershipExplanation in, service.Explain("buyers", "ayse"));
  CHECK(in.member());
  CHECK(in.has_enter_time());
  CHECK(in.clause().value() == "2");
  CHECK(in.clause().fact_count() == 2);
  CHECK(in.clause().facts(0).id() == Uuid::FromName("order", "2").ToString());
  CHECK(in.clause().facts(0).value().minor() == 700);
  ESNAF_REQUIRE_VALUE(const v1::MembershipExplanation out, service.Explain("mine", "ayse"));
  CHECK_FALSE(out.member());
  REQUIRE(out.clause().clauses_size() == 4);
  CHECK(out.clause().clauses(0).holds());
  CHECK(out.clause().clauses(0).facts(0).kind() == "segment");
  CHECK_FALSE(out.clause().clauses(1).holds());
  CHECK(out.clause().clauses(1).value() == R"("a", "b")");
  CHECK(out.clause().clauses(2).value() == "12.00 TRY");
  const v1::ExplainedClause& none = out.clause().clauses(3);
  CHECK_FALSE(none.holds());
  REQUIRE(none.clauses_size() == 1);
  const v1::ExplainedClause& any = none.clauses(0);
  CHECK(any.holds());
  REQUIRE(any.clauses_size() == 2);
  CHECK(any.clauses(0).path() == "rule.group.rules[3].group.rules[0].group.rules[0]");
  CHECK(any.clauses(0).value() == R"("İzmir")");
  CHECK(any.clauses(1).absent());
  CHECK_STATUS_IS(service.Explain("mine", "nobody"), absl::StatusCode::kNotFound, "");
  CHECK_STATUS_IS(service.Explain("none", "ayse"), absl::StatusCode::kNotFound, "");
}

TEST_CASE("a recount names who is missing and who is too many") {
  TestService service;
  service.Apply(
      {EventOf(TestOrder{.name = "1", .contact = "ayse"}), EventOf(TestOrder{.name = "2", .contact = "ali"})});
  service.Load();
  service.Create("buyers", "orders.count() >= 1");
  ESNAF_REQUIRE_VALUE(const v1::VerifySegmentResponse equal, service.Verify("buyers"));
  CHECK(equal.equal());
  CHECK(equal.recount_count() == 2);
  service.ledger.schema.Sql("UPDATE segment_member SET contact_id = $1 WHERE contact_id = $2",
                            {Contact("ghost"), Contact("ali")});
  ESNAF_REQUIRE_VALUE(const v1::VerifySegmentResponse wrong, service.Verify("buyers"));
  CHECK_FALSE(wrong.equal());
  CHECK(wrong.missing_contact_ids(0) == Contact("ali").ToString());
  CHECK(wrong.surplus_contact_ids(0) == Contact("ghost").ToString());
  CHECK_STATUS_IS(service.Verify("none"), absl::StatusCode::kNotFound, "");
}

TEST_CASE("a watcher is told who enters and who leaves, of its segment alone") {
  TestService service;
  service.Load();
  service.Create("buyers", "orders.count() >= 1");
  service.Create("others", "NOT segment(\"buyers\")");
  postgres::Connection connection(service.ledger.schema.options());
  runtime::Call call({.method = "/watch", .deadline = Time::max()}, service.clock, connection);
  v1::WatchSegmentRequest request;
  request.set_segment_id("buyers");
  std::vector<v1::SegmentChange> told;
  bool began = false;
  runtime::StreamWriter<v1::SegmentChange> writer([&](const google::protobuf::Message& message) {
    const auto& change = static_cast<const v1::SegmentChange&>(message);
    if (change.kind() == v1::SegmentChange::KIND_BEGAN) {
      CHECK(told.empty());
      began = true;
    } else {
      told.push_back(change);
    }
    return told.size() < 3;
  });
  // Buys and is released in turn until enough was told.
  std::atomic<bool> done = false;
  absl::Status applied;
  std::thread buyer([&] {
    postgres::Connection own(service.ledger.schema.options());
    for (int version = 1; !done && applied.ok(); ++version) {
      const std::vector<api::v1::Event> events = {
          EventOf(TestOrder{.name = "1", .contact = version % 2 == 1 ? "ayse" : "", .version = version})};
      applied = own.Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, events, service.ledger.now); });
    }
  });
  const absl::Status watched = service.memberships.WatchSegment(call, request, writer);
  done = true;
  buyer.join();
  REQUIRE_OK(applied);
  CHECK(absl::IsCancelled(watched));
  CHECK(began);
  REQUIRE(told.size() == 3);
  for (const v1::SegmentChange& change : told) {
    CHECK(change.contact_id() == Contact("ayse").ToString());
    CHECK(change.segment_id() == "buyers");
  }
  CHECK(told[0].kind() != told[1].kind());
  CHECK(told[0].kind() == told[2].kind());
  request.set_segment_id("none");
  CHECK_STATUS_IS(service.memberships.WatchSegment(call, request, writer), absl::StatusCode::kNotFound, "");
}

}  // namespace
}  // namespace esnaf::segmentation
