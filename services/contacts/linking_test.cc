#include "services/contacts/linking.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

Uuid Id(int number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[15] = static_cast<std::uint8_t>(number);
  return Uuid(bytes);
}

Identity Customer(std::string value) { return {{IdentityKind::kStoreCustomer, "tr", std::move(value)}, true}; }
Identity Email(std::string value, bool verified) { return {{IdentityKind::kEmail, "", std::move(value)}, verified}; }
Identity Phone(std::string value, bool verified) { return {{IdentityKind::kPhone, "", std::move(value)}, verified}; }
Identity Visitor(std::string value) { return {{IdentityKind::kVisitor, "", std::move(value)}, false}; }

// What is known before a set comes: who holds which identity.
KnownIdentities Known(const std::vector<std::pair<Identity, Uuid>>& held) {
  KnownIdentities known;
  for (const auto& [identity, contact] : held) known.holders[identity.key] = {contact, contact, identity.verified};
  return known;
}

const Uuid kNew = Id(99);
Link Match(KnownIdentities known, const std::vector<Identity>& identities) {
  return Linker(std::move(known)).Match(identities, [] { return kNew; });
}

TEST_CASE("nobody known: a new contact gets every identity") {
  const Link link = Match({}, {Customer("1"), Email("a@x.tr", false)});
  CHECK(link.created);
  CHECK(link.contact_id == kNew);
  CHECK(link.added.size() == 2);
  CHECK(link.conflicts.empty());
}

TEST_CASE("without leave to create, what is unknown stays unknown and nothing is planned") {
  const Link link = Linker(Known({{Customer("1"), Id(1)}})).Match({Customer("2"), Email("a@x.tr", true)}, {});
  CHECK_FALSE(link.contact_id);
  CHECK(link.added.empty());
}

TEST_CASE("the store's customer number comes first, then phone, then e-mail, verified on both sides") {
  const auto known = Known({{Customer("1"), Id(1)}, {Phone("+90", true), Id(2)}, {Email("a@x.tr", true), Id(3)}});
  CHECK(Match(known, {Email("a@x.tr", true), Phone("+90", true), Customer("1")}).contact_id == Id(1));
  CHECK(Match(known, {Email("a@x.tr", true), Phone("+90", true)}).contact_id == Id(2));
  CHECK(Match(known, {Email("a@x.tr", true)}).contact_id == Id(3));
}

TEST_CASE("an e-mail that only one side has verified does not link but is reviewed") {
  SECTION("the claim is not verified") {
    const Link link = Match(Known({{Email("a@x.tr", true), Id(1)}}), {Email("a@x.tr", false)});
    CHECK(link.created);
    CHECK(link.added.empty());
    CHECK(link.conflicts == std::vector<Conflict>{{Email("a@x.tr", false), Id(1)}});
  }
  SECTION("the holder is not verified") {
    const Link link = Match(Known({{Email("a@x.tr", false), Id(1)}}), {Email("a@x.tr", true)});
    CHECK(link.created);
    CHECK(link.conflicts.size() == 1);
  }
  SECTION("a new customer gives somebody's unverified address") {
    const Link link = Match(Known({{Email("a@x.tr", false), Id(1)}}), {Customer("7"), Email("a@x.tr", false)});
    CHECK(link.created);
    CHECK(link.added == std::vector<Identity>{Customer("7")});
    CHECK(link.conflicts.size() == 1);
  }
}

TEST_CASE("a guest finds the guest who used the same unverified address before") {
  CHECK(Match(Known({{Email("a@x.tr", false), Id(1)}}), {Email("a@x.tr", false)}).contact_id == Id(1));
  const Link link = Match(Known({{Phone("+90", false), Id(2)}, {Email("a@x.tr", false), Id(1)}}),
                          {Email("a@x.tr", false), Phone("+90", false)});
  CHECK(link.contact_id == Id(2));
  CHECK(link.conflicts == std::vector<Conflict>{{Email("a@x.tr", false), Id(1)}});
}

TEST_CASE("a guest whose address somebody else has verified finds the claimant of before, without another review") {
  KnownIdentities known = Known({{Email("a@x.tr", true), Id(1)}});
  known.claimants[Email("a@x.tr", false).key] = {Id(5), Id(5), false};
  const Link link = Match(known, {Email("a@x.tr", false)});
  CHECK(link.contact_id == Id(5));
  CHECK_FALSE(link.created);
  CHECK(link.conflicts.empty());
}

TEST_CASE("a visitor id matches only where there is nothing else, and never joins") {
  const auto known = Known({{Visitor("v"), Id(1)}});
  CHECK(Match(known, {Visitor("v")}).contact_id == Id(1));
  const Link link = Match(known, {Visitor("v"), Email("a@x.tr", false)});
  CHECK(link.created);
  CHECK(link.conflicts == std::vector<Conflict>{{Visitor("v"), Id(1)}});
}

TEST_CASE("identities of two people join nothing: the first match wins, the other is reviewed") {
  const Link link = Match(Known({{Customer("1"), Id(1)}, {Email("a@x.tr", true), Id(2)}}),
                          {Customer("1"), Email("a@x.tr", true), Phone("+90", false)});
  CHECK(link.contact_id == Id(1));
  CHECK(link.conflicts == std::vector<Conflict>{{Email("a@x.tr", true), Id(2)}});
  CHECK(link.added == std::vector<Identity>{Phone("+90", false)});
}

TEST_CASE("contacts that are merged are no conflict, and an identity is verified where it lies") {
  KnownIdentities known;
  known.holders[Customer("1").key] = {Id(2), Id(1), true};
  known.holders[Email("a@x.tr", true).key] = {Id(1), Id(1), false};
  const Link link = Match(known, {Customer("1"), Email("a@x.tr", true)});
  CHECK(link.contact_id == Id(2));
  CHECK(link.canonical_id == Id(1));
  CHECK(link.conflicts.empty());
  REQUIRE(link.verified.size() == 1);
  CHECK(link.verified[0].first == Id(1));
}

TEST_CASE("sets of one batch see each other") {
  Linker linker(KnownIdentities{});
  int next = 0;
  const auto new_id = [&] { return Id(++next); };
  const Link first = linker.Match({Customer("1"), Email("a@x.tr", true)}, new_id);
  const Link second = linker.Match({Email("a@x.tr", true), Phone("+90", false)}, new_id);
  const Link third = linker.Match({Customer("1")}, new_id);
  CHECK(first.created);
  CHECK_FALSE(second.created);
  CHECK(second.contact_id == first.contact_id);
  CHECK(second.added == std::vector<Identity>{Phone("+90", false)});
  CHECK(third.contact_id == first.contact_id);
  CHECK(next == 1);
}

TEST_CASE("guests of one batch with an address that somebody has verified are one guest, reviewed once") {
  Linker linker(Known({{Email("a@x.tr", true), Id(50)}}));
  int next = 0;
  const auto new_id = [&] { return Id(++next); };
  const Link first = linker.Match({Email("a@x.tr", false)}, new_id);
  const Link second = linker.Match({Email("a@x.tr", false)}, new_id);
  CHECK(second.contact_id == first.contact_id);
  CHECK(first.conflicts.size() == 1);
  CHECK(second.conflicts.empty());
}

}  // namespace
}  // namespace esnaf::contacts
