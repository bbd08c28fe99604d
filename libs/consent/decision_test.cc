// Goal: a refusal holds in every order and for every brand that it may be about, and nothing but a consent lets a
// commercial message pass to a private person.
#include "libs/consent/decision.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::consent {
namespace {

Message Mail() {
  return {.message_class = MessageClass::kCommercial, .channel = Channel::kEposta, .address = "Ayse@Example.com"};
}

Word Allowed() { return {.purpose = "marketing", .channel = Channel::kEposta, .allowed = true}; }

Word Refused() {
  Word word = Allowed();
  word.allowed = false;
  return word;
}

Reason ReasonOf(const Message& message, const std::vector<Word>& words) { return Decide(message, words).reason; }

// Words and messages of few values, so that they meet often.
Word AnyWord() {
  return {.purpose = *rc::gen::element<std::string>("marketing", "survey"),
          .channel = static_cast<Channel>(*rc::gen::inRange(2, 4)),
          .allowed = *rc::gen::arbitrary<bool>(),
          .recipient = *rc::gen::element<std::string>("", "ayse@example.com", "+905321234567", "other@example.com"),
          .brand_code = *rc::gen::element<std::string>("", "B1", "B2")};
}

Message AnyMessage() {
  const auto channel = static_cast<Channel>(*rc::gen::inRange(2, 4));
  return {.message_class = MessageClass::kCommercial,
          .purpose = *rc::gen::element<std::string>("marketing", "survey"),
          .channel = channel,
          .address = channel == Channel::kEposta ? "Ayse@Example.com" : "0532 123 45 67",
          .brand_code = *rc::gen::element<std::string>("", "B1", "B2"),
          .recipient_type = *rc::gen::element(RecipientType::kBireysel, RecipientType::kTacir)};
}

TEST_CASE("a commercial message needs a consent for its purpose, channel, address and brand") {
  CHECK(ReasonOf(Mail(), {Allowed()}) == Reason::kConsent);
  CHECK(ReasonOf(Mail(), {}) == Reason::kNoConsent);
  Word word = Allowed();
  word.recipient = "ayse@example.com";
  CHECK(ReasonOf(Mail(), {word}) == Reason::kConsent);
  word.recipient = "other@example.com";
  CHECK(ReasonOf(Mail(), {word}) == Reason::kNoConsent);
  word = Allowed();
  word.channel = Channel::kMesaj;
  CHECK(ReasonOf(Mail(), {word}) == Reason::kNoConsent);
  word = Allowed();
  word.purpose = "profiling";
  CHECK(ReasonOf(Mail(), {word}) == Reason::kNoConsent);
  word = Allowed();
  word.brand_code = "B2";
  CHECK(ReasonOf(Mail(), {word}) == Reason::kNoConsent);
}

TEST_CASE("a refusal of commercial messages binds every purpose that promotes") {
  Message survey = Mail();
  survey.purpose = "survey";
  Word word = Allowed();
  word.purpose = "survey";
  CHECK(ReasonOf(survey, {word}) == Reason::kConsent);
  CHECK(ReasonOf(survey, {word, Refused()}) == Reason::kRefused);
  // The other way round it is about surveys alone.
  word.allowed = false;
  CHECK(ReasonOf(Mail(), {word, Allowed()}) == Reason::kConsent);
}

TEST_CASE("a merchant needs no consent, but a refusal binds") {
  Message message = Mail();
  message.recipient_type = RecipientType::kTacir;
  CHECK(ReasonOf(message, {}) == Reason::kMerchant);
  CHECK(ReasonOf(message, {Refused()}) == Reason::kRefused);
}

TEST_CASE("a transactional message passes a refusal, not an address that does not work") {
  Message message = Mail();
  message.message_class = MessageClass::kTransactional;
  message.suppressions = {Suppression::kUnsubscribed, Suppression::kManual};
  CHECK(ReasonOf(message, {Refused()}) == Reason::kTransactional);
  CHECK(DecideWithoutState(message, "away").allowed());
  message.suppressions = {Suppression::kBounced};
  CHECK(ReasonOf(message, {Allowed()}) == Reason::kBounced);
}

TEST_CASE("what suppresses an address outweighs a consent") {
  Message message = Mail();
  for (const auto& [suppression, reason] : {std::pair{Suppression::kUnsubscribed, Reason::kUnsubscribed},
                                            {Suppression::kBounced, Reason::kBounced},
                                            {Suppression::kManual, Reason::kSuppressed}}) {
    message.suppressions = {suppression};
    CHECK(ReasonOf(message, {Allowed()}) == reason);
  }
}

TEST_CASE("what is not classified or has no address is refused") {
  Message message = Mail();
  message.address = "ayse";
  CHECK(ReasonOf(message, {Allowed()}) == Reason::kBadAddress);
  message = Mail();
  message.message_class = MessageClass::kUnspecified;
  CHECK(ReasonOf(message, {Allowed()}) == Reason::kUnclassified);
  message = Mail();
  message.channel = static_cast<Channel>(9);
  CHECK(ReasonOf(message, {Allowed()}) == Reason::kUnclassified);
  message = Mail();
  message.purpose.clear();
  CHECK(ReasonOf(message, {Allowed()}) == Reason::kUnclassified);
  CHECK_FALSE(Decision().allowed());
}

TEST_CASE("every reason has a name of its own and a sentence") {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Reason::kUnknownState); ++i) {
    names.emplace_back(ReasonName(static_cast<Reason>(i)));
    CHECK(ReasonText({static_cast<Reason>(i)}).ends_with('.'));
  }
  std::sort(names.begin(), names.end());
  CHECK(std::unique(names.begin(), names.end()) == names.end());
  CHECK(ReasonText({Reason::kUnknownState, "contacts does not answer"}).find("contacts does not answer") !=
        std::string::npos);
}

