// Members kept event by event are those that a recount finds at any time, and the events tell of each change once.
#include "services/segmentation/segments/membership_updater.h"

#include <random>
#include <set>

#include "esnaf/segmentation/v1/events.pb.h"
#include "services/segmentation/attribution_consumer.h"
#include "services/segmentation/people/person_loader.h"
#include "services/segmentation/people/test_people.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/segments/membership.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/support_consumer.h"

namespace esnaf::segmentation {
namespace {

using Set = std::set<Uuid>;

const Catalogue& OwnFields() {
  static const Catalogue kCatalogue(
      {{"budget", "Bütçe", AttributeType::kMoney}, {"sizes", "Bedenler", AttributeType::kTextList, {"M", "L"}}},
      {{"default", {}}});
  return kCatalogue;
}

class TestMembership {
 public:
  explicit TestMembership(std::size_t most_changes = kMostChanges) : counter(keeper, most_changes) {}

  template <typename Body>
  auto Run(Body&& body) {
    return ledger.connection().Run({}, std::forward<Body>(body));
  }
  void Load() { REQUIRE_OK(keeper.Load(ledger.connection())); }

  // With a rule, counted at once; without one, a static list.
  void Create(const std::string& id, const std::string& rule_text) {
    Segment segment{.id = id, .kind = rule_text.empty() ? SegmentKind::kStatic : SegmentKind::kRule};
    if (!rule_text.empty()) {
      const ParsedRule parsed = ParseRule(rule_text, OwnFields());
      REQUIRE(parsed.rule);
      segment.rule = *parsed.rule;
    }
    REQUIRE_OK(Run([&](postgres::Tx& tx) -> absl::Status {
      ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
      ESNAF_RETURN_IF_ERROR(InsertSegment(tx, segment, ledger.now).status());
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, id));
      if (segment.rule) return counter.Count(tx, record, OwnCause(ledger.now));
      return ApplyMembership(tx, record, {}, ledger.now, OwnCause(ledger.now)).status();
    }));
  }
  void Change(const std::string& id, const std::string& rule_text) {
    REQUIRE_OK(Run([&](postgres::Tx& tx) -> absl::Status {
      ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, id));
      record.segment.rule = *ParseRule(rule_text, OwnFields()).rule;
      ++record.version;
      ESNAF_RETURN_IF_ERROR(UpdateSegment(tx, record));
      return counter.Count(tx, record, OwnCause(ledger.now));
    }));
  }
  void Apply(const std::vector<api::v1::Event>& events) {
    REQUIRE_OK(Run([&](postgres::Tx& tx) { return ApplyContactEvents(tx, events, ledger.now); }));
    REQUIRE_OK(Run([&](postgres::Tx& tx) { return ApplyOrderEvents(tx, events, ledger.now); }));
    REQUIRE_OK(Run([&](postgres::Tx& tx) { return ApplyAttributionEvents(tx, events, ledger.now); }));
    REQUIRE_OK(Run([&](postgres::Tx& tx) { return ApplySupportEvents(tx, events, ledger.now); }));
  }
  void Edit(const std::string& id, const Uuid& contact, bool add) {
    REQUIRE_OK(Run([&](postgres::Tx& tx) -> absl::Status {
      ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, id));
      const auto edit = add ? AddToList : RemoveFromList;
      ESNAF_RETURN_IF_ERROR(edit(tx, record, {contact}, OwnCause(ledger.now)).status());
      return PeopleChanged(tx, {contact}, OwnCause(ledger.now));
    }));
  }
  // All that is due, in as many transactions as it takes.
  void Tick() {
    for (bool more = true; more;) {
      const auto counted = Run([&](postgres::Tx& tx) { return counter.CountDue(tx, OwnCause(ledger.now)); });
      REQUIRE_OK(counted);
      more = *counted;
    }
  }

  Set Members(const std::string& id) {
    const auto members = Run([&](postgres::Tx& tx) { return MembersOf(tx, id); });
    REQUIRE_OK(members);
    return {members->begin(), members->end()};
  }
  std::vector<SegmentRecord> Records() {
    auto records = Run([](postgres::Tx& tx) { return ListSegments(tx); });
    REQUIRE_OK(records);
    return *std::move(records);
  }
  // Who is in it by the events alone; each must change something.
  Set Told(const std::string& id) {
    const postgres::Result rows = ledger.schema.Sql(
        "SELECT type, payload FROM outbox WHERE aggregate_type = 'segment_member' ORDER BY xact, seq");
    Set told;
    for (int i = 0; i < rows.size(); ++i) {
      v1::SegmentEntered payload;  // SegmentLeft has the same fields
      REQUIRE(payload.ParseFromString(rows[i].Get<postgres::Bytes>(1).data));
      if (payload.segment_id() != id) continue;
      const Uuid contact = Uuid::Parse(payload.contact_id()).value();
      const bool entered = rows[i].Text(0) == v1::SegmentEntered::descriptor()->full_name();
      CHECK((entered ? told.insert(contact).second : told.erase(contact) == 1));
    }
    return told;
  }

  // Three ways to know the members agree with what stands: all facts read anew, the table that was kept, the events.
  void CheckEverything() {
    PersonTable table;
    REQUIRE_OK(LoadEverybody(ledger.connection(), table));
    const std::vector<SegmentRecord> records = Records();
    MembershipEvaluator evaluator(records, table);
    for (const SegmentRecord& record : records) {
      INFO(record.segment.id);
      const Set standing = Members(record.segment.id);
      Set anew;
      for (const PersonRow row : *evaluator.MembersOf(record.segment.id)) anew.insert(table.ContactOf(row));
      CHECK(standing == anew);
      CHECK(standing == Told(record.segment.id));
      CHECK(record.member_count == static_cast<std::int64_t>(standing.size()));
      const auto recount = Run([&](postgres::Tx& tx) { return counter.Verify(tx, record.segment.id); });
      REQUIRE_OK(recount);
      CHECK(recount->missing.empty());
      CHECK(recount->surplus.empty());
    }
  }

  TestLedger ledger;
  PersonTableKeeper keeper;
  SegmentCounter counter;
};

