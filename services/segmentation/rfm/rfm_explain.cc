#include "services/segmentation/rfm/rfm_explain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kMaxWays = 5;

std::string Group(std::string_view digits, char separator) {
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += separator;
    grouped += digits[i];
  }
  return grouped;
}

std::string Quantity(Dimension dimension, std::int64_t value, Currency currency, Language language) {
  const bool turkish = language == Language::kTurkish;
  switch (dimension) {
    case Dimension::kRecency:
      return absl::StrCat(value, turkish ? " gün" : value == 1 ? " day" : " days");
    case Dimension::kFrequency:
      return absl::StrCat(value, turkish ? " sipariş" : value == 1 ? " order" : " orders");
    case Dimension::kMonetary:
      break;
  }
  return FormatAmount(value, currency, language);
}

std::string RangeText(Dimension dimension, const ValueRange& range, Currency currency, Language language) {
  const bool turkish = language == Language::kTurkish;
  const auto text = [&](std::int64_t value) { return Quantity(dimension, value, currency, language); };
  if (!range.from && !range.to) return turkish ? "her değer" : "any value";
  if (!range.from) return (turkish ? "en çok " : "at most ") + text(*range.to);
  if (!range.to) return (turkish ? "en az " : "at least ") + text(*range.from);
  if (*range.from == *range.to) return (turkish ? "tam " : "exactly ") + text(*range.from);
  // One unit is enough for both.
  std::string from = text(*range.from);
  from.resize(from.rfind(' '));
  if (turkish) return absl::StrCat(from, " ile ", text(*range.to), " arası");
  return absl::StrCat(from, " to ", text(*range.to));
}

std::string DimensionSentence(const DimensionExplanation& explained, int bucket_count, Currency currency,
                              Language language) {
  const std::string quantity = Quantity(explained.dimension, explained.value, currency, language);
  const std::string range = RangeText(explained.dimension, explained.range, currency, language);
  if (language == Language::kTurkish) {
    const std::string score = absl::StrCat(bucket_count, " üzerinden ", explained.score, " (", range, ").");
    switch (explained.dimension) {
      case Dimension::kRecency:
        return absl::StrCat("Sayılan son siparişin üzerinden ", quantity, " geçti: yenilik puanı ", score);
      case Dimension::kFrequency:
        return absl::StrCat(quantity, " sayılıyor: sıklık puanı ", score);
      case Dimension::kMonetary:
        break;
    }
    return absl::StrCat("Siparişlerin değeri ", quantity, ": parasal puan ", score);
  }
  const std::string score = absl::StrCat(" score ", explained.score, " of ", bucket_count, " (", range, ").");
  switch (explained.dimension) {
    case Dimension::kRecency:
      return absl::StrCat("The last order that counts is ", quantity, " old: recency", score);
    case Dimension::kFrequency:
      return absl::StrCat(quantity, explained.value == 1 ? " counts" : " count", ": frequency", score);
    case Dimension::kMonetary:
      break;
  }
  return absl::StrCat("The orders are worth ", quantity, ": monetary", score);
}

std::string WaySentenceEn(const WayUp& way, Currency currency) {
  std::string orders = way.orders == 1 ? "One more order" : absl::StrCat(way.orders, " more orders");
  if (way.money_minor == 0) {
    orders += " of any amount";
  } else {
    absl::StrAppend(&orders, way.orders == 1 ? " of at least " : " worth together at least ",
                    FormatAmount(way.money_minor, currency, Language::kEnglish));
  }
  std::string sentence = absl::StrCat(orders, way.orders == 1 ? " leads to " : " lead to ", way.label.name_en, " (",
                                      FormatScores(way.target), ").");
  if (way.days_too_old > 0) {
    absl::StrAppend(&sentence, " The last order is ",
                    Quantity(Dimension::kRecency, way.days_too_old, currency, Language::kEnglish),
                    " too old for it; an order now makes up for that.");
  }
  return sentence;
}

std::string WaySentenceTr(const WayUp& way, Currency currency) {
  std::string orders = absl::StrCat(way.orders, " sipariş daha gerekiyor");
  if (way.money_minor == 0) {
    orders = absl::StrCat("tutarı ne olursa olsun ", orders);
  } else {
    orders = absl::StrCat(way.orders == 1 ? "en az " : "toplamda en az ",
                          FormatAmount(way.money_minor, currency, Language::kTurkish), " tutarında ", orders);
  }
  std::string sentence = absl::StrCat(way.label.name_tr, " (", FormatScores(way.target), ") için ", orders, ".");
  if (way.days_too_old > 0) {
    absl::StrAppend(&sentence, " Son sipariş bunun için ", way.days_too_old,
                    " gün fazla eski; şimdi verilecek bir sipariş bunu giderir.");
  }
  return sentence;
}

// By how many days the last order is too old for the way's label at the way's other scores.
std::int64_t DaysTooOld(const LabelGrid& grid, const Thresholds& thresholds, const Values& values, const WayUp& way) {
  const int now = ScoreOf(Dimension::kRecency, values.recency_days, thresholds);
  for (int score = now; score <= thresholds.bucket_count(); ++score) {
    const Label& label = grid.LabelOf({score, way.target.frequency, way.target.monetary});
    if (label.key != way.label.key) continue;
    const ValueRange range = RangeOf(Dimension::kRecency, score, thresholds);
    return range.to ? std::max<std::int64_t>(0, values.recency_days - *range.to) : 0;
  }
  return 0;
}

