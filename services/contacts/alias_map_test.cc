#include "services/contacts/alias_map.h"

#include <rapidcheck.h>

#include <set>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

Uuid Id(int number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[15] = static_cast<std::uint8_t>(number);
  return Uuid(bytes);
}

constexpr int kContacts = 8;

// Who is one person with whom, told in the slowest and plainest way: contacts are one person where a walk along links,
// in either direction, leads from one to the other.
class ReferenceModel {
 public:
  std::set<int> ClusterOf(int contact) const {
    std::set<int> cluster = {contact};
    for (bool grew = true; grew;) {
      grew = false;
      for (const auto& [from, to] : links_) {
        if (cluster.contains(from) != cluster.contains(to)) {
          cluster.insert({from, to});
          grew = true;
        }
      }
    }
    return cluster;
  }
  int CanonicalOf(int contact) const {
    for (int member : ClusterOf(contact)) {
      if (!links_.contains(member)) return member;
    }
    return -1;
  }
  bool Merge(int survivor, int other) {
    const int from = CanonicalOf(other), to = CanonicalOf(survivor);
    if (from == to) return false;
    links_[from] = to;
    return true;
  }
  bool Unmerge(int original) { return links_.erase(original) == 1; }

 private:
  std::map<int, int> links_;
};

// One step of a random history: a merge, or an unmerge of the first contact.
struct Step {
  bool merge;
  int first;
  int second;
};

std::vector<Step> GenerateSteps() {
  const auto contact = rc::gen::inRange(0, kContacts);
  const auto codes = *rc::gen::container<std::vector<std::tuple<bool, int, int>>>(
      rc::gen::tuple(rc::gen::arbitrary<bool>(), contact, contact));
  std::vector<Step> steps;
  for (const auto& [merge, first, second] : codes) steps.push_back({merge, first, second});
  return steps;
}

void Apply(const std::vector<Step>& steps, AliasMap& map) {
  for (const Step& step : steps) {
    if (step.merge) {
      (void)map.Merge(Id(step.first), Id(step.second));
    } else {
      (void)map.Unmerge(Id(step.first));
    }
  }
}

std::vector<std::vector<Uuid>> Clusters(const AliasMap& map) {
  std::vector<std::vector<Uuid>> clusters;
  for (int i = 0; i < kContacts; ++i) clusters.push_back(map.ClusterOf(Id(i)));
  return clusters;
}

TEST_CASE("a merged contact answers as the one that survives, through merges of merges") {
  AliasMap map;
  CHECK_OK(map.Merge(Id(1), Id(2)));
  ESNAF_REQUIRE_VALUE(const AliasChange change, map.Merge(Id(3), Id(2)));
  CHECK(change == AliasChange{Id(1), Id(3)});
  CHECK(map.CanonicalOf(Id(2)) == Id(3));
  CHECK(map.ClusterOf(Id(1)) == std::vector<Uuid>{Id(3), Id(1), Id(2)});
}

TEST_CASE("one person is not merged with itself") {
  AliasMap map;
  CHECK_STATUS_IS(map.Merge(Id(1), Id(1)), absl::StatusCode::kFailedPrecondition, "one person");
  CHECK_OK(map.Merge(Id(1), Id(2)));
  CHECK(ErrorReason(map.Merge(Id(2), Id(1)).status()) == "SAME_PERSON");
}

TEST_CASE("only what is merged can be released, with what was merged into it") {
  AliasMap map;
  CHECK(ErrorReason(map.Unmerge(Id(1)).status()) == "NOT_MERGED");
  CHECK_OK(map.Merge(Id(2), Id(3)));
  CHECK_OK(map.Merge(Id(1), Id(2)));
  ESNAF_REQUIRE_VALUE(const AliasChange change, map.Unmerge(Id(2)));
  CHECK(change == AliasChange{Id(2), std::nullopt});
  CHECK(map.CanonicalOf(Id(3)) == Id(2));
  CHECK(map.ClusterOf(Id(1)) == std::vector<Uuid>{Id(1)});
}

TEST_CASE("clusters are those of the reference model after any history") {
  REQUIRE(rc::check("clusters equal the reference model's", [] {
    AliasMap map;
    ReferenceModel model;
    for (const Step& step : GenerateSteps()) {
      if (step.merge) {
        RC_ASSERT(map.Merge(Id(step.first), Id(step.second)).ok() == model.Merge(step.first, step.second));
      } else {
        RC_ASSERT(map.Unmerge(Id(step.first)).ok() == model.Unmerge(step.first));
      }
    }
    for (int i = 0; i < kContacts; ++i) {
      RC_ASSERT(map.CanonicalOf(Id(i)) == Id(model.CanonicalOf(i)));
      std::set<Uuid> expected;
      for (int member : model.ClusterOf(i)) expected.insert(Id(member));
      const std::vector<Uuid> cluster = map.ClusterOf(Id(i));
      RC_ASSERT(std::set<Uuid>(cluster.begin(), cluster.end()) == expected);
      RC_ASSERT(cluster.size() == expected.size());
      RC_ASSERT(cluster.front() == map.CanonicalOf(Id(i)));
    }
  }));
}

TEST_CASE("merge then unmerge changes nothing, whatever was merged before") {
  REQUIRE(rc::check("unmerge undoes merge", [] {
    AliasMap map;
    Apply(GenerateSteps(), map);
    const auto before = Clusters(map);
    const int survivor = *rc::gen::inRange(0, kContacts), other = *rc::gen::inRange(0, kContacts);
    const auto change = map.Merge(Id(survivor), Id(other));
    RC_PRE(change.ok());
    RC_ASSERT(Clusters(map) != before);
    RC_ASSERT(map.Unmerge(change->original).ok());
    RC_ASSERT(Clusters(map) == before);
  }));
}

}  // namespace
}  // namespace esnaf::contacts
