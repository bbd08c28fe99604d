// Members, static lists and snapshots on Postgres, through merges and unmerges.
#include "services/segmentation/segments/segment_member_store.h"

#include <rapidcheck.h>

#include <random>
#include <set>

#include "esnaf/segmentation/v1/events.pb.h"
#include "services/segmentation/people/test_ledger.h"
#include "services/segmentation/segments/segment_store.h"

namespace esnaf::segmentation {
namespace {

class TestSegments {
 public:
  template <typename Body>
  auto Run(Body&& body) {
    return ledger.connection().Run({}, std::forward<Body>(body));
  }
  void Create(const std::string& id, SegmentKind kind = SegmentKind::kStatic) {
    Segment segment{.id = id, .kind = kind};
    if (kind == SegmentKind::kRule) {
      segment.rule = Rule{Condition{AggregateOperand{}, Operator::kGreater, {std::int64_t{0}}}};
    }
    const auto inserted = Run([&](postgres::Tx& tx) { return InsertSegment(tx, segment, ledger.now); });
    REQUIRE_OK(inserted);
    REQUIRE(*inserted);
  }
  MembershipChange Apply(const std::string& id, const MembershipChange& change) {
    auto changed = Run([&](postgres::Tx& tx) -> absl::StatusOr<MembershipChange> {
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, id));
      return ApplyMembership(tx, record, change, ledger.now, OwnCause(ledger.now));
    });
    REQUIRE_OK(changed);
    return *std::move(changed);
  }
  void Delete(const std::string& id) {
    REQUIRE_OK(Run([&](postgres::Tx& tx) -> absl::Status {
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, id));
      ESNAF_RETURN_IF_ERROR(RemoveSomeMembers(tx, record, 1000, OwnCause(ledger.now)).status());
      return DeleteSegment(tx, id);
    }));
  }
  int Add(const std::string& id, const std::vector<Uuid>& contacts) { return Edit(AddToList, id, contacts); }
  int Remove(const std::string& id, const std::vector<Uuid>& contacts) { return Edit(RemoveFromList, id, contacts); }
  std::set<Uuid> Members(const std::string& id) {
    const auto members = Run([&](postgres::Tx& tx) { return MembersOf(tx, id); });
    REQUIRE_OK(members);
    return {members->begin(), members->end()};
  }
  SegmentRecord Record(const std::string& id) {
    auto record = Run([&](postgres::Tx& tx) { return GetSegment(tx, id); });
    REQUIRE_OK(record);
    return *std::move(record);
  }
  // Of each event of memberships, in order: `+name` or `-name`.
  std::vector<std::string> Events(const std::vector<std::string>& names) {
    const postgres::Result rows =
        ledger.schema.Sql("SELECT type, payload FROM outbox WHERE aggregate_type = 'segment_member' ORDER BY seq");
    std::vector<std::string> events;
    for (int i = 0; i < rows.size(); ++i) {
      const bool entered = rows[i].Text(0) == v1::SegmentEntered::descriptor()->full_name();
      v1::SegmentEntered payload;  // SegmentLeft has the same fields
      REQUIRE(payload.ParseFromString(rows[i].Get<postgres::Bytes>(1).data));
      for (const std::string& name : names) {
        if (payload.contact_id() == Contact(name).ToString()) events.push_back((entered ? "+" : "-") + name);
      }
    }
    return events;
  }

  TestLedger ledger;

 private:
  int Edit(absl::StatusOr<int> (*edit)(postgres::Tx&, SegmentRecord&, const std::vector<Uuid>&, const Cause&),
           const std::string& id, const std::vector<Uuid>& contacts) {
    const auto count = Run([&](postgres::Tx& tx) -> absl::StatusOr<int> {
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, id));
      return edit(tx, record, contacts, OwnCause(ledger.now));
    });
    REQUIRE_OK(count);
    return *count;
  }
};

using Set = std::set<Uuid>;
using Texts = std::vector<std::string>;

TEST_CASE("a segment is stored with its rule and references, and read again") {
  TestSegments test;
  Segment segment{.id = "big", .display_name = "Büyük", .kind = SegmentKind::kRule, .store_id = "web"};
  segment.rule =
      Rule{Group{Combinator::kAny,
                 {{Condition{SegmentOperand{"loyal"}, Operator::kHolds, {}}},
                  {Condition{AttributeOperand{"contact.city"}, Operator::kEquals, {std::string("İzmir")}}}}}};
  REQUIRE_OK(test.Run([&](postgres::Tx& tx) { return InsertSegment(tx, segment, test.ledger.now); }));
  SegmentRecord record = test.Record("big");
  CHECK(record.segment == segment);
  CHECK(record.version == 1);
  CHECK_FALSE(record.as_of);
  const auto references = test.Run([](postgres::Tx& tx) { return LockReferences(tx); });
  REQUIRE_OK(references);
  CHECK(references->at("big") == std::set<std::string>{"loyal"});
  record.segment.rule->node = Condition{AggregateOperand{}, Operator::kGreater, {std::int64_t{0}}};
  record.version = 2;
  REQUIRE_OK(test.Run([&](postgres::Tx& tx) { return UpdateSegment(tx, record); }));
  CHECK(test.Record("big").segment == record.segment);
  CHECK(test.Run([](postgres::Tx& tx) { return LockReferences(tx); })->at("big").empty());
  CHECK_STATUS_IS(test.Run([](postgres::Tx& tx) { return GetSegment(tx, "none"); }), absl::StatusCode::kNotFound, "");
}

