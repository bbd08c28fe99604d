// The RPCs over a real connection.
#include "services/segmentation/segments/segment_service.h"

#include "libs/base/error.h"
#include "libs/runtime/rpc_service.h"
#include "libs/testing/service.h"
#include "services/segmentation/people/test_ledger.h"
#include "services/segmentation/segments/segment_member_store.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/segments/segment_wire.h"

namespace esnaf::segmentation {
namespace {

using absl::StatusCode;

// Binds what SegmentService leaves to others, so that the server takes the contract.
class Others {
 public:
  void Bind(runtime::RpcService& rpc) {
    rpc.Unary("PreviewSegment", this, &Others::Refuse<v1::PreviewSegmentRequest, v1::PreviewSegmentResponse>);
    rpc.Unary("ExplainMembership", this, &Others::Refuse<v1::ExplainMembershipRequest, v1::MembershipExplanation>);
    rpc.Unary("VerifySegment", this, &Others::Refuse<v1::VerifySegmentRequest, v1::VerifySegmentResponse>);
    rpc.Unary("ExportAudience", this, &Others::Refuse<v1::ExportAudienceRequest, v1::ExportAudienceResponse>);
    rpc.ServerStream("WatchSegment", this, &Others::RefuseStream);
  }

 private:
  template <typename Request, typename Response>
  absl::StatusOr<Response> Refuse(runtime::Call&, const Request&) {
    return absl::UnimplementedError("not here");
  }
  absl::Status RefuseStream(runtime::Call&, const v1::WatchSegmentRequest&, runtime::StreamWriter<v1::SegmentChange>&) {
    return absl::UnimplementedError("not here");
  }
};

class TestService {
 public:
  TestService() : rpcs("esnaf.segmentation.v1.SegmentService") {
    segments.Bind(rpcs);
    others.Bind(rpcs);
    server.emplace(ledger.schema, std::vector<runtime::RpcService>{rpcs},
                   testing::TestServerOptions{.name = "segmentation", .clock = &clock});
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    return server->channel()->Call<Response>("/esnaf.segmentation.v1.SegmentService/" + method, request);
  }
  absl::StatusOr<v1::Segment> Create(const std::string& id, const std::string& rule_text) {
    v1::CreateSegmentRequest request;
    request.mutable_segment()->set_id(id);
    request.mutable_segment()->set_rule_text(rule_text);
    return Call<v1::Segment>("CreateSegment", request);
  }
  absl::StatusOr<v1::Segment> Get(const std::string& id) {
    v1::GetSegmentRequest request;
    request.set_id(id);
    return Call<v1::Segment>("GetSegment", request);
  }
  absl::Status Delete(const std::string& id, const std::string& etag = "") {
    v1::DeleteSegmentRequest request;
    request.set_id(id);
    request.set_etag(etag);
    return Call<v1::DeleteSegmentResponse>("DeleteSegment", request).status();
  }
  absl::StatusOr<v1::Segment> Update(const v1::Segment& segment, const std::vector<std::string>& mask = {}) {
    v1::UpdateSegmentRequest request;
    *request.mutable_segment() = segment;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Call<v1::Segment>("UpdateSegment", request);
  }
  v1::ParseRuleResponse Parse(const std::string& text) {
    v1::ParseRuleRequest request;
    request.set_text(text);
    auto response = Call<v1::ParseRuleResponse>("ParseRule", request);
    REQUIRE_OK(response);
    return *std::move(response);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Edit(const std::string& method, const std::string& id,
                                const std::vector<std::string>& contacts) {
    Request request;
    request.set_segment_id(id);
    for (const std::string& contact : contacts) request.add_contact_ids(Contact(contact).ToString());
    return Call<Response>(method, request);
  }
  absl::StatusOr<v1::AddSegmentMembersResponse> Add(const std::string& id, const std::vector<std::string>& contacts) {
    return Edit<v1::AddSegmentMembersRequest, v1::AddSegmentMembersResponse>("AddSegmentMembers", id, contacts);
  }
  absl::StatusOr<v1::RemoveSegmentMembersResponse> Remove(const std::string& id,
                                                          const std::vector<std::string>& contacts) {
    return Edit<v1::RemoveSegmentMembersRequest, v1::RemoveSegmentMembersResponse>("RemoveSegmentMembers", id,
                                                                                   contacts);
  }

  TestLedger ledger;
  ManualClock clock{ledger.now};
  int counted = 0;
  std::string unknown = "ghost";  // whom contacts does not know
  // Counts how often members are made anew, and takes in one person each time.
  SegmentService segments{
      [](Time) {
        return std::vector<CustomAttribute>{{"shoe_size", "Ayakkabı", AttributeType::kNumber}};
      },
      [this](postgres::Tx& tx, SegmentRecord& record, const Cause& cause) -> absl::Status {
        ++counted;
        return ApplyMembership(tx, record, {.entered = {Contact("counted")}, .left = {}}, cause.now, cause).status();
      },
      [this](const std::vector<std::string>& contact_ids, Time) {
        for (std::size_t i = 0; i < contact_ids.size(); ++i) {
          if (contact_ids[i] == Contact(unknown).ToString()) {
            return InvalidField(absl::StrCat("contact_ids[", i, "]"), "is no contact");
          }
        }
        return absl::OkStatus();
      }};
  Others others;
  runtime::RpcService rpcs;
  std::optional<testing::TestServer> server;
};

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const auto& [field, description] : ErrorFields(status)) fields.push_back(field);
  return fields;
}

TEST_CASE("a segment is created by text or by tree, once, and its members are counted") {
  TestService service;
  ESNAF_REQUIRE_VALUE(const v1::Segment created, service.Create("big", "orders.count() > 5 and tags has 'vip'"));
  CHECK(created.kind() == v1::SEGMENT_KIND_RULE);
  CHECK(created.rule_text() == R"(orders.count > 5 AND contact.tags HAS "vip")");
  CHECK(created.rule().group().rules_size() == 2);
  CHECK(created.member_count() == 1);
  CHECK(created.has_as_of_time());
  CHECK(created.version() == 1);
  CHECK(created.time_zone() == "Europe/Istanbul");
  ESNAF_REQUIRE_VALUE(const v1::Segment read, service.Get("big"));
  CHECK(read.SerializeAsString() == created.SerializeAsString());
  CHECK(ErrorReason(service.Create("big", "custom.shoe_size > 44").status()) == "SEGMENT_ALREADY_EXISTS");
  v1::CreateSegmentRequest by_tree;
  by_tree.mutable_segment()->set_id("tree");
  *by_tree.mutable_segment()->mutable_rule() = created.rule();
  ESNAF_REQUIRE_VALUE(const v1::Segment tree, (service.Call<v1::Segment>("CreateSegment", by_tree)));
  CHECK(tree.rule_text() == created.rule_text());
  CHECK(service.counted == 2);
  by_tree.mutable_segment()->set_id("only-checked");
  by_tree.set_validate_only(true);
  CHECK_OK(service.Call<v1::Segment>("CreateSegment", by_tree));
  CHECK(ErrorReason(service.Get("only-checked").status()) == "SEGMENT_NOT_FOUND");
}

TEST_CASE("what is wrong with a segment is named, in its text with the column") {
  TestService service;
  const absl::Status text = service.Create("big", "orders.count >").status();
  CHECK(text.code() == StatusCode::kInvalidArgument);
  CHECK(ErrorFields(text) ==
        std::vector<std::pair<std::string, std::string>>{{"segment.rule_text", "line 1, column 15: expected a value"}});
  v1::CreateSegmentRequest request;
  v1::Segment& segment = *request.mutable_segment();
  segment.set_id("Not Allowed");
  segment.set_time_zone("Nowhere");
  segment.set_store_id("Not Allowed");
  segment.set_kind(v1::SEGMENT_KIND_RULE);
  CHECK(FieldsOf(service.Call<v1::Segment>("CreateSegment", request).status()) ==
        std::vector<std::string>{"segment.id", "segment.store_id", "segment.time_zone", "segment.rule"});
  segment.mutable_rule()->mutable_condition()->mutable_attribute()->set_key("contact.cty");
  CHECK(FieldsOf(service.Call<v1::Segment>("CreateSegment", request).status()) ==
        std::vector<std::string>{"segment.rule.condition.operator"});
  segment.mutable_rule()->mutable_condition()->set_operator_(v1::RULE_OPERATOR_EQUALS);
  segment.set_kind(v1::SEGMENT_KIND_STATIC);
  CHECK(FieldsOf(service.Call<v1::Segment>("CreateSegment", request).status()) ==
        std::vector<std::string>{"segment.rule.condition.attribute.key"});
}

TEST_CASE("segments may name one another, but not in a circle, and one that is named stays") {
  TestService service;
  CHECK(FieldsOf(service.Create("a", R"(segment("b"))").status()) == std::vector<std::string>{"segment.rule"});
  REQUIRE_OK(service.Create("b", "orders.count > 1"));
  REQUIRE_OK(service.Create("a", R"(segment("b") AND orders.count > 2)"));
  v1::Segment change;
  change.set_id("b");
  change.set_rule_text(R"(segment("a"))");
  const absl::Status cycle = service.Update(change).status();
  CHECK_STATUS_IS(cycle, StatusCode::kInvalidArgument, "b -> a -> b");
  CHECK_STATUS_IS(service.Create("c", R"(segment("c"))").status(), StatusCode::kInvalidArgument, "c -> c");
  const absl::Status used = service.Delete("b");
  CHECK(used.code() == StatusCode::kFailedPrecondition);
  CHECK(ErrorReason(used) == "SEGMENT_IN_USE");
  CHECK(ErrorMetadataValue(used, "used_by") == "a");
  CHECK_OK(service.Delete("a"));
  CHECK_OK(service.Delete("b"));
  CHECK(ErrorReason(service.Delete("b")) == "SEGMENT_NOT_FOUND");
}

TEST_CASE("an update makes a new version, compares the etag and counts anew where the people may differ") {
  TestService service;
  REQUIRE_OK(service.Create("big", "orders.count > 5"));
  v1::Segment change;
  change.set_id("big");
  change.set_etag("1");
  change.set_display_name("Büyük");
  ESNAF_REQUIRE_VALUE(const v1::Segment named, service.Update(change));
  CHECK(named.version() == 2);
  CHECK(named.display_name() == "Büyük");
  CHECK(named.rule_text() == "orders.count > 5");
  CHECK(service.counted == 1);
  CHECK(ErrorReason(service.Update(change).status()) == "ETAG_MISMATCH");
  CHECK(service.Update(change).status().code() == StatusCode::kAborted);
  // The text alone, named by the mask, although the tree is there too.
  v1::Segment by_text = named;
  by_text.set_rule_text("orders.count > 6");
  ESNAF_REQUIRE_VALUE(const v1::Segment changed, service.Update(by_text, {"rule_text"}));
  CHECK(changed.rule_text() == "orders.count > 6");
  CHECK(changed.version() == 3);
  CHECK(service.counted == 2);
  // Read, changed and sent back as a whole: the tree counts.
  v1::Segment whole = changed;
  whole.mutable_rule()->mutable_condition()->mutable_values(0)->set_integer(7);
  ESNAF_REQUIRE_VALUE(const v1::Segment again, service.Update(whole));
  CHECK(again.rule_text() == "orders.count > 7");
  // The same says nothing new.
  ESNAF_REQUIRE_VALUE(const v1::Segment same, service.Update(again));
  CHECK(same.version() == 4);
  v1::Segment other_kind;
  other_kind.set_id("big");
  other_kind.set_kind(v1::SEGMENT_KIND_STATIC);
  CHECK(FieldsOf(service.Update(other_kind).status()) == std::vector<std::string>{"segment.kind"});
  CHECK(FieldsOf(service.Update(whole, {"colour"}).status()).empty());
  CHECK_STATUS_IS(service.Update(other_kind, {"colour"}), StatusCode::kInvalidArgument, "colour");
}

TEST_CASE("segments are listed in pages, filtered and ordered") {
  TestService service;
  for (const char* id : {"c", "a", "b"}) REQUIRE_OK(service.Create(id, "orders.count > 1"));
  REQUIRE_OK(service.Create("list", ""));
  v1::ListSegmentsRequest request;
  request.set_page_size(2);
  std::string ids;
  do {
    ESNAF_REQUIRE_VALUE(const auto page, (service.Call<v1::ListSegmentsResponse>("ListSegments", request)));
    for (const v1::Segment& segment : page.segments()) ids += segment.id() + " ";
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  CHECK(ids == "a b c list ");
  v1::ListSegmentsRequest filtered;
  filtered.set_filter("kind = STATIC OR id = b");
  filtered.set_order_by("id desc");
  ESNAF_REQUIRE_VALUE(const auto page, (service.Call<v1::ListSegmentsResponse>("ListSegments", filtered)));
  REQUIRE(page.segments_size() == 2);
  CHECK(page.segments(0).id() == "list");
  CHECK(page.segments(0).kind() == v1::SEGMENT_KIND_STATIC);
}

TEST_CASE("people are put on a static list and taken off, and see their segments") {
  TestService service;
  REQUIRE_OK(service.Create("list", ""));
  REQUIRE_OK(service.Create("rule", "orders.count > 1"));
  ESNAF_REQUIRE_VALUE(const auto added, service.Add("list", {"a", "b", "c"}));
  CHECK(added.added_count() == 3);
  CHECK(added.segment().member_count() == 3);
  CHECK(ErrorReason(service.Add("rule", {"a"}).status()) == "SEGMENT_HAS_RULE");
  CHECK(FieldsOf(service.Add("list", {"a", "ghost"}).status()) == std::vector<std::string>{"contact_ids[1]"});
  CHECK(FieldsOf(service.Add("list", {}).status()) == std::vector<std::string>{"contact_ids"});
  CHECK(FieldsOf(service.Add("list", std::vector<std::string>(1001, "a")).status()) ==
        std::vector<std::string>{"contact_ids"});
  ESNAF_REQUIRE_VALUE(const auto removed, service.Remove("list", {"b", "nobody"}));
  CHECK(removed.removed_count() == 1);

  v1::ListSegmentMembersRequest list;
  list.set_segment_id("list");
  list.set_page_size(1);
  std::set<std::string> members;
  do {
    ESNAF_REQUIRE_VALUE(const auto page, (service.Call<v1::ListSegmentMembersResponse>("ListSegmentMembers", list)));
    for (const v1::SegmentMember& member : page.members()) members.insert(member.contact_id());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  CHECK(members == std::set<std::string>{Contact("a").ToString(), Contact("c").ToString()});

  service.ledger.Alias("a", "z", 1);
  v1::ListContactSegmentsRequest mine;
  mine.set_contact_id(Contact("a").ToString());
  ESNAF_REQUIRE_VALUE(const auto segments,
                      (service.Call<v1::ListContactSegmentsResponse>("ListContactSegments", mine)));
  REQUIRE(segments.memberships_size() == 1);
  CHECK(segments.memberships(0).segment_id() == "list");
  CHECK(segments.memberships(0).contact_id() == Contact("z").ToString());
}

TEST_CASE("a snapshot is made, listed and read, also when its segment is gone") {
  TestService service;
  REQUIRE_OK(service.Create("list", ""));
  REQUIRE_OK(service.Add("list", {"a", "b"}));
  v1::CreateSegmentSnapshotRequest create;
  create.set_segment_id("list");
  create.set_display_name("spring");
  ESNAF_REQUIRE_VALUE(const auto snapshot, (service.Call<v1::SegmentSnapshot>("CreateSegmentSnapshot", create)));
  CHECK(snapshot.member_count() == 2);
  REQUIRE_OK(service.Delete("list"));
  v1::ListSegmentSnapshotsRequest list;
  list.set_segment_id("list");
  ESNAF_REQUIRE_VALUE(const auto page, (service.Call<v1::ListSegmentSnapshotsResponse>("ListSegmentSnapshots", list)));
  REQUIRE(page.snapshots_size() == 1);
  CHECK(page.snapshots(0).display_name() == "spring");
  v1::ListSnapshotMembersRequest members;
  members.set_segment_id("list");
  members.set_snapshot_id(snapshot.id());
  ESNAF_REQUIRE_VALUE(const auto answer,
                      (service.Call<v1::ListSnapshotMembersResponse>("ListSnapshotMembers", members)));
  CHECK(answer.contact_ids_size() == 2);
}

TEST_CASE("a repeated addition answers as it did, whatever contacts says of the people now") {
  TestService service;
  REQUIRE_OK(service.Create("list", ""));
  v1::AddSegmentMembersRequest request;
  request.set_segment_id("list");
  request.set_request_id("once");
  request.add_contact_ids(Contact("fleeting").ToString());
  const auto add = [&] { return service.Call<v1::AddSegmentMembersResponse>("AddSegmentMembers", request); };
  ESNAF_REQUIRE_VALUE(const v1::AddSegmentMembersResponse first, add());
  CHECK(first.added_count() == 1);
  service.unknown = "fleeting";
  ESNAF_REQUIRE_VALUE(const v1::AddSegmentMembersResponse again, add());
  CHECK(again.SerializeAsString() == first.SerializeAsString());
  request.set_request_id("twice");
  CHECK_STATUS_IS(add(), StatusCode::kInvalidArgument, "contact_ids[0]");
}

TEST_CASE("the id of a segment that members are still leaving is not there and not free") {
  TestService service;
  REQUIRE_OK(service.Create("list", ""));
  REQUIRE_OK(service.Add("list", {"a"}));
  service.ledger.schema.Sql("UPDATE segment SET delete_time = now(), as_of_time = NULL WHERE id = 'list'");
  CHECK_STATUS_IS(service.Get("list"), StatusCode::kNotFound, "");
  const auto taken = service.Create("list", "");
  CHECK_STATUS_IS(taken, StatusCode::kFailedPrecondition, "still leaving");
  CHECK(ErrorReason(taken.status()) == "SEGMENT_BEING_DELETED");
  service.ledger.schema.Sql("DELETE FROM segment WHERE id = 'list'");
  CHECK_OK(service.Create("list", ""));
}

TEST_CASE("a segment that was not counted yet gives no snapshot") {
  TestService service;
  REQUIRE_OK(service.Create("big", "orders.count() > 5"));
  service.ledger.schema.Sql("UPDATE segment SET as_of_time = NULL WHERE id = 'big'");
  v1::CreateSegmentSnapshotRequest create;
  create.set_segment_id("big");
  const auto snapshot = service.Call<v1::SegmentSnapshot>("CreateSegmentSnapshot", create);
  CHECK_STATUS_IS(snapshot, StatusCode::kFailedPrecondition, "not counted");
  CHECK(ErrorReason(snapshot.status()) == "SEGMENT_NOT_COUNTED");
}

TEST_CASE("a rule is parsed, checked and printed, with each mistake's place") {
  TestService service;
  const v1::ParseRuleResponse good =
      service.Parse(R"(orders.count(last 90d) >= 2 AND segment("loyal") AND NOT city = "İzmir")");
  CHECK(good.mistakes().empty());
  CHECK(good.canonical_text() == R"(orders.count(last 90d) >= 2 AND segment("loyal") AND NOT contact.city = "İzmir")");
  CHECK(std::vector<std::string>(good.dependencies().begin(), good.dependencies().end()) ==
        std::vector<std::string>{"contact.city", "orders", "segment:loyal", "time"});
  CHECK(service.Parse("rfm.label = \"champions\"").mistakes().empty());
  const v1::ParseRuleResponse bad = service.Parse("orders.count > 1 AND\n  contact.cty = \"x\"");
  CHECK_FALSE(bad.has_rule());
  REQUIRE(bad.mistakes_size() == 1);
  CHECK(bad.mistakes(0).line() == 2);
  CHECK(bad.mistakes(0).column() == 3);
  CHECK(bad.mistakes(0).length() == 11);
  CHECK(bad.mistakes(0).suggestion() == "contact.city");
  CHECK(bad.mistakes(0).path() == "rule.group.rules[1].condition.attribute.key");

  v1::ParseRuleRequest tree;
  *tree.mutable_rule() = good.rule();
  ESNAF_REQUIRE_VALUE(const auto printed, (service.Call<v1::ParseRuleResponse>("ParseRule", tree)));
  CHECK(printed.canonical_text() == good.canonical_text());
  tree.mutable_rule()->mutable_group()->mutable_rules(0)->mutable_condition()->clear_values();
  ESNAF_REQUIRE_VALUE(const auto wrong, (service.Call<v1::ParseRuleResponse>("ParseRule", tree)));
  REQUIRE(wrong.mistakes_size() == 1);
  CHECK(wrong.mistakes(0).path() == "rule.group.rules[0].condition.values");
  tree.mutable_rule()->mutable_group()->clear_combinator();
  ESNAF_REQUIRE_VALUE(const auto none, (service.Call<v1::ParseRuleResponse>("ParseRule", tree)));
  CHECK(none.mistakes(0).path() == "rule.group.combinator");
}

TEST_CASE("what rules can ask for is listed, the firm's own fields too") {
  TestService service;
  ESNAF_REQUIRE_VALUE(const auto list, (service.Call<v1::ListRuleAttributesResponse>("ListRuleAttributes",
                                                                                     v1::ListRuleAttributesRequest())));
  std::map<std::string, const v1::RuleAttributeInfo*> known;
  for (const v1::RuleAttributeInfo& attribute : list.attributes()) known[attribute.key()] = &attribute;
  REQUIRE(known.contains("custom.shoe_size"));
  CHECK(known["custom.shoe_size"]->type() == v1::RULE_TYPE_NUMBER);
  REQUIRE(known.contains("rfm.label"));
  CHECK(known["rfm.label"]->options_size() == 10);
  REQUIRE(known.contains("sku"));
}

TEST_CASE("a key that is limited to a store sees its segments alone, and its rules name no others") {
  TestService service;
  const auto call_for = [&](std::vector<std::string> stores) {
    runtime::CallInfo info{
        .caller = {.kind = runtime::Caller::Kind::kStaff, .actor = "key:1", .store_ids = std::move(stores)}};
    info.deadline = SystemClock().Now() + std::chrono::minutes(1);
    return runtime::Call(info, service.clock, service.ledger.connection());
  };
  runtime::Call limited = call_for({"istanbul"});
  runtime::Call anybody = call_for({});
  const auto create = [&](runtime::Call& call, const std::string& id, const std::string& store,
                          const std::string& rule_text) {
    v1::CreateSegmentRequest request;
    request.mutable_segment()->set_id(id);
    request.mutable_segment()->set_store_id(store);
    request.mutable_segment()->set_rule_text(rule_text);
    return service.segments.CreateSegment(call, request).status();
  };
  REQUIRE_OK(create(anybody, "everywhere", "", "orders.count() > 5"));
  REQUIRE_OK(create(anybody, "ankara", "ankara", "orders.count() > 5"));
  CHECK(FieldsOf(create(limited, "mine", "", "orders.count() > 5")) == std::vector<std::string>{"segment.store_id"});
  CHECK(FieldsOf(create(limited, "mine", "istanbul", "segment(\"ankara\")")) ==
        std::vector<std::string>{"segment.rule"});
  CHECK_FALSE(create(limited, "mine", "istanbul", "rfm.label = \"champions\"").ok());
  for (const char* of_all_stores : {"acquisition.channel = \"Email\"", "value.clv > 10.00 TRY"}) {
    CHECK(FieldsOf(create(limited, "mine", "istanbul", of_all_stores)) ==
          std::vector<std::string>{"segment.rule_text"});
  }
  ESNAF_REQUIRE_VALUE(const auto attributes, service.segments.ListRuleAttributes(limited, {}));
  for (const v1::RuleAttributeInfo& attribute : attributes.attributes()) {
    CHECK_FALSE(attribute.key().starts_with("acquisition."));
    CHECK_FALSE(attribute.key().starts_with("value."));
  }
  REQUIRE_OK(create(limited, "mine", "istanbul", "orders.count() > 5"));

  ESNAF_REQUIRE_VALUE(const auto list, service.segments.ListSegments(limited, v1::ListSegmentsRequest()));
  REQUIRE(list.segments_size() == 1);
  CHECK(list.segments(0).id() == "mine");
  for (const char* id : {"everywhere", "ankara"}) {
    v1::ListSegmentMembersRequest request;
    request.set_segment_id(id);
    CHECK(ErrorReason(service.segments.ListSegmentMembers(limited, request).status()) == "SEGMENT_NOT_FOUND");
  }
  v1::ListContactSegmentsRequest mine;
  mine.set_contact_id(Contact("counted").ToString());
  ESNAF_REQUIRE_VALUE(const auto memberships, service.segments.ListContactSegments(limited, mine));
  CHECK(memberships.memberships_size() == 1);
}

}  // namespace
}  // namespace esnaf::segmentation
