// The copy of aliases and identities: whatever order events come in and however often, the clusters are those of a
// plain union of what is merged at the end.
#include <rapidcheck.h>
#include <map>
#include <random>
#include <set>

#include "esnaf/contacts/v1/events.pb.h"
#include "esnaf/migrations/identity.h"
#include "libs/events/outbox.h"
#include "libs/identity/identity.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"

namespace esnaf::identity {
namespace {

testing::TestSchema MakeSchema() { return testing::TestSchema("identity", {&migrations::identity()}, {"identity"}); }

Uuid Person(int number) { return Uuid::FromName("person", std::to_string(number)); }

api::v1::Event EventOf(std::string_view aggregate, const Uuid& id, std::int64_t version,
                       const google::protobuf::Message& payload) {
  const events::NewEvent made = events::MakeEvent("service:contacts", Time(), aggregate, id, version, payload, Time());
  api::v1::Event event;
  event.set_id(made.id.ToString());
  event.set_aggregate_type(made.aggregate_type);
  event.set_aggregate_id(made.aggregate_id.ToString());
  event.set_aggregate_version(made.aggregate_version);
  event.set_type(made.type);
  event.set_payload(made.payload);
  return event;
}

api::v1::Event AliasEvent(const Uuid& original, std::optional<Uuid> canonical, std::int64_t version) {
  contacts::v1::ContactAliasChanged changed;
  changed.set_original_id(original.ToString());
  if (canonical) changed.set_canonical_id(canonical->ToString());
  return EventOf("contact_alias", original, version, changed);
}

api::v1::Event ContactEvent(const Uuid& contact, const std::vector<Identity>& identities, std::int64_t version) {
  contacts::v1::ContactChanged changed;
  changed.mutable_contact()->set_id(contact.ToString());
  for (const Identity& identity : identities) {
    contacts::v1::Identity& added = *changed.mutable_contact()->add_identities();
    added.set_kind(static_cast<contacts::v1::IdentityKind>(identity.kind));
    added.set_store_id(identity.store_id);
    added.set_value(identity.value);
    added.set_verified(identity.verified);
  }
  return EventOf("contact", contact, version, changed);
}

const Identity kCustomer{Kind::kStoreCustomer, "web", "1001", true};
const Identity kEmail{Kind::kEmail, "", "ayse@example.com", true};
const Identity kUnverifiedEmail{Kind::kEmail, "", "ayse@example.com", false};
const Identity kPhone{Kind::kPhone, "", "+905321234567", true};
const Identity kVisitor{Kind::kVisitor, "", "v-1", false};

// Shorthands that run one call in a transaction.
class Copy {
  // Its type must be known where it is used below.
  template <typename Body>
  auto Run(Body&& body) {
    auto answer = schema_.connection().Run({}, std::forward<Body>(body));
    REQUIRE_OK(answer);
    return *std::move(answer);
  }

 public:
  explicit Copy(testing::TestSchema& schema) : schema_(schema) {}

  std::vector<Uuid> Apply(const std::vector<api::v1::Event>& events) {
    return Run([&](postgres::Tx& tx) { return ApplyContactEvents(tx, events); });
  }
  Uuid Canonical(const Uuid& contact) {
    return Run([&](postgres::Tx& tx) { return CanonicalOf(tx, contact); });
  }
  std::vector<Uuid> Canonicals(const std::vector<Uuid>& contacts) {
    return Run([&](postgres::Tx& tx) { return CanonicalsOf(tx, contacts); });
  }
  std::vector<Uuid> Cluster(const Uuid& contact) {
    return Run([&](postgres::Tx& tx) { return ClusterOf(tx, contact); });
  }
  std::vector<std::optional<Uuid>> Find(const std::vector<IdentitySet>& sets) {
    return Run([&](postgres::Tx& tx) { return FindContacts(tx, sets); });
  }
  std::optional<Uuid> FindOne(std::vector<Identity> identities) {
    return Find({{.identities = std::move(identities)}})[0];
  }
  void Remember(const std::vector<IdentitySet>& sets, const std::vector<Uuid>& contacts) {
    REQUIRE_OK(schema_.connection().Run({}, [&](postgres::Tx& tx) { return Resolver::Remember(tx, sets, contacts); }));
  }
  // Everything that is stored of aliases.
  std::string Aliases() {
    return schema_
        .Sql("SELECT COALESCE(string_agg(original || '>' || canonical, ',' ORDER BY original), '') FROM contact_alias")
            [0]
        .Get<std::string>(0);
  }