TEST_CASE("entries and exits are written, counted and told once") {
  TestSegments test;
  test.Create("all", SegmentKind::kRule);
  const std::int64_t before = test.Record("all").change_count;
  CHECK(test.Apply("all", {.entered = {Contact("a"), Contact("b")}, .left = {Contact("c")}}).entered.size() == 2);
  const MembershipChange again = test.Apply("all", {.entered = {Contact("b"), Contact("c")}, .left = {Contact("a")}});
  CHECK(again.entered == std::vector<Uuid>{Contact("c")});
  CHECK(again.left == std::vector<Uuid>{Contact("a")});
  CHECK(test.Members("all") == Set{Contact("b"), Contact("c")});
  const SegmentRecord record = test.Record("all");
  CHECK(record.member_count == 2);
  CHECK(record.change_count == before + 4);
  CHECK(record.as_of == test.ledger.now);
  CHECK(test.Events({"a", "c"}) == Texts{"+a", "-a", "+c"});
}

TEST_CASE("a deleted segment is left by all, and one of the same id goes on with newer events") {
  TestSegments test;
  test.Create("all", SegmentKind::kRule);
  test.Apply("all", {.entered = {Contact("a")}, .left = {}});
  REQUIRE_OK(test.Run([&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, "all"));
    ESNAF_ASSIGN_OR_RETURN(const bool all, RemoveSomeMembers(tx, record, 100, OwnCause(test.ledger.now)));
    CHECK(all);
    return DeleteSegment(tx, "all");
  }));
  CHECK(test.Events({"a"}) == Texts{"+a", "-a"});
  test.ledger.now += std::chrono::seconds(1);
  test.Create("all", SegmentKind::kRule);
  test.Apply("all", {.entered = {Contact("a")}, .left = {}});
  const postgres::Result versions = test.ledger.schema.Sql(
      "SELECT count(*), count(DISTINCT aggregate_version), "
      "(array_agg(aggregate_version ORDER BY seq) = array_agg(aggregate_version ORDER BY aggregate_version)) "
      "FROM outbox WHERE aggregate_type = 'segment_member'");
  CHECK(versions[0].Get<std::int64_t>(0) == 3);
  CHECK(versions[0].Get<std::int64_t>(1) == 3);
  CHECK(versions[0].Get<bool>(2));
}

TEST_CASE("a static list follows merges and unmerges") {
  TestSegments test;
  test.Create("list");
  CHECK(test.Add("list", {Contact("a"), Contact("a"), Contact("b")}) == 2);
  CHECK(test.Add("list", {Contact("b")}) == 0);
  test.ledger.Alias("a", "b", 1);
  CHECK(test.Members("list") == Set{Contact("b")});
  test.ledger.Alias("b", "c", 1);
  CHECK(test.Members("list") == Set{Contact("c")});
  CHECK(test.Record("list").member_count == 1);
  // Put on it under its old name: the same person.
  CHECK(test.Add("list", {Contact("a")}) == 0);
  test.ledger.Alias("b", "", 2);
  CHECK(test.Members("list") == Set{Contact("b")});
  test.ledger.Alias("a", "", 2);
  CHECK(test.Members("list") == Set{Contact("a"), Contact("b")});
  CHECK(test.Events({"a", "b", "c"}) == Texts{"+a", "+b", "-a", "-b", "+c", "-c", "+b", "+a"});
}

TEST_CASE("who is taken off a list is off it by all names") {
  TestSegments test;
  test.Create("list");
  test.Add("list", {Contact("a"), Contact("b")});
  test.ledger.Alias("a", "b", 1);
  CHECK(test.Remove("list", {Contact("a")}) == 1);
  CHECK(test.Members("list").empty());
  test.ledger.Alias("a", "", 2);
  CHECK(test.Members("list").empty());
  CHECK(test.Remove("list", {Contact("a")}) == 0);
}

