#include "services/segmentation/rules/fact_judgement.h"

#include <utility>

namespace esnaf::segmentation {
namespace {

using Text = PersonTable::Text;

constexpr std::uint8_t kCompletedState = 2;
constexpr std::uint8_t kCancelledState = 3;

// Whether one filter holds of each text that there is; of the absent one too, at kNoText.
std::vector<std::uint8_t> JudgeTexts(const FactFilter& filter, const Dictionary& texts) {
  const TextComparison comparison(filter.op, filter.values, texts.folded());
  std::vector<std::uint8_t> holds(texts.size() + 1);
  holds[kNoText] = comparison.asks_absence();
  for (TextCode code = 1; code <= texts.size(); ++code) {
    holds[code] = comparison.Holds(texts.ComparedOf(code), texts.TextOf(code));
  }
  return holds;
}

std::string_view StatusOf(FactSource source, std::uint8_t state) {
  if (state == kCancelledState) return source == FactSource::kTickets ? "spam" : "cancelled";
  if (state != kCompletedState) return "open";
  return source == FactSource::kCarts ? "ordered" : source == FactSource::kTickets ? "solved" : "completed";
}

class Judge {
 public:
  Judge(const AggregateOperand& aggregate, const PersonTable& table, const RuleContext& context)
      : aggregate_(aggregate), table_(table), context_(context) {}

  Judgement Take(const std::string& currency_code) && {
    judgement_.shapes.assign(table_.shapes().size(), 1);
    bool asks_status = false;
    for (const FactFilter& filter : aggregate_.filters) {
      asks_status = asks_status || filter.field == "status";
      Apply(filter);
    }
    judgement_.only_kept = aggregate_.source == FactSource::kOrders && !asks_status;
    DropShapes([&](const Shape& shape) {
      if (!asks_status && shape.state == kCancelledState) return true;
      // A return is no order; it only makes sums less.
      if (shape.is_return && aggregate_.function != Function::kSum) return true;
      if (!currency_code.empty() && CurrencyOf(shape) != currency_code) return true;
      return !context_.store_id.empty() && table_.texts(Text::kStore).TextOf(shape.store) != context_.store_id;
    });
    return std::move(judgement_);
  }

 private:
  std::string_view CurrencyOf(const Shape& shape) const { return table_.texts(Text::kCurrency).TextOf(shape.currency); }

  template <typename Drop>
  void DropShapes(const Drop& drop) {
    for (std::size_t i = 0; i < judgement_.shapes.size(); ++i) {
      if (drop(table_.shapes()[i])) judgement_.shapes[i] = 0;
    }
  }

  void Apply(const FactFilter& filter) {
    if (filter.field == "amount") return ApplyAmount(filter, AttributeType::kMoney);
    if (filter.field == "score") return ApplyAmount(filter, AttributeType::kNumber);
    if (filter.field == "breached") return ApplyAmount(filter, AttributeType::kBoolean);
    if (filter.field == "status") {
      const TextComparison comparison(filter.op, filter.values, false);
      return DropShapes([&](const Shape& shape) {
        const std::string_view status = StatusOf(aggregate_.source, shape.state);
        return !comparison.Holds(status, status);
      });
    }
    if (filter.field == "store") return ApplyToShapes(filter, Text::kStore, &Shape::store);
    // A ticket and an answer lie as an order does, with one line.
    if (filter.field == "channel" || filter.field == "kind") {
      return ApplyToShapes(filter, Text::kChannel, &Shape::channel);
    }
    if (filter.field == "sku" || filter.field == "product") return ApplyToItems(filter, Text::kSku, &Item::sku);
    if (filter.field == "category" || filter.field == "type") {
      return ApplyToItems(filter, Text::kCategory, &Item::category);
    }
    if (filter.field == "brand" || filter.field == "priority") return ApplyToItems(filter, Text::kBrand, &Item::brand);
    ApplyToItems(filter, Text::kSeller, &Item::seller);
  }

  void ApplyAmount(const FactFilter& filter, AttributeType type) {
    ScalarComparison comparison(type, filter.op, filter.values, context_.reference);
    // Every fact has an amount.
    if (comparison.asks_absence()) return DropShapes([](const Shape&) { return true; });
    if (!comparison.currency_code().empty()) {
      DropShapes([&](const Shape& shape) { return CurrencyOf(shape) != comparison.currency_code(); });
    }
    judgement_.amounts.push_back(std::move(comparison));
  }

  void ApplyToShapes(const FactFilter& filter, Text text, TextCode Shape::*member) {
    const std::vector<std::uint8_t> holds = JudgeTexts(filter, table_.texts(text));
    DropShapes([&](const Shape& shape) { return holds[shape.*member] == 0; });
  }

  void ApplyToItems(const FactFilter& filter, Text text, TextCode Item::*member) {
    const std::vector<std::uint8_t> holds = JudgeTexts(filter, table_.texts(text));
    judgement_.items.resize(table_.items().size(), 1);
    for (std::size_t i = 0; i < judgement_.items.size(); ++i) {
      if (holds[table_.items()[i].*member] == 0) judgement_.items[i] = 0;
    }
  }

  const AggregateOperand& aggregate_;
  const PersonTable& table_;
  const RuleContext& context_;
  Judgement judgement_;
};

}  // namespace

const FactColumns& FactsOf(const PersonTable& table, FactSource source) {
  switch (source) {
    case FactSource::kOrders:
      return table.orders();
    case FactSource::kCarts:
      return table.carts();
    case FactSource::kTickets:
      return table.tickets();
    case FactSource::kAnswers:
      break;
  }
  return table.answers();
}

Judgement JudgeFacts(const AggregateOperand& aggregate, const PersonTable& table, const RuleContext& context,
                     const std::string& currency_code) {
  return Judge(aggregate, table, context).Take(currency_code);
}

}  // namespace esnaf::segmentation
