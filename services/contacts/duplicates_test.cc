#include "services/contacts/duplicates.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

Contact WithEmail(std::string value) { return {.identities = {{{IdentityKind::kEmail, "", std::move(value)}}}}; }

TEST_CASE("the same name and nothing that tells them apart looks like the same person") {
  const Likeness likeness = ScoreLikeness({}, {}, {.name_similarity = 1});
  CHECK(likeness.score >= kLooksLikeSamePerson);
  CHECK(likeness.reasons == std::vector<std::string>{"SIMILAR_NAME"});
}

TEST_CASE("namesakes who each have an e-mail of their own are two people until more speaks for one") {
  Contact a = WithEmail("a@x.tr"), b = WithEmail("b@x.tr");
  CHECK(ScoreLikeness(a, b, {.name_similarity = 1}).score < kLooksLikeSamePerson);
  a.addresses = {{.street = "Işık Sk. 5", .city = "İzmir"}};
  b.addresses = {{.street = "IŞIK SK. 5", .city = "izmir"}};
  const Likeness likeness = ScoreLikeness(a, b, {.name_similarity = 1});
  CHECK(likeness.score >= kLooksLikeSamePerson);
  CHECK(likeness.reasons == std::vector<std::string>{"SIMILAR_NAME", "SAME_ADDRESS"});
}

TEST_CASE("an open review is a candidate whatever the names are") {
  const Likeness likeness = ScoreLikeness({}, {}, {.open_reviews = {IdentityKind::kEmail}});
  CHECK(likeness.score >= kLeastCandidateScore);
  CHECK(likeness.reasons == std::vector<std::string>{"SAME_EMAIL", "OPEN_REVIEW"});
}

TEST_CASE("a score lies between 0 and 1") {
  const std::vector<IdentityKind> all = {IdentityKind::kEmail, IdentityKind::kPhone};
  CHECK(ScoreLikeness({}, {}, {.name_similarity = 1, .open_reviews = all}).score == 1);
  CHECK(ScoreLikeness(WithEmail("a@x.tr"), WithEmail("b@x.tr"), {}).score == 0);
}

}  // namespace
}  // namespace esnaf::contacts