TEST_CASE("an event moves its person in and out, in its own transaction") {
  TestMembership test;
  test.Load();
  test.Create("buyers", "orders.count(status = \"completed\" , last 30d) >= 1 OR orders.count(last 30d) >= 2");
  test.Create("vip", "contact.tags HAS \"vip\" AND NOT segment(\"buyers\")");
  test.Apply({EventOf(TestContact{.name = "ayse", .tags = {"VIP"}})});
  CHECK(test.Members("vip") == Set{Contact("ayse")});
  test.Apply({EventOf(TestOrder{.name = "1", .contact = "ayse"}), EventOf(TestOrder{.name = "2", .contact = "ayse"})});
  CHECK(test.Members("buyers") == Set{Contact("ayse")});
  CHECK(test.Members("vip").empty());
  test.CheckEverything();
}

TEST_CASE("amounts compare in their own currency, and options by what people have of them") {
  TestMembership test;
  test.Load();
  test.Create("searched", "acquisition.channel = \"paid search\" AND acquisition.campaign CONTAINS \"bahar\"");
  test.Create("rich", "custom.budget >= 1000.00 TRY");
  test.Create("poor", "custom.budget != 1500.00 TRY");
  test.Create("known", "custom.budget IS SET");
  test.Create("both", "custom.sizes HAS ALL (\"M\", \"L\")");
  test.Create("neither", "custom.sizes HAS NONE (\"L\")");
  test.Create("two", "length(custom.sizes) = 2");
  test.Apply({EventOf(TestContact{.name = "a", .budget = 150000, .sizes = {"M", "L"}}),
              EventOf(TestContact{.name = "b", .budget = 900000, .currency = "EUR", .sizes = {"M"}}),
              EventOf(TestContact{.name = "c"})});
  CHECK(test.Members("rich") == Set{Contact("a")});
  // An amount in another currency is neither more, less, equal nor different, and it is there.
  CHECK(test.Members("poor").empty());
  CHECK(test.Members("known") == Set{Contact("a"), Contact("b")});
  CHECK(test.Members("both") == Set{Contact("a")});
  CHECK(test.Members("neither") == Set{Contact("b")});
  CHECK(test.Members("two") == Set{Contact("a")});
  // The currency alone changes.
  test.Apply({EventOf(TestContact{.name = "b", .version = 2, .budget = 900000}),
              EventOf(TestContact{.name = "a", .version = 2, .budget = 150000, .currency = "EUR"})});
  CHECK(test.Members("rich") == Set{Contact("b")});
  CHECK(test.Members("poor") == Set{Contact("b")});
  CHECK(test.Members("both").empty());
  test.CheckEverything();
}

