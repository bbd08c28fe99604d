// Explanations: what they promise must come true.
#include "services/segmentation/rfm/rfm_explain.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

Currency Lira() { return Currency::Parse("TRY").value(); }

Thresholds ExampleThresholds() { return {{7, 30, 90, 180}, {1, 2, 4, 8}, {10000, 50000, 150000, 500000}}; }

TEST_CASE("amounts read as each language writes them") {
  CHECK(FormatAmount(123456789, Lira(), Language::kEnglish) == "1,234,567.89 TRY");
  CHECK(FormatAmount(123456789, Lira(), Language::kTurkish) == "1.234.567,89 TRY");
  CHECK(FormatAmount(-100050, Lira(), Language::kTurkish) == "-1.000,50 TRY");
  CHECK(FormatAmount(123, Currency::Parse("JPY").value(), Language::kEnglish) == "123 JPY");
}

TEST_CASE("each dimension names its value, its score and the values that earn it") {
  const auto dimensions = ExplainDimensions({12, 1, 60000}, ExampleThresholds(), Lira());
  REQUIRE(dimensions.size() == 3);
  CHECK(dimensions[0].score == 4);
  CHECK(dimensions[0].range.from == 8);
  CHECK(dimensions[0].range.to == 30);
  CHECK(dimensions[0].sentence_en == "The last order that counts is 12 days old: recency score 4 of 5 (8 to 30 days).");
  CHECK(dimensions[0].sentence_tr ==
        "Sayılan son siparişin üzerinden 12 gün geçti: yenilik puanı 5 üzerinden 4 (8 ile 30 gün arası).");
  CHECK(dimensions[1].sentence_en == "1 order counts: frequency score 1 of 5 (at most 1 order).");
  CHECK(dimensions[1].sentence_tr == "1 sipariş sayılıyor: sıklık puanı 5 üzerinden 1 (en çok 1 sipariş).");
  CHECK(dimensions[2].sentence_en ==
        "The orders are worth 600.00 TRY: monetary score 3 of 5 (500.01 to 1,500.00 TRY).");
  CHECK(dimensions[2].sentence_tr ==
        "Siparişlerin değeri 600,00 TRY: parasal puan 5 üzerinden 3 (500,01 ile 1.500,00 TRY arası).");
}

TEST_CASE("someone who sleeps is told how an order brings them back") {
  const Policy policy = DefaultPolicy();
  const auto ways = WaysUp(policy, ExampleThresholds(), {200, 1, 60000}, Lira());
  REQUIRE(ways.size() == 1);
  CHECK(ways[0].label.key == "potential_loyalists");
  CHECK(ways[0].orders == 1);
  CHECK(ways[0].money_minor == 0);
  CHECK(ways[0].days_too_old == 170);
  CHECK(
      ways[0].sentence_en ==
      "One more order of any amount leads to Potential Loyalists (523). The last order is 170 days too old for it; an "
      "order now makes up for that.");
  CHECK(
      ways[0].sentence_tr ==
      "Potansiyel Sadıklar (523) için tutarı ne olursa olsun 1 sipariş daha gerekiyor. Son sipariş bunun için 170 gün "
      "fazla eski; şimdi verilecek bir sipariş bunu giderir.");
}

TEST_CASE("more orders can be missing, and money") {
  Policy policy = DefaultPolicy();
  policy.labels.insert(policy.labels.begin(), Label{"vip", "VIP'ler", "VIPs", 11, {{{5, 5}, {5, 5}, {5, 5}}}});
  const auto ways = WaysUp(policy, ExampleThresholds(), {3, 6, 450000}, Lira());
  REQUIRE(ways.size() == 1);
  CHECK(ways[0].label.key == "vip");
  CHECK(ways[0].orders == 3);
  CHECK(ways[0].money_minor == 50001);
  CHECK(ways[0].days_too_old == 0);
  CHECK(ways[0].sentence_en == "3 more orders worth together at least 500.01 TRY lead to VIPs (555).");
  CHECK(ways[0].sentence_tr == "VIP'ler (555) için toplamda en az 500,01 TRY tutarında 3 sipariş daha gerekiyor.");
}

TEST_CASE("at the top nothing is missing") {
  CHECK(WaysUp(DefaultPolicy(), ExampleThresholds(), {0, 20, 900000}, Lira()).empty());
}

TEST_CASE("whoever goes a way up has the label that it promises, and no less would do") {
  REQUIRE(rc::check("ways come true", [] {
    Policy policy = DefaultPolicy();
    if (*rc::gen::arbitrary<bool>()) {
      policy.labels.insert(policy.labels.begin(), Label{"big", "Büyük", "Big", 12, {{{}, {}, {4, 5}}}});
    }
    std::vector<Values> everybody;
    const int count = *rc::gen::inRange(1, 60);
    for (int i = 0; i < count; ++i) {
      everybody.push_back({*rc::gen::inRange<std::int64_t>(0, 400), *rc::gen::inRange<std::int64_t>(1, 9),
                           *rc::gen::inRange<std::int64_t>(1, 300000)});
    }
    const Thresholds thresholds = ComputeThresholds(everybody, Method::kCumeDist, 5, 100);
    const LabelGrid grid(policy);
    const Values person = everybody.front();
    const int rank = grid.LabelOf(Score(person, thresholds)).rank;
    const auto after = [&](std::int64_t orders, std::int64_t money) -> const Label& {
      return grid.LabelOf(Score({0, person.frequency + orders, person.monetary_minor + money}, thresholds));
    };
    for (const WayUp& way : WaysUp(policy, thresholds, person, Lira())) {
      const std::int64_t money = way.money_minor == 0 ? way.orders : way.money_minor;
      RC_ASSERT(way.label.rank > rank);
      RC_ASSERT(after(way.orders, money).key == way.label.key);
      if (way.money_minor > 0) RC_ASSERT(after(way.orders, money - 1).key != way.label.key || money - 1 < way.orders);
      if (way.days_too_old > 0) {
        RC_ASSERT(way.days_too_old <= person.recency_days);
      }
    }
  }));
}

}  // namespace
}  // namespace esnaf::segmentation