 private:
  testing::TestSchema& schema_;
};

TEST_CASE("A contact that was never merged is itself") {
  auto schema = MakeSchema();
  Copy copy(schema);
  CHECK(copy.Canonical(Person(1)) == Person(1));
  CHECK(copy.Cluster(Person(1)) == std::vector<Uuid>{Person(1)});
  CHECK(copy.Canonicals({}).empty());
}

TEST_CASE("Merges of merges are followed to the end, and unmerging undoes one of them") {
  auto schema = MakeSchema();
  Copy copy(schema);
  const Uuid a = Person(1), b = Person(2), c = Person(3), d = Person(4);
  copy.Apply({AliasEvent(a, b, 1), AliasEvent(b, c, 1)});
  CHECK(copy.Canonicals({a, b, c, d, a}) == std::vector<Uuid>{c, c, c, d, c});
  const std::vector<Uuid> cluster = copy.Cluster(a);
  CHECK(cluster.front() == c);
  CHECK(std::set<Uuid>(cluster.begin(), cluster.end()) == std::set<Uuid>{a, b, c});
  CHECK(copy.Cluster(b) == cluster);

  const std::vector<Uuid> concerned = copy.Apply({AliasEvent(b, std::nullopt, 2)});
  CHECK(std::set<Uuid>(concerned.begin(), concerned.end()) == std::set<Uuid>{b, c});
  CHECK(copy.Canonicals({a, b, c}) == std::vector<Uuid>{b, b, c});
}

TEST_CASE("A merge answers whom it concerns; an older event concerns nobody") {
  auto schema = MakeSchema();
  Copy copy(schema);
  const Uuid a = Person(1), b = Person(2), c = Person(3);
  std::vector<Uuid> concerned = copy.Apply({AliasEvent(a, b, 1)});
  CHECK(std::set<Uuid>(concerned.begin(), concerned.end()) == std::set<Uuid>{a, b});
  concerned = copy.Apply({AliasEvent(a, c, 3)});
  CHECK(std::set<Uuid>(concerned.begin(), concerned.end()) == std::set<Uuid>{a, b, c});
  CHECK(copy.Apply({AliasEvent(a, std::nullopt, 2), AliasEvent(a, c, 3)}).empty());
  CHECK(copy.Canonical(a) == c);
}

TEST_CASE("A cycle, as events in a strange order may make one for a while, has one canonical contact for all") {
  auto schema = MakeSchema();
  Copy copy(schema);
  const Uuid a = Person(1), b = Person(2), c = Person(3), tail = Person(4);
  copy.Apply({AliasEvent(a, b, 1), AliasEvent(b, c, 1), AliasEvent(c, a, 1), AliasEvent(tail, a, 1)});
  const Uuid least = std::min({a, b, c});
  CHECK(copy.Canonicals({a, b, c, tail}) == std::vector<Uuid>(4, least));
  CHECK(copy.Cluster(tail).size() == 4);
  copy.Apply({AliasEvent(c, std::nullopt, 2)});
  CHECK(copy.Canonicals({a, b, c, tail}) == std::vector<Uuid>(4, c));
}

// The reference: who is merged into whom, as contacts itself keeps it.
struct Model {
  int Root(int person) const {
    const auto merged = into.find(person);
    return merged == into.end() ? person : Root(merged->second);
  }
  std::map<int, int> into;
  std::map<int, std::int64_t> versions;
};

TEST_CASE("Any history of merges and unmerges leaves the clusters of the union, in whatever order its events come") {
  constexpr int kPeople = 8;
  auto schema = MakeSchema();
  Copy copy(schema);
  REQUIRE(rc::check("clusters are those of the reference", [&] {
    schema.Sql("TRUNCATE contact_alias, contact_alias_version");
    Model model;
    std::vector<api::v1::Event> history;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, kPeople), rc::gen::inRange(0, kPeople)));
    for (const auto& [one, other] : steps) {
      if (model.into.count(one) > 0) {
        model.into.erase(one);
        history.push_back(AliasEvent(Person(one), std::nullopt, ++model.versions[one]));
      } else if (model.Root(other) != one) {
        // Two roots are joined: the one person into whom the other is by now.
        model.into[one] = model.Root(other);
        history.push_back(AliasEvent(Person(one), Person(model.into[one]), ++model.versions[one]));
      }
    }
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    const std::size_t replayed = history.empty() ? 0 : random() % history.size();
    history.insert(history.end(), history.begin(), history.begin() + static_cast<std::ptrdiff_t>(replayed));
    std::shuffle(history.begin(), history.end(), random);
    for (std::size_t begin = 0; begin < history.size();) {
      const std::size_t end = std::min(history.size(), begin + 1 + random() % 5);
      copy.Apply(
          {history.begin() + static_cast<std::ptrdiff_t>(begin), history.begin() + static_cast<std::ptrdiff_t>(end)});
      begin = end;
    }

    std::map<int, std::set<Uuid>> clusters;
    for (int person = 0; person < kPeople; ++person) clusters[model.Root(person)].insert(Person(person));
    for (int person = 0; person < kPeople; ++person) {
      const std::vector<Uuid> cluster = copy.Cluster(Person(person));
      RC_ASSERT(cluster.front() == Person(model.Root(person)));
      RC_ASSERT(std::set<Uuid>(cluster.begin(), cluster.end()) == clusters[model.Root(person)]);
      RC_ASSERT(cluster.size() == clusters[model.Root(person)].size());
    }
  }));
}