TEST_CASE("who came first by which way follows attribution's word, merges and unmerges") {
  TestMembership test;
  test.Load();
  test.Create("searched", "acquisition.channel = \"Paid Search\"");
  test.Create("unknown", "acquisition.channel IS NOT SET");
  test.Apply({EventOf(TestContact{.name = "a"}), EventOf(TestContact{.name = "b"}),
              EventOf(TestAcquisition{.order = "1", .contact = "a", .place_time = "2026-02-02T10:00:00Z"}),
              EventOf(TestAcquisition{.order = "2", .contact = "b", .channel = "Direct"})});
  CHECK(test.Members("searched") == Set{Contact("a")});
  CHECK(test.Members("unknown").empty());
  // The earlier of the two first orders is the person's.
  test.Apply({AliasEvent("a", "b", 2)});
  CHECK(test.Members("searched").empty());
  test.Apply({AliasEvent("a", "", 3)});
  CHECK(test.Members("searched") == Set{Contact("a")});
  // It was cancelled; what comes late changes nothing.
  test.Apply({EventOf(TestAcquisition{.order = "1", .contact = "a", .version = 3, .first_order = false})});
  test.Apply({EventOf(TestAcquisition{.order = "1", .contact = "a", .version = 2})});
  CHECK(test.Members("searched").empty());
  CHECK(test.Members("unknown") == Set{Contact("a")});
  test.CheckEverything();
}

TEST_CASE("time alone moves people, once a minute at most") {
  TestMembership test;
  test.Apply({EventOf(TestOrder{.name = "1", .contact = "ayse", .place_time = "2026-03-10T11:00:00Z"})});
  test.Load();
  test.Create("today", "orders.count(last 24h) >= 1");
  test.Create("gone", "NOT segment(\"today\")");
  CHECK(test.Members("today") == Set{Contact("ayse")});
  test.ledger.now += std::chrono::hours(22);
  test.Tick();
  CHECK(test.Members("today") == Set{Contact("ayse")});
  test.ledger.now += std::chrono::seconds(30);
  test.Tick();
  CHECK(*test.Records()[1].as_of == test.ledger.now - std::chrono::seconds(30));
  test.ledger.now += std::chrono::hours(2);
  test.Tick();
  CHECK(test.Members("today").empty());
  CHECK(test.Members("gone") == Set{Contact("ayse")});
  test.CheckEverything();
}

TEST_CASE("without a table segments wait uncounted, and are counted as soon as there is one") {
  TestMembership test;
  test.Apply({EventOf(TestOrder{.name = "1", .contact = "ayse"})});
  test.Create("buyers", "orders.count() >= 1");
  CHECK_FALSE(test.Records()[0].as_of);
  CHECK_STATUS_IS(test.Run([&](postgres::Tx& tx) { return test.counter.CountDue(tx, OwnCause(test.ledger.now)); }),
                  absl::StatusCode::kUnavailable, "read into memory");
  CHECK_STATUS_IS(test.Run([&](postgres::Tx& tx) { return test.counter.Verify(tx, "buyers"); }),
                  absl::StatusCode::kFailedPrecondition, "not counted");
  test.Apply({EventOf(TestOrder{.name = "2", .contact = "ali"})});
  test.Load();
  test.Tick();
  CHECK(test.Members("buyers") == Set{Contact("ayse"), Contact("ali")});
  test.CheckEverything();
}

