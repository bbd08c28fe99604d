#include "libs/base/crypto.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

TEST_CASE("SHA-256 gives the published digests") {
  CHECK(Sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256("abc").size() == 32);
}

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231") {
  CHECK(HexEncode(HmacSha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(HexEncode(HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("Hex and base64url give the published forms") {
  CHECK(HexEncode(std::string("\x00\xff\x10", 3)) == "00ff10");
  CHECK(Base64UrlEncode("") == "");
  CHECK(Base64UrlEncode("f") == "Zg");
  CHECK(Base64UrlEncode("fo") == "Zm8");
  CHECK(Base64UrlEncode("foo") == "Zm9v");
  CHECK(Base64UrlEncode("foob") == "Zm9vYg");
  CHECK(Base64UrlEncode("\xfb\xff") == "-_8");
}

TEST_CASE("What is not base64url as we write it is refused") {
  const auto text = GENERATE(as<std::string>{}, "Z", "Zg==", "Zh", "Zm9", "Zm9v!", "Zm9v\n", "+/8", "Zm9vY");
  CAPTURE(text);
  CHECK_FALSE(Base64UrlDecode(text).has_value());
}

TEST_CASE("Every text is decoded as it was encoded") {
  REQUIRE(rc::check("decode(encode(t)) == t",
                    [](const std::string& data) { RC_ASSERT(Base64UrlDecode(Base64UrlEncode(data)) == data); }));
}

TEST_CASE("Random bytes are as many as asked, and never the same") {
  CHECK(RandomBytes(0).empty());
  CHECK(RandomBytes(16).size() == 16);
  CHECK(RandomBytes(16) != RandomBytes(16));
}

TEST_CASE("Secrets are equal only where all of them is") {
  CHECK(ConstantTimeEquals("", ""));
  CHECK(ConstantTimeEquals("secret", "secret"));
  CHECK_FALSE(ConstantTimeEquals("secret", "secreT"));
  CHECK_FALSE(ConstantTimeEquals("secret", "secre"));
}

}  // namespace
}  // namespace esnaf
