// The text form: what is read, what is printed, and what is said of mistakes; then random rules and random bytes.
#include "services/segmentation/rules/rule_text.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"
#include "services/segmentation/rules/rule_check.h"
#include "services/segmentation/rules/rule_print.h"
#include "services/segmentation/rules/test_rules.h"

namespace esnaf::segmentation {
namespace {

constexpr int kRulesPerSeed = 20;

Rule Parsed(std::string_view text) {
  const ParsedRule parsed = ParseRule(text, TestCatalogue());
  INFO(text);
  if (!parsed.rule) FAIL(Describe(parsed.mistakes.at(0)));
  return *parsed.rule;
}

Condition ParsedCondition(std::string_view text) {
  const Rule rule = Parsed(text);
  REQUIRE(rule.condition() != nullptr);
  return *rule.condition();
}

std::string Canonical(std::string_view text) { return PrintRule(Parsed(text)); }

// The mistakes as `line:column+length message`.
std::vector<std::string> Mistakes(std::string_view text) {
  std::vector<std::string> mistakes;
  for (const TextMistake& mistake : ParseRule(text, TestCatalogue()).mistakes) {
    mistakes.push_back(absl::StrCat(mistake.line, ":", mistake.column, "+", mistake.length, " ", mistake.message));
  }
  return mistakes;
}

std::string SuggestionFor(std::string_view text) {
  const ParsedRule parsed = ParseRule(text, TestCatalogue());
  REQUIRE(parsed.mistakes.size() == 1);
  return parsed.mistakes[0].suggestion;
}

TEST_CASE("conditions are read with their operands, operators and values") {
  const Condition count = ParsedCondition(R"(orders.count(last 90d, store = "web", amount >= 100.5 TRY) >= 2)");
  const auto& aggregate = std::get<AggregateOperand>(count.operand);
  CHECK(aggregate.function == Function::kCount);
  CHECK(aggregate.source == FactSource::kOrders);
  CHECK(aggregate.window == Window{.kind = Window::Kind::kLast, .near = {90, TimeUnit::kDay}});
  REQUIRE(aggregate.filters.size() == 2);
  CHECK(aggregate.filters[0] == FactFilter{"store", Operator::kEquals, {std::string("web")}});
  CHECK(aggregate.filters[1].values == std::vector<Value>{Money{10050, Currency::Parse("TRY").value()}});
  CHECK(count.op == Operator::kGreaterOrEquals);
  CHECK(count.values == std::vector<Value>{std::int64_t{2}});

  CHECK(ParsedCondition(R"(segment("loyal"))") == Condition{SegmentOperand{"loyal"}, Operator::kHolds, {}});
  CHECK(ParsedCondition(R"(sample(12.5%, "a"))") == Condition{SampleOperand{1250, "a"}, Operator::kHolds, {}});
  CHECK(ParsedCondition("length(tags) > 3") ==
        Condition{AttributeOperand{"contact.tags", true}, Operator::kGreater, {std::int64_t{3}}});
  CHECK(ParsedCondition("custom.birthday ANNIVERSARY IN NEXT 7d") ==
        Condition{AttributeOperand{"custom.birthday"}, Operator::kAnniversaryInNext, {Period{7, TimeUnit::kDay}}});
  CHECK(ParsedCondition("contact.create_time >= 2026-01-31T12:00:00+03:00").values ==
        std::vector<Value>{ParseRfc3339("2026-01-31T09:00:00Z").value()});
}

TEST_CASE("each operator has its canonical form") {
  for (const char* text : {R"(contact.city = "İzmir")",
                           R"(contact.city != "İzmir")",
                           R"(contact.city IN ("İzmir", "Ankara"))",
                           R"(contact.city NOT IN ("İzmir"))",
                           "contact.city IS SET",
                           "contact.city IS NOT SET",
                           R"(contact.city CONTAINS "mi")",
                           R"(contact.city NOT CONTAINS "mi")",
                           R"(contact.city STARTS WITH "İ")",
                           R"(contact.city NOT STARTS WITH "İ")",
                           R"(contact.city ENDS WITH "r")",
                           R"(contact.city NOT ENDS WITH "r")",
                           R"(contact.city MATCHES "^İ.*r$")",
                           R"(contact.city NOT MATCHES "\\d")",
                           R"(contact.tags HAS "vip")",
                           R"(contact.tags HAS ANY ("vip", "b2b"))",
                           R"(contact.tags HAS ALL ("vip"))",
                           R"(contact.tags HAS NONE ("vip", "b2b"))",
                           "length(contact.tags) = 0",
                           "custom.shoe_size BETWEEN 38 AND 42.5",
                           "custom.vip = true",
                           R"(custom.size = "M")",
                           "custom.birthday ANNIVERSARY IN NEXT 7d",
                           "custom.birthday ANNIVERSARY IN LAST 2w",
                           "custom.birthday ANNIVERSARY THIS MONTH",
                           "custom.birthday IN MONTH 5",
                           "contact.create_time IN LAST 3mo",
                           "contact.create_time IN NEXT 36h",
                           "contact.create_time MORE THAN 1y AGO",
                           "contact.create_time BETWEEN 30d AND 90d AGO",
                           "contact.create_time BETWEEN 2026-01-01 AND 2026-03-31",
                           "contact.create_time < -90d",
                           "contact.create_time <= +7d",
                           "contact.create_time > 2026-01-31T09:00:00.500000Z",
                           R"(rfm.label = "champions")",
                           R"(rfm.web-shop.label IN ("best"))",
                           R"(consent.marketing.eposta = "ONAY")",
                           R"(consent.profiling.push != "RET")",
                           "value.churn_probability > 0.7",
                           "value.clv >= 1500.00 TRY",
                           "orders.count > 0",
                           "orders.sum(last 1y) > 1500.00 TRY",
                           "orders.average(between 2026-01-01 and 2026-03-31) BETWEEN 10.00 EUR AND 20.00 EUR",
                           R"(orders.maximum(between 30d and 6mo ago, category STARTS WITH "Giyim/") > 100 JPY)",
                           R"(orders.quantity(sku IN ("A-1", "A-2")) >= 3)",
                           "orders.first_time IN LAST 30d",
                           R"(orders.last_time(status = "cancelled") IS SET)",
                           R"(carts.count(last 7d, status = "open") >= 1)",
                           R"(segment("loyal"))",
                           "sample(10%)",
                           R"(sample(0.05%, "spring"))",
                           R"(NOT segment("loyal"))",
                           R"(NOT NOT custom.vip = true)",
                           R"(custom.vip = true AND segment("a") AND segment("b"))",
                           R"((custom.vip = true OR segment("a")) AND NOT (segment("b") OR segment("c")))",
                           R"(custom.vip = true AND (segment("a") AND segment("b")))",
                           R"(ALL(custom.vip = true))",
                           R"(ANY(segment("a") AND segment("b")))",
                           R"(NONE(segment("a"), segment("b") OR segment("c")))"}) {
    CHECK(Canonical(text) == text);
  }
}

TEST_CASE("what is written otherwise becomes canonical") {
  CHECK(Canonical("tags has 'vip'") == R"(contact.tags HAS "vip")");
  CHECK(Canonical(R"(city == "İzmir" and locale <> "tr-TR")") ==
        R"(contact.city = "İzmir" AND contact.locale != "tr-TR")");
  CHECK(Canonical("orders.avg() > 5 TRY") == "orders.average > 5.00 TRY");
  CHECK(Canonical("orders.last before -90d") == "orders.last_time < -90d");
  CHECK(Canonical("orders.count(last 90 days) >= +2") == "orders.count(last 90d) >= 2");
  CHECK(Canonical("((orders.count > 0))") == "orders.count > 0");
  CHECK(Canonical("orders.count(\n  last 1w\n) > 1e2") == "orders.count(last 1w) > 100.0");
  CHECK(Canonical(R"(orders.count(store = "web", last 90d) > 0)") == R"(orders.count(last 90d, store = "web") > 0)");
  CHECK(Canonical("all(orders.count > 0)") == "ALL(orders.count > 0)");
}

TEST_CASE("a mistake of syntax names its place and what was expected") {
  CHECK(Mistakes("") == std::vector<std::string>{"1:1+1 expected an attribute, orders.count or the like, segment(...), "
                                                 "sample(...), NOT or ("});
  CHECK(Mistakes("orders.count >= ") == std::vector<std::string>{"1:17+1 expected a value"});
  CHECK(Mistakes(R"(tags HAS "vip" contact.city = "x")") ==
        std::vector<std::string>{"1:16+12 expected AND, OR or the end"});
  CHECK(Mistakes("(orders.count > 1") == std::vector<std::string>{"1:18+1 expected AND, OR or )"});
  CHECK(Mistakes("orders.count > 1 AND\n  tags HAS vip") ==
        std::vector<std::string>{"2:12+3 expected a value; texts stand in quotation marks"});
  CHECK(Mistakes("city = \"İzm\n") ==
        std::vector<std::string>{"1:8+1 the text has no closing quotation mark on its line"});
  CHECK(Mistakes(R"(city = "İzmir" AND ş)") ==
        std::vector<std::string>{"1:20+1 there is no such sign; texts stand in quotation marks"});
  CHECK(Mistakes("tickets.sum > 5") ==
        std::vector<std::string>{"1:1+11 sum does not go with tickets; these do: count, first_time, last_time"});
  CHECK(Mistakes("answers.average(kind = \"cast\") < 3") ==
        std::vector<std::string>{"1:24+6 \"cast\" is none of kind; did you mean \"csat\"?"});
  CHECK(Mistakes("orders.count(last 90x) > 1") ==
        std::vector<std::string>{"1:21+1 expected a unit of time (h, d, w, mo or y) right behind a whole number"});
  CHECK(Mistakes("orders.count > 99999999999999999999") ==
        std::vector<std::string>{"1:16+20 is a whole number that does not fit 64 bits"});
  CHECK(Mistakes("custom.shoe_size > 1e999") ==
        std::vector<std::string>{"1:20+5 is a number too great or too small for a decimal of 64 bits"});
  CHECK(Mistakes("orders.sum > 1.005 TRY") ==
        std::vector<std::string>{"1:14+5 has more than 2 digits behind the point"});
  CHECK(Mistakes("contact.create_time > 2026-02-30") == std::vector<std::string>{"1:23+10 is no day of the calendar"});
  CHECK(
      Mistakes(R"(segment("a") OR segment("b") AND segment("c"))") ==
      std::vector<std::string>{"1:30+3 AND and OR do not mix without parentheses: (a AND b) OR c, or a AND (b OR c)"});
  CHECK(Mistakes("sample(100%)")[0].substr(0, 5) == "1:8+3");
  CHECK(Mistakes("orders.count(last 1d, last 2d) > 0")[0] == "1:23+4 expected a filter, for there is a time already");
}

TEST_CASE("a mistake of meaning names its place too, and all of them are told") {
  CHECK(Mistakes(R"(contact.citty = "x" AND
orders.count > "two" AND contact.tags = "vip")") ==
        std::vector<std::string>{
            R"(1:1+13 there is no attribute "contact.citty"; did you mean "contact.city"?)",
            "2:16+5 is no number, which orders.count is",
            "2:39+1 = does not go with contact.tags, which is a list; these do: IS SET, IS NOT SET, HAS ANY, HAS ALL, "
            "HAS NONE"});
  CHECK(Mistakes(R"(orders.count(stor = "web") > 0)")[0] ==
        R"(1:14+4 there is no field "stor"; did you mean "store"?)");
  CHECK(Mistakes(R"(rfm.label = "champion")")[0] ==
        R"(1:13+10 "champion" is none of rfm.label; did you mean "champions"?)");
  CHECK(Mistakes(R"(city MATCHES "(")")[0].substr(0, 6) == "1:14+3");
  CHECK(Mistakes("orders.sum BETWEEN 2 TRY AND 1 TRY")[0] == "1:30+5 is less than the first value");
}

TEST_CASE("near misses bring a suggestion") {
  CHECK(SuggestionFor(R"(contact.cty = "x")") == "contact.city");
  CHECK(SuggestionFor(R"(cty = "x")") == "contact.city");
  CHECK(SuggestionFor(R"(city CONTIANS "x")") == "CONTAINS");
  CHECK(SuggestionFor("orders.cuont > 1") == "orders.count");
  CHECK(SuggestionFor("orders.last > 90d") == "-90d");
  CHECK(SuggestionFor("tags HAS vip") == "\"vip\"");
  CHECK(SuggestionFor("zzzzzz > 1").empty());
}

TEST_CASE("depth and size are bounded, also where the text is absurd") {
  CHECK(Mistakes(std::string(60000, '('))[0] == "1:101+1 parentheses and NOT are nested too deeply");
  std::string negated;
  for (int i = 0; i < kMaxRuleDepth; ++i) negated += "NOT ";
  CHECK_NOTHROW(Parsed(negated + "custom.vip = true"));
  CHECK(Mistakes(negated + "NOT custom.vip = true")[0].find("is nested more than 16 groups deep") != std::string::npos);
  std::string many = "custom.vip = true";
  for (int i = 1; i < kMaxRuleConditions; ++i) many += " AND custom.vip = true";
  CHECK_NOTHROW(Parsed(many));
  CHECK(Mistakes(many + " AND custom.vip = true").size() == 1);
  CHECK(Mistakes(std::string(kMaxRuleSourceBytes + 1, ' '))[0].find("is longer than") != std::string::npos);
  CHECK(Mistakes("city = \"\xff\"")[0].find("no clean UTF-8") != std::string::npos);
}

TEST_CASE("what is printed reads back as the same rule, and prints the same") {
  REQUIRE(rc::check("random rules", [](std::uint64_t seed) {
    RandomRules random(seed);
    for (int i = 0; i < kRulesPerSeed; ++i) {
      const Rule rule = random.Next();
      const std::vector<RuleMistake> mistakes = CheckRule(rule, TestCatalogue());
      if (!mistakes.empty()) RC_FAIL(mistakes[0].path + " " + mistakes[0].message);
      const std::string text = PrintRule(rule);
      const ParsedRule parsed = ParseRule(text, TestCatalogue());
      if (!parsed.rule) RC_FAIL(text + "\n" + Describe(parsed.mistakes[0]));
      if (*parsed.rule != rule) RC_FAIL(text + "\n" + PrintRule(*parsed.rule));
      RC_ASSERT(PrintRule(*parsed.rule) == text);
    }
  }));
}

// Either a rule, or mistakes whose places lie inside the text or just behind it.
void CheckAnswer(const std::string& text) {
  const ParsedRule parsed = ParseRule(text, TestCatalogue());
  if (parsed.rule) {
    RC_ASSERT(parsed.mistakes.empty());
    RC_ASSERT(CheckRule(*parsed.rule, TestCatalogue()).empty());
    RC_ASSERT(ParseRule(PrintRule(*parsed.rule), TestCatalogue()).rule == parsed.rule);
    return;
  }
  RC_ASSERT(!parsed.mistakes.empty());
  std::vector<std::string_view> lines(1);
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '\n') continue;
    lines.back() = std::string_view(text).substr(start, i - start);
    start = i + 1;
    if (i < text.size()) lines.emplace_back();
  }
  for (const TextMistake& mistake : parsed.mistakes) {
    RC_ASSERT(!mistake.message.empty());
    RC_ASSERT(mistake.line >= 1 && mistake.line <= static_cast<int>(lines.size()));
    RC_ASSERT(mistake.column >= 1);
    RC_ASSERT(mistake.column <= static_cast<int>(lines[static_cast<std::size_t>(mistake.line - 1)].size()) + 1);
    RC_ASSERT(mistake.length >= 1);
  }
}

TEST_CASE("random bytes, random words and random changes of rules give a rule or a mistake with a place") {
  REQUIRE(rc::check("bytes", [](const std::string& text) { CheckAnswer(text); }));
  REQUIRE(rc::check("words", [](std::uint64_t seed) {
    RandomRules random(seed);
    static const std::vector<std::string> kWords = {"AND",
                                                    "OR",
                                                    "NOT",
                                                    "(",
                                                    ")",
                                                    ",",
                                                    "=",
                                                    ">=",
                                                    "IN",
                                                    "BETWEEN",
                                                    "LAST",
                                                    "90d",
                                                    "-90d",
                                                    "12",
                                                    "1.5",
                                                    "TRY",
                                                    "\"x\"",
                                                    "true",
                                                    "2026-01-31",
                                                    "segment",
                                                    "sample",
                                                    "%",
                                                    "ALL",
                                                    "HAS",
                                                    "IS",
                                                    "SET",
                                                    "length",
                                                    "\n",
                                                    "AGO",
                                                    "orders.count",
                                                    "tags",
                                                    "city",
                                                    "last",
                                                    "ANY",
                                                    "NONE",
                                                    "MONTH",
                                                    "THIS",
                                                    "between",
                                                    "ago",
                                                    "store",
                                                    "ANNIVERSARY",
                                                    "MORE",
                                                    "THAN",
                                                    "'",
                                                    "2026-01-31T09:00:00Z",
                                                    "orders.sum",
                                                    "custom.birthday"};
    for (int i = 0; i < kRulesPerSeed; ++i) {
      std::string text;
      do text += random.Of(kWords) + (random.Chance(80) ? " " : "");
      while (random.Chance(90));
      CheckAnswer(text);
    }
  }));
  REQUIRE(rc::check("changes", [](std::uint64_t seed) {
    RandomRules random(seed);
    for (int i = 0; i < kRulesPerSeed; ++i) {
      std::string text = PrintRule(random.Next());
      do {
        const auto place = static_cast<std::size_t>(random.Number(0, static_cast<std::int64_t>(text.size())));
        const std::int64_t change = random.Number(0, 2);
        if (change == 0) text.insert(place, 1, static_cast<char>(random.Number(1, 127)));
        if (change == 1) text.erase(place, static_cast<std::size_t>(random.Number(1, 5)));
        if (change == 2 && place < text.size()) text[place] = static_cast<char>(random.Number(0, 255));
      } while (random.Chance(40));
      CheckAnswer(text);
    }
  }));
}

}  // namespace
}  // namespace esnaf::segmentation