TEST_CASE("a changed rule moves its members and those of segments that name it") {
  TestMembership test;
  test.Apply({EventOf(TestOrder{.name = "1", .contact = "ayse", .net = 500}),
              EventOf(TestOrder{.name = "2", .contact = "ali", .net = 90000})});
  test.Load();
  test.Create("spenders", "orders.sum() > 100.00 TRY");
  test.Create("others", "NOT segment(\"spenders\")");
  CHECK(test.Members("others") == Set{Contact("ayse")});
  test.Change("spenders", "orders.sum() > 1.00 TRY");
  CHECK(test.Members("spenders").size() == 2);
  CHECK(test.Members("others").empty());
  test.CheckEverything();
}

TEST_CASE("new values of everybody leave the segments that ask for them uncounted until the next tick") {
  TestMembership test;
  test.Apply({EventOf(TestOrder{.name = "1", .contact = "ayse"}), EventOf(TestOrder{.name = "2", .contact = "ali"})});
  test.Load();
  test.Create("leaving", "value.churn_probability > 0.5 AND value.clv >= 10.00 TRY");
  test.Create("staying", "NOT segment(\"leaving\")");
  test.Create("buyers", "orders.count() >= 1");
  test.Create("expected",
              "value.next_order_date = 2026-04-05 AND value.mean_gap_days > 30 AND value.total = 15.00 TRY");
  CHECK(test.Members("staying").size() == 2);
  test.ledger.schema.Sql(
      "INSERT INTO value_fit (model_id, number, id, body, fit_time) "
      "VALUES ('default', 1, $1, '{\"model\":{\"currencyCode\":\"TRY\"}}', now())",
      {Contact("fit")});
  test.ledger.schema.Sql(
      "INSERT INTO contact_value SELECT 'default', 1, c, 1000, 0.9, 1, 0.1, 500, 1, '2026-03-01', 0, 0, '2026-04-05', "
      "30.5 "
      "FROM unnest($1::uuid[]) AS c",
      {std::vector<Uuid>{Contact("ayse")}});
  test.ledger.schema.Sql("UPDATE value_model SET list_number = 1, list_fit_number = 1 WHERE id = 'default'");
  REQUIRE_OK(test.Run([](postgres::Tx& tx) { return ValuesReplaced(tx); }));
  CHECK(test.Records()[0].as_of);        // buyers
  CHECK_FALSE(test.Records()[1].as_of);  // expected
  CHECK_FALSE(test.Records()[2].as_of);  // leaving
  CHECK_FALSE(test.Records()[3].as_of);  // staying
  test.Tick();
  CHECK(test.Members("leaving") == Set{Contact("ayse")});
  CHECK(test.Members("expected") == Set{Contact("ayse")});
  CHECK(test.Members("staying") == Set{Contact("ali")});
  test.CheckEverything();
}

// Rules of every kind that facts and time can change, some of them over each other.
void CreateAll(TestMembership& test) {
  test.Create("buyers", "orders.count() >= 1");
  test.Create("recent", "orders.count(last 30d) >= 2");
  test.Create("spenders", "orders.sum(last 60d, sku = \"sku1\") > 5.00 TRY");
  test.Create("tagged", "contact.tags HAS \"tag1\" OR contact.city = \"ankara\"");
  test.Create("mailable", "consent.marketing.eposta = \"ONAY\"");
  test.Create("strangers", "NOT segment(\"buyers\")");
  test.Create("both", "segment(\"recent\") AND segment(\"mailable\")");
  test.Create("chosen", "");
  test.Create("chosen-buyers", "segment(\"chosen\") AND segment(\"buyers\")");
  test.Create("champions", "rfm.label = \"champions\" OR rfm.monetary_score >= 4");
  test.Create("carted", "carts.count(last 7d, status = \"open\") >= 1 AND NOT segment(\"recent\")");
  test.Create("old", "contact.create_time MORE THAN 80d AGO");
  test.Create("rich", "custom.budget >= 1000.00 TRY OR custom.budget BETWEEN 1.00 EUR AND 500.00 EUR");
  test.Create("asking", "tickets.count(last 30d, status = \"open\", type = \"return\") >= 1");
  test.Create("let-down", "tickets.count(breached = true) >= 1 OR answers.average(kind = \"csat\") < 3");
  test.Create("large", "custom.sizes HAS \"L\" OR (NOT custom.sizes IS SET AND custom.budget IS SET)");
}

