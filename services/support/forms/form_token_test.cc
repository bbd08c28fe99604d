// Goal: nobody without the secret makes a token, and none is good for another form.
#include "services/support/forms/form_token.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

TEST_CASE("a token is read where it was made for the form, and nothing else is") {
  const FormToken token{Uuid::FromName("test", "ticket"), *ParseRfc3339("2026-11-23T09:00:00Z")};
  const std::string text = SignFormToken(token, "contact", "secret");
  CHECK(text.size() == 54);
  CHECK(ReadFormToken(text, "contact", "secret") == token);
  CHECK_FALSE(ReadFormToken(text, "returns", "secret"));
  CHECK_FALSE(ReadFormToken(text, "contact", "other"));
  CHECK_FALSE(ReadFormToken("", "contact", "secret"));
  CHECK_FALSE(ReadFormToken(text + "A", "contact", "secret"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK_FALSE(ReadFormToken(changed, "contact", "secret"));
  }
}

TEST_CASE("a session is the ticket's own and does not say which") {
  const Uuid ticket = Uuid::FromName("test", "ticket");
  CHECK(FormSession(ticket, "secret") == FormSession(ticket, "secret"));
  CHECK(FormSession(ticket, "secret") != FormSession(Uuid::FromName("test", "other"), "secret"));
  CHECK(FormSession(ticket, "secret") != FormSession(ticket, "other"));
  CHECK(FormSession(ticket, "secret").size() == 32);
}

}  // namespace
}  // namespace esnaf::support