// Whatever is added, removed, merged and released: members are the canonical contacts of the entries that are left.
TEST_CASE("the members of a list are always those that its entries give") {
  TestSegments test;
  REQUIRE(rc::check("random histories", [&] {
    test.ledger.schema.Sql(
        "TRUNCATE segment, segment_member, segment_list_entry, contact_alias, contact_alias_version,"
        " outbox CASCADE");
    test.Create("list");
    constexpr int kPeople = 5;
    const auto name = [](int person) { return std::string(1, static_cast<char>('a' + person)); };
    std::map<std::string, std::string> alias;
    std::map<std::string, std::int64_t> versions;
    const auto canonical = [&](std::string person) {
      while (alias.contains(person)) person = alias[person];
      return person;
    };
    std::set<std::string> entries;
    const int steps = *rc::gen::inRange(1, 15);
    for (int step = 0; step < steps; ++step) {
      const std::string person = name(*rc::gen::inRange(0, kPeople)), other = name(*rc::gen::inRange(0, kPeople));
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          test.Add("list", {Contact(person)});
          entries.insert(person);
          break;
        case 1:
          test.Remove("list", {Contact(person)});
          std::erase_if(entries, [&](const std::string& entry) { return canonical(entry) == canonical(person); });
          break;
        case 2:
          if (alias.contains(person) || canonical(other) == person) break;
          alias[person] = other;
          test.ledger.Alias(person, other, ++versions[person]);
          break;
        default:
          if (alias.erase(person) > 0) test.ledger.Alias(person, "", ++versions[person]);
      }
      Set expected;
      for (const std::string& entry : entries) expected.insert(Contact(canonical(entry)));
      RC_ASSERT(test.Members("list") == expected);
      RC_ASSERT(test.Record("list").member_count == static_cast<std::int64_t>(expected.size()));
    }
  }));
}

TEST_CASE("a snapshot keeps who was in a segment, whatever becomes of it") {
  TestSegments test;
  test.Create("list");
  test.Add("list", {Contact("a"), Contact("b")});
  const auto snapshot = test.Run([&](postgres::Tx& tx) -> absl::StatusOr<SegmentSnapshot> {
    ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record, LockSegment(tx, "list"));
    return InsertSnapshot(tx, record, "before", test.ledger.now, 10);
  });
  REQUIRE_OK(snapshot);
  CHECK(snapshot->member_count == 2);
  test.Remove("list", {Contact("a")});
  const auto read = test.Run([&](postgres::Tx& tx) { return GetSnapshot(tx, "list", snapshot->id); });
  REQUIRE_OK(read);
  CHECK(read->member_count == 2);
  CHECK(read->display_name == "before");
  CHECK(test.ledger.Count("segment_snapshot_member") == 2);
  CHECK_STATUS_IS(test.Run([&](postgres::Tx& tx) { return GetSnapshot(tx, "other", snapshot->id); }),
                  absl::StatusCode::kNotFound, "");
}

TEST_CASE("a snapshot that is copied in pieces holds who was in the segment when it was made, whoever comes and goes") {
  TestSegments test;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto contact = [&] { return Contact(std::string(1, static_cast<char>('a' + random() % 12))); };
    const std::string id = "list" + std::to_string(seed);
    test.Create(id);
    std::vector<Uuid> first;
    for (int i = 0; i < 8; ++i) first.push_back(contact());
    test.Add(id, first);
    const std::set<Uuid> before = test.Members(id);
    const auto snapshot = test.Run([&](postgres::Tx& tx) -> absl::StatusOr<SegmentSnapshot> {
      ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record, LockSegment(tx, id));
      return InsertSnapshot(tx, record, "campaign", test.ledger.now, 1);
    });
    REQUIRE_OK(snapshot);
    CHECK(snapshot->pending);
    CHECK_STATUS_IS(test.Run([&](postgres::Tx& tx) { return RequireWholeSnapshot(tx, id, snapshot->id); }),
                    absl::StatusCode::kFailedPrecondition, "copied");
    for (bool more = true; more;) {
      for (auto i = random() % 4; i > 0; --i) {
        random() % 2 == 0 ? test.Add(id, {contact()}) : test.Remove(id, {contact()});
      }
      if (seed % 5 == 0) test.Delete(id);
      const auto copied = test.Run([](postgres::Tx& tx) { return CopySomeMembers(tx, 1); });
      REQUIRE_OK(copied);
      more = *copied;
      if (seed % 5 == 0) break;
    }
    while (*test.Run([](postgres::Tx& tx) { return CopySomeMembers(tx, 1); })) continue;
    CHECK_OK(test.Run([&](postgres::Tx& tx) { return RequireWholeSnapshot(tx, id, snapshot->id); }));
    const postgres::Result rows = test.ledger.schema.Sql(
        "SELECT contact_id FROM segment_snapshot_member WHERE snapshot_id = $1 AND is_member", {snapshot->id});
    std::set<Uuid> kept;
    for (int i = 0; i < rows.size(); ++i) kept.insert(rows[i].Get<Uuid>(0));
    CHECK(kept == before);
    CHECK(snapshot->member_count == static_cast<std::int64_t>(before.size()));
    CHECK(test.ledger.Count("segment_snapshot_member WHERE NOT is_member") == 0);
  }
}

}  // namespace
}  // namespace esnaf::segmentation