TEST_CASE("a refusal wins whatever stands beside it and in whatever order") {
  REQUIRE(rc::check("RET wins", [] {
    const Message message = AnyMessage();
    std::vector<Word> words;
    const int count = *rc::gen::inRange(0, 8);
    for (int i = 0; i < count; ++i) words.push_back(AnyWord());
    Word refusal = {.purpose = "marketing", .channel = message.channel, .brand_code = message.brand_code};
    if (*rc::gen::arbitrary<bool>()) {
      refusal.recipient = message.channel == Channel::kEposta ? "ayse@example.com" : "+905321234567";
    }
    if (*rc::gen::arbitrary<bool>()) refusal.brand_code.clear();
    words.insert(words.begin() + *rc::gen::inRange(0, count + 1), refusal);
    RC_ASSERT(ReasonOf(message, words) == Reason::kRefused);
  }));
}

TEST_CASE("the order of the words does not matter") {
  REQUIRE(rc::check("order", [] {
    const Message message = AnyMessage();
    std::vector<Word> words;
    const int count = *rc::gen::inRange(0, 8);
    for (int i = 0; i < count; ++i) words.push_back(AnyWord());
    const Decision decision = Decide(message, words);
    std::rotate(words.begin(), words.begin() + *rc::gen::inRange(0, count + 1), words.end());
    RC_ASSERT(Decide(message, words) == decision);
    std::reverse(words.begin(), words.end());
    RC_ASSERT(Decide(message, words) == decision);
  }));
}

TEST_CASE("without a consent nothing commercial passes to a private person") {
  REQUIRE(rc::check("absence", [] {
    Message message = AnyMessage();
    message.recipient_type = RecipientType::kBireysel;
    std::vector<Word> words;
    const int count = *rc::gen::inRange(0, 8);
    for (int i = 0; i < count; ++i) {
      words.push_back(AnyWord());
      // A consent for something else is none.
      if (words.back().channel == message.channel) words.back().allowed = false;
    }
    RC_ASSERT(!Decide(message, words).allowed());
    RC_ASSERT(DecideWithoutState(message, "").reason == Reason::kUnknownState);
  }));
}

}  // namespace
}  // namespace esnaf::consent
