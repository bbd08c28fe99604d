#include "services/segmentation/people/fact_encoder.h"

#include <array>
#include <charconv>

#include "services/segmentation/people/fact_lines.h"

namespace esnaf::segmentation {
namespace {

// The numbers of esnaf.orders.v1.OrderState.
constexpr std::uint8_t kOpen = 1;
constexpr std::uint8_t kCompleted = 2;
constexpr std::uint8_t kCancelled = 3;

constexpr std::size_t kMostLines = 65535;
// Of a line, and how many of them say which item it is.
constexpr std::size_t kFields = 6;
constexpr std::size_t kItemFields = 4;

std::int64_t ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::uint32_t FactEncoder::Encode(const ShapeTexts& shape) {
  using enum PersonTable::Text;
  shape_key_.clear();
  // No text has a NUL in it.
  for (const std::string_view text : {shape.store_id, shape.channel, shape.currency_code}) {
    shape_key_.append(text).push_back('\0');
  }
  shape_key_.push_back(
      static_cast<char>((shape.is_return ? 1 : 0) | (shape.completed ? 2 : 0) | (shape.cancelled ? 4 : 0)));
  if (const auto known = shapes_.find(shape_key_); known != shapes_.end()) return known->second;
  Shape codes{.store = table_.texts(kStore).Intern(shape.store_id),
              .channel = table_.texts(kChannel).Intern(shape.channel),
              .currency = table_.texts(kCurrency).Intern(shape.currency_code),
              .is_return = shape.is_return};
  codes.state = shape.cancelled ? kCancelled : shape.completed ? kCompleted : kOpen;
  return shapes_.emplace(shape_key_, table_.InternShape(codes)).first->second;
}

void FactEncoder::EncodeLines(std::string_view text, std::vector<Line>& lines) {
  lines.clear();
  while (!text.empty() && lines.size() < kMostLines) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // Where each field but the first begins.
    std::array<std::size_t, kFields> begins{};
    std::size_t fields = 1;
    for (std::size_t tab = row.find('\t'); tab != std::string_view::npos; tab = row.find('\t', tab + 1)) {
      if (fields < kFields) begins[fields] = tab + 1;
      ++fields;
    }
    // Others are passed over, for only FormatLines writes here.
    if (fields != kFields) continue;
    const std::size_t quantity = begins[kItemFields], value = begins[kItemFields + 1];
    lines.push_back({.item = EncodeItem(row.substr(0, quantity)),
                     .quantity = ParseNumber(row.substr(quantity, value - 1 - quantity)),
                     .value_minor = ParseNumber(row.substr(value))});
  }
}

std::uint32_t FactEncoder::EncodeItem(std::string_view escaped_fields) {
  using enum PersonTable::Text;
  if (const auto known = items_.find(escaped_fields); known != items_.end()) return known->second;
  RowReader reader(escaped_fields);
  reader.Next();
  const std::vector<std::string_view>& fields = reader.fields();
  const std::uint32_t item = table_.InternItem({.sku = table_.texts(kSku).Intern(Unescape(fields[0])),
                                                .category = table_.texts(kCategory).Intern(Unescape(fields[1])),
                                                .brand = table_.texts(kBrand).Intern(Unescape(fields[2])),
                                                .seller = table_.texts(kSeller).Intern(Unescape(fields[3]))});
  item_keys_.emplace_back(escaped_fields);
  items_.emplace(item_keys_.back(), item);
  return item;
}

}  // namespace esnaf::segmentation
