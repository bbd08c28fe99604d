#include "libs/audience/ad_identifiers.h"

#include "libs/testing/catch.h"

namespace esnaf::audience {

TEST_CASE("identifiers take the form that each platform hashes") {
  CHECK(GoogleEmail(" Ay.Se@GMAIL.com ") == "ayse@gmail.com");
  CHECK(GoogleEmail("ay.se@example.com") == "ay.se@example.com");
  CHECK(MetaPhone("+90 (532) 123-45-67") == "905321234567");
  CHECK(MetaPhone("00905321234567") == "905321234567");
  CHECK(MetaCity("St. Louis 3") == "stlouis");
  CHECK(MetaPostalCode("94035-1234 ") == "94035");
  CHECK(GoogleEmail("a.y.se@googlemail.com") == "ayse@googlemail.com");
  CHECK(GoogleName(" AYŞE ") == "ayşe");
  // The SHA-256 of nothing would be an identifier that many people share.
  CHECK(HashIdentifier("").empty());
  CHECK(HashIdentifier("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace esnaf::audience