TEST_CASE("a segment of many members is counted and deleted in pieces, and told of whole") {
  TestMembership test(2);
  std::vector<api::v1::Event> events;
  for (char name = 'a'; name < 'f'; ++name) {
    events.push_back(EventOf(TestOrder{.name = std::string(1, name), .contact = std::string(1, name)}));
  }
  test.Apply(events);
  test.Load();
  test.Create("buyers", "orders.count() >= 1");
  test.Create("strangers", "NOT segment(\"buyers\")");
  CHECK_FALSE(test.Records()[0].as_of);
  const auto first = test.Run([&](postgres::Tx& tx) { return test.counter.CountDue(tx, OwnCause(test.ledger.now)); });
  REQUIRE_OK(first);
  CHECK(*first);
  CHECK(test.Members("buyers").size() == 2);
  CHECK_FALSE(test.Records()[0].as_of);
  // Somebody who comes meanwhile, and somebody who goes.
  test.Apply({EventOf(TestOrder{.name = "f", .contact = "f"}),
              EventOf(TestOrder{.name = "a", .contact = "a", .version = 2, .cancelled = true})});
  test.Tick();
  CHECK(test.Members("buyers") == Set{Contact("b"), Contact("c"), Contact("d"), Contact("e"), Contact("f")});
  test.CheckEverything();

  REQUIRE_OK(test.Run([&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
    return MarkDeleted(tx, "buyers", test.ledger.now);
  }));
  CHECK(test.Records().size() == 1);
  int pieces = 0;
  for (bool more = true; more; ++pieces) {
    const auto deleted =
        test.Run([&](postgres::Tx& tx) { return test.counter.DeleteSome(tx, OwnCause(test.ledger.now)); });
    REQUIRE_OK(deleted);
    more = *deleted;
  }
  CHECK(pieces == 4);  // two, two, one, nothing
  CHECK(test.Told("buyers").empty());
  CHECK(test.ledger.Count("segment WHERE id = 'buyers'") == 0);
}

TEST_CASE("a new segment of everybody keeps no smaller one from being counted") {
  TestMembership test(3);
  std::vector<api::v1::Event> events;
  for (char name = 'a'; name <= 'h'; ++name) {
    events.push_back(EventOf(TestOrder{.name = std::string(1, name),
                                       .contact = std::string(1, name),
                                       .place_time = name == 'b' ? "2026-02-20T10:00:00Z" : "2026-01-01T10:00:00Z"}));
  }
  test.Apply(events);
  test.Load();
  test.Create("recent", "orders.count(last 30d) >= 1");
  CHECK(test.Members("recent") == Set{Contact("b")});
  // Comes first by its id, and takes three transactions.
  test.Create("everybody", "orders.count() >= 1");
  test.ledger.now += std::chrono::hours(24 * 20);
  const auto first = test.Run([&](postgres::Tx& tx) { return test.counter.CountDue(tx, OwnCause(test.ledger.now)); });
  REQUIRE_OK(first);
  CHECK(*first);
  CHECK(test.Members("recent").empty());
  const std::vector<SegmentRecord> records = test.Records();
  CHECK_FALSE(records[0].as_of);
  CHECK(records[1].as_of == test.ledger.now);
  CHECK(test.Members("everybody").size() == 2);
  test.Tick();
  test.CheckEverything();
}