TEST_CASE("Merge, then unmerge, changes nothing") {
  constexpr int kPeople = 6;
  auto schema = MakeSchema();
  Copy copy(schema);
  REQUIRE(rc::check("merge then unmerge is the identity", [&] {
    schema.Sql("TRUNCATE contact_alias, contact_alias_version");
    const auto before = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, kPeople));
    std::map<int, std::int64_t> versions;
    for (const int person : before) {
      copy.Apply({AliasEvent(Person(person), Person(*rc::gen::inRange(0, person)), ++versions[person])});
    }
    // Somebody who is not merged yet.
    const Uuid original = Person(kPeople);
    const std::string was = copy.Aliases();
    copy.Apply({AliasEvent(original, Person(*rc::gen::inRange(0, kPeople)), 1)});
    RC_ASSERT(copy.Aliases() != was);
    copy.Apply({AliasEvent(original, std::nullopt, 2)});
    RC_ASSERT(copy.Aliases() == was);
  }));
}

TEST_CASE("A set whose identities are all one person's finds the contact of the strongest") {
  auto schema = MakeSchema();
  Copy copy(schema);
  copy.Apply({ContactEvent(Person(1), {kCustomer, kUnverifiedEmail}, 1), ContactEvent(Person(2), {kPhone}, 1),
              ContactEvent(Person(3), {kVisitor}, 1)});
  CHECK(copy.FindOne({kCustomer}) == Person(1));
  CHECK(copy.FindOne({kCustomer, kUnverifiedEmail}) == Person(1));
  CHECK(copy.FindOne({kVisitor}) == Person(3));
  CHECK(copy.FindOne({{Kind::kStoreCustomer, "other", "1001", true}}) == std::nullopt);
  CHECK(copy.FindOne({}) == std::nullopt);
  CHECK(copy.Find({{.identities = {kPhone}}, {}, {.identities = {kCustomer}}}) ==
        std::vector<std::optional<Uuid>>{Person(2), std::nullopt, Person(1)});
}

TEST_CASE("Contacts is to be asked wherever a set tells it something new of a known person") {
  auto schema = MakeSchema();
  Copy copy(schema);
  copy.Apply({ContactEvent(Person(1), {kCustomer, kUnverifiedEmail}, 1), ContactEvent(Person(2), {kPhone}, 1)});
  CHECK(copy.FindOne({kCustomer, kVisitor}) == std::nullopt);  // an identity more
  CHECK(copy.FindOne({kCustomer, kEmail}) == std::nullopt);    // verified now
  CHECK(copy.FindOne({kCustomer, kPhone}) == std::nullopt);    // somebody else's
  // Once both are one person there is nothing to tell.
  copy.Apply({AliasEvent(Person(2), Person(1), 1)});
  CHECK(copy.FindOne({kCustomer, kPhone}) == Person(1));
  CHECK(copy.FindOne({kPhone, kCustomer}) == Person(2));
}

