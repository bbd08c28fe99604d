#include "services/segmentation/segments/audience.h"

#include "libs/base/crypto.h"
#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

AudiencePerson Ayse() {
  return {.contact_id = "c1",
          .given_name = " Ayşe",
          .family_name = "Yılmaz",
          .emails = {"ay.se@gmail.com", "ayse@example.com"},
          .phones = {"+905321234567"},
          .city = "Kadıköy 2",
          .postal_code = "34 710-1",
          .country_code = "TR",
          .consents = {{.by = ConsentBy::kEmail, .allowed = true}}};
}

TEST_CASE("a plain file holds what consent covers") {
  const AudienceFile file = WriteAudience(Destination::kCsv, {Ayse()});
  CHECK(AudienceHeader(Destination::kCsv) == "contact_id,email,phone,given_name,family_name\r\n");
  CHECK(file.rows == "c1,ay.se@gmail.com,, Ayşe,Yılmaz\r\n");
  CHECK(file.exported_count == 1);
  CHECK(file.omissions.empty());
}

// The digests are those of `printf '%s' TEXT | sha256sum`.
TEST_CASE("Google's file: dots before gmail.com go, phones keep the plus, country and zip stay readable") {
  AudiencePerson person = Ayse();
  person.consents.push_back({.by = ConsentBy::kMessage, .allowed = true});
  const AudienceFile file = WriteAudience(Destination::kGoogleCustomerMatch, {person});
  CHECK(file.rows == Sha256Hex("ayse@gmail.com") + "," + Sha256Hex("+905321234567") + "," + Sha256Hex("ayşe") + "," +
                         Sha256Hex("yılmaz") + ",TR,34 710-1\r\n");
  CHECK(Sha256Hex("ayse@gmail.com") == "3d6eeb6b04111f454ea7c20e3c0c03b535bd8ef18241bcd53a00ab5b26792a31");
}

TEST_CASE("Meta's file: gmail dots stay, phones are digits, everything is hashed") {
  AudiencePerson person = Ayse();
  person.consents.push_back({.by = ConsentBy::kCall, .allowed = true});
  const AudienceFile file = WriteAudience(Destination::kMetaCustomAudiences, {person});
  CHECK(file.rows == Sha256Hex("ay.se@gmail.com") + "," + Sha256Hex("905321234567") + "," + Sha256Hex("ayşe") + "," +
                         Sha256Hex("yılmaz") + "," + Sha256Hex("kadıköy") + "," + Sha256Hex("34710") + "," +
                         Sha256Hex("tr") + "," + Sha256Hex("c1") + "\r\n");
}

TEST_CASE("who said nothing, who refused, who has no address and who is deleted is left out and counted") {
  AudiencePerson silent = Ayse();
  silent.consents.clear();
  AudiencePerson refused = Ayse();
  refused.consents = {{.by = ConsentBy::kEmail, .allowed = false}};
  AudiencePerson without = Ayse();
  without.emails.clear();
  AudiencePerson deleted = Ayse();
  deleted.deleted = true;
  const AudienceFile file = WriteAudience(Destination::kCsv, {silent, refused, without, deleted});
  CHECK(file.rows.empty());
  CHECK(file.exported_count == 0);
  CHECK(file.omissions == std::map<Omission, int>{{Omission::kNoConsent, 1},
                                                  {Omission::kConsentRefused, 1},
                                                  {Omission::kNoIdentifier, 1},
                                                  {Omission::kContactDeleted, 1}});
  CHECK(ReasonOf(Omission::kContactDeleted) == "CONTACT_DELETED");
}

TEST_CASE("what is said of one address outweighs what is said of all, and of two words the stricter holds") {
  AudiencePerson person = Ayse();
  person.consents = {{.by = ConsentBy::kEmail, .allowed = true},
                     {.by = ConsentBy::kEmail, .allowed = false, .recipient = "ay.se@gmail.com"}};
  CHECK(WriteAudience(Destination::kCsv, {person}).rows == "c1,ayse@example.com,, Ayşe,Yılmaz\r\n");
  person.consents = {{.by = ConsentBy::kEmail, .allowed = false},
                     {.by = ConsentBy::kEmail, .allowed = true, .recipient = "ayse@example.com"}};
  CHECK(WriteAudience(Destination::kCsv, {person}).rows == "c1,ayse@example.com,, Ayşe,Yılmaz\r\n");
  person.consents = {{.by = ConsentBy::kEmail, .allowed = true}, {.by = ConsentBy::kEmail, .allowed = false}};
  CHECK(WriteAudience(Destination::kCsv, {person}).omissions.contains(Omission::kNoIdentifier));
}

}  // namespace
}  // namespace esnaf::segmentation