TEST_CASE("tickets and answers to surveys move people between segments") {
  TestMembership test;
  test.Apply({EventOf(TestContact{.name = "a"}), EventOf(TestContact{.name = "b"})});
  test.Load();
  test.Create("asking", "tickets.count(last 30d, status = \"open\", priority = \"high\") >= 2");
  test.Create("let-down", "tickets.count(breached = true) >= 1");
  test.Create("unhappy", "answers.count(last 90d, kind = \"csat\", score <= 2) >= 1");
  test.Create("quiet", "tickets.count() = 0");
  test.Apply({EventOf(TestTicket{.name = "1", .contact = "a"}), EventOf(TestTicket{.name = "2", .contact = "a"}),
              EventOf(TestAnswer{.name = "1", .contact = "b", .score = 5})});
  CHECK(test.Members("asking") == Set{Contact("a")});
  CHECK(test.Members("quiet") == Set{Contact("b")});
  CHECK(test.Members("unhappy").empty());

  // A breach is told beside the ticket's versions, and an older version that comes late does not take it back.
  test.Apply({BreachOf(TestTicket{.name = "2", .contact = "a"})});
  test.Apply({EventOf(TestTicket{.name = "2", .contact = "a"})});
  CHECK(test.Members("let-down") == Set{Contact("a")});
  // A better answer takes the place of the one before; another scale is another answer.
  test.Apply({EventOf(TestAnswer{.name = "1", .contact = "b", .score = 2, .version = 2}),
              EventOf(TestAnswer{.name = "2", .contact = "a", .score = 1, .kind = support::v1::SURVEY_KIND_NPS})});
  CHECK(test.Members("unhappy") == Set{Contact("b")});
  test.Apply({EventOf(TestAnswer{.name = "1", .contact = "b", .score = 4, .version = 3})});
  CHECK(test.Members("unhappy").empty());

  // What is solved is not open; spam and what was merged are no tickets; a ticket can become somebody else's.
  test.Apply(
      {EventOf(TestTicket{.name = "1", .contact = "a", .state = support::v1::TICKET_STATE_SOLVED, .version = 2})});
  CHECK(test.Members("asking").empty());
  test.Apply({EventOf(TestTicket{.name = "1", .contact = "a", .state = support::v1::TICKET_STATE_SPAM, .version = 3}),
              EventOf(TestTicket{.name = "2", .contact = "b", .state = support::v1::TICKET_STATE_OPEN, .version = 3})});
  CHECK(test.Members("quiet") == Set{Contact("a")});
  CHECK(test.Members("let-down") == Set{Contact("b")});
  test.Apply(
      {EventOf(TestTicket{.name = "2", .contact = "b", .state = support::v1::TICKET_STATE_MERGED, .version = 4})});
  CHECK(test.Members("quiet") == Set{Contact("a"), Contact("b")});
  test.CheckEverything();
}

void CheckAnyHistory(std::size_t most_changes) {
  TestMembership test(most_changes);
  for (unsigned seed = 1; seed <= 15; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    test.ledger.Clear();
    test.ledger.now = At("2026-03-10T12:00:00Z");
    std::vector<api::v1::Event> events;
    for (int i = 0; i < 10; ++i) events.push_back(AnyEvent(random));
    test.Apply(events);
    test.Load();
    CreateAll(test);
    for (int step = 0; step < 25; ++step) {
      const Uuid contact = Contact(std::string(1, static_cast<char>('a' + random() % 6)));
      switch (random() % 6) {
        case 0:
          test.ledger.now += std::chrono::hours(random() % 200);
          test.Tick();
          break;
        case 1:
          test.Edit("chosen", contact, random() % 3 != 0);
          break;
        case 2:
          test.ledger.now += std::chrono::minutes(random() % 1000);
          test.ledger.ComputeNow();
          break;
        default:
          events.clear();
          for (auto i = 1 + random() % 3; i > 0; --i) events.push_back(AnyEvent(random));
          test.Apply(events);
      }
      if (step % 5 != 4) continue;
      test.Tick();
      test.CheckEverything();
    }
  }
}

TEST_CASE("members kept by events equal a recount, whatever comes in whatever order") { CheckAnyHistory(kMostChanges); }

TEST_CASE("members counted one at a time equal a recount too, whatever comes in between") { CheckAnyHistory(1); }

}  // namespace
}  // namespace esnaf::segmentation