// Every combination of scores that orders placed now can lead to, each by the least orders and money.
std::vector<WayUp> EveryWay(const LabelGrid& grid, const Thresholds& thresholds, const Values& values) {
  std::vector<WayUp> ways;
  const int buckets = thresholds.bucket_count();
  const int recency = ScoreOf(Dimension::kRecency, 0, thresholds);
  const int first_frequency = ScoreOf(Dimension::kFrequency, values.frequency + 1, thresholds);
  for (int frequency = first_frequency; frequency <= buckets; ++frequency) {
    std::int64_t orders = 1;
    if (frequency > first_frequency) {
      orders = *RangeOf(Dimension::kFrequency, frequency, thresholds).from - values.frequency;
      // No whole number earns a score whose cuts have none between them.
      if (ScoreOf(Dimension::kFrequency, values.frequency + orders, thresholds) != frequency) continue;
    }
    // An order is worth at least one minor unit, else it does not count.
    const int first_monetary = ScoreOf(Dimension::kMonetary, values.monetary_minor + orders, thresholds);
    for (int monetary = first_monetary; monetary <= buckets; ++monetary) {
      std::int64_t money = 0;
      if (monetary > first_monetary) {
        money = *RangeOf(Dimension::kMonetary, monetary, thresholds).from - values.monetary_minor;
        if (ScoreOf(Dimension::kMonetary, values.monetary_minor + money, thresholds) != monetary) continue;
      }
      const Scores target{recency, frequency, monetary};
      ways.push_back({.label = grid.LabelOf(target), .orders = orders, .money_minor = money, .target = target});
    }
  }
  return ways;
}

bool NeedsNoMore(const WayUp& a, const WayUp& b) { return a.orders <= b.orders && a.money_minor <= b.money_minor; }

// Leaves out what another way reaches with no more of either. Ways come with orders, then money, ascending.
std::vector<WayUp> Cheapest(const std::vector<WayUp>& ways) {
  std::vector<WayUp> kept;
  for (const WayUp& way : ways) {
    const auto better = [&](const WayUp& other) { return NeedsNoMore(other, way); };
    if (kept.size() < kMaxWays && std::none_of(kept.begin(), kept.end(), better)) kept.push_back(way);
  }
  return kept;
}

}  // namespace

std::vector<DimensionExplanation> ExplainDimensions(const Values& values, const Thresholds& thresholds,
                                                    Currency currency) {
  std::vector<DimensionExplanation> explanations;
  for (const Dimension dimension : kDimensions) {
    DimensionExplanation explained{.dimension = dimension, .value = values.Of(dimension)};
    explained.score = ScoreOf(dimension, explained.value, thresholds);
    explained.range = RangeOf(dimension, explained.score, thresholds);
    explained.sentence_en = DimensionSentence(explained, thresholds.bucket_count(), currency, Language::kEnglish);
    explained.sentence_tr = DimensionSentence(explained, thresholds.bucket_count(), currency, Language::kTurkish);
    explanations.push_back(std::move(explained));
  }
  return explanations;
}

std::vector<WayUp> WaysUp(const Policy& policy, const Thresholds& thresholds, const Values& values, Currency currency) {
  const LabelGrid grid(policy);
  const int rank = grid.LabelOf(Score(values, thresholds)).rank;
  std::vector<WayUp> ways = EveryWay(grid, thresholds, values);
  std::erase_if(ways, [&](const WayUp& way) { return way.label.rank <= rank; });
  if (ways.empty()) return ways;
  const auto lower_rank = [](const WayUp& a, const WayUp& b) { return a.label.rank < b.label.rank; };
  const int next = std::min_element(ways.begin(), ways.end(), lower_rank)->label.rank;
  std::erase_if(ways, [&](const WayUp& way) { return way.label.rank != next; });
  ways = Cheapest(ways);
  for (WayUp& way : ways) {
    way.days_too_old = DaysTooOld(grid, thresholds, values, way);
    way.sentence_en = WaySentenceEn(way, currency);
    way.sentence_tr = WaySentenceTr(way, currency);
  }
  return ways;
}

std::string FormatAmount(std::int64_t minor, Currency currency, Language language) {
  const std::string plain = FormatMoney({minor, currency});
  const bool negative = plain.front() == '-';
  const std::string_view unsigned_part = std::string_view(plain).substr(negative ? 1 : 0);
  const std::size_t point = unsigned_part.find('.');
  const bool turkish = language == Language::kTurkish;
  std::string text = negative ? "-" : "";
  text += Group(unsigned_part.substr(0, point), turkish ? '.' : ',');
  if (point != std::string_view::npos) {
    text += turkish ? ',' : '.';
    text += unsigned_part.substr(point + 1);
  }
  return text + " " + currency.code();
}

}  // namespace esnaf::segmentation