TEST_CASE("Nobody is found by an address that is not vouched for on both sides") {
  auto schema = MakeSchema();
  Copy copy(schema);
  copy.Apply({ContactEvent(Person(1), {kEmail}, 1)});
  CHECK(copy.FindOne({kUnverifiedEmail}) == std::nullopt);
  CHECK(copy.FindOne({kEmail}) == Person(1));
  copy.Apply({ContactEvent(Person(1), {kUnverifiedEmail}, 2)});
  CHECK(copy.FindOne({kEmail}) == std::nullopt);
}

TEST_CASE("A visitor id counts only where nothing better is given") {
  auto schema = MakeSchema();
  Copy copy(schema);
  copy.Apply({ContactEvent(Person(1), {kVisitor}, 1)});
  CHECK(copy.FindOne({kCustomer, kVisitor}) == std::nullopt);
  CHECK(copy.FindOne({kUnverifiedEmail, kVisitor}) == std::nullopt);
  CHECK(copy.FindOne({kVisitor}) == Person(1));
}

TEST_CASE("A contact's identities follow its newest version, also where one changes hands") {
  auto schema = MakeSchema();
  Copy copy(schema);
  copy.Apply({ContactEvent(Person(1), {kCustomer, kEmail}, 2)});
  copy.Apply({ContactEvent(Person(1), {kPhone}, 1)});
  CHECK(copy.FindOne({kPhone}) == std::nullopt);
  copy.Apply({ContactEvent(Person(1), {kCustomer}, 3), ContactEvent(Person(2), {kEmail}, 1)});
  CHECK(copy.FindOne({kEmail}) == Person(2));
  CHECK(copy.FindOne({kCustomer}) == Person(1));
  // The other way round: the new owner is heard of first.
  copy.Apply({ContactEvent(Person(3), {kCustomer}, 1)});
  copy.Apply({ContactEvent(Person(1), {}, 4)});
  CHECK(copy.FindOne({kCustomer}) == Person(3));
  // A contact without identities left still knows its version.
  copy.Apply({ContactEvent(Person(1), {kPhone}, 3)});
  CHECK(copy.FindOne({kPhone}) == std::nullopt);
}

TEST_CASE("Within a batch the newest version counts, wherever it stands") {
  auto schema = MakeSchema();
  Copy copy(schema);
  copy.Apply({ContactEvent(Person(1), {kCustomer, kCustomer}, 2), ContactEvent(Person(1), {kPhone}, 1),
              AliasEvent(Person(1), Person(2), 2), AliasEvent(Person(1), Person(3), 1)});
  CHECK(copy.FindOne({kCustomer}) == Person(1));
  CHECK(copy.FindOne({kPhone}) == std::nullopt);
  CHECK(copy.Canonical(Person(1)) == Person(2));
}

TEST_CASE("What contacts answered is remembered by its strongest identity, until an event says otherwise") {
  auto schema = MakeSchema();
  Copy copy(schema);
  copy.Remember({{.identities = {kCustomer, kEmail}}, {.identities = {kUnverifiedEmail}}, {.identities = {kCustomer}}},
                {Person(1), Person(2), Person(1)});
  CHECK(copy.FindOne({kCustomer}) == Person(1));
  CHECK(copy.FindOne({kEmail}) == std::nullopt);
  copy.Remember({{.identities = {kCustomer}}}, {Person(5)});
  CHECK(copy.FindOne({kCustomer}) == Person(1));
  copy.Apply({ContactEvent(Person(6), {kCustomer}, 1)});
  CHECK(copy.FindOne({kCustomer}) == Person(6));
}

TEST_CASE("An event that is none of contacts' is left alone, one that is broken is refused") {
  auto schema = MakeSchema();
  Copy copy(schema);
  api::v1::Event consent = EventOf("consent", Person(1), 1, contacts::v1::ConsentRecorded());
  CHECK(copy.Apply({consent}).empty());
  contacts::v1::ContactAliasChanged nameless;
  const auto apply = [&](const api::v1::Event& event) {
    return schema.connection().Run({}, [&](postgres::Tx& tx) { return ApplyContactEvents(tx, {event}); });
  };
  CHECK_STATUS_IS(apply(EventOf("contact_alias", Person(1), 1, nameless)), absl::StatusCode::kInvalidArgument, "no id");
  CHECK_STATUS_IS(apply(EventOf("contact", Person(1), 1, contacts::v1::ContactChanged())),
                  absl::StatusCode::kInvalidArgument, "no id");
}

}  // namespace
}  // namespace esnaf::identity
