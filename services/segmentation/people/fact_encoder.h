#pragma once

// Turns what is written of orders and carts into the codes of one table. Pure.
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/segmentation/people/person_table.h"

namespace esnaf::segmentation {

// What many orders have in common, as it is written.
struct ShapeTexts {
  std::string_view store_id;
  std::string_view channel;
  std::string_view currency_code;
  bool is_return = false;
  bool completed = false;  // of a cart: an order came of it
  bool cancelled = false;
};

class FactEncoder {
 public:
  // The table must outlive the encoder, and nobody else may add shapes, items or their texts to it meanwhile.
  explicit FactEncoder(PersonTable& table) : table_(table) {}

  // The number of a shape.
  std::uint32_t Encode(const ShapeTexts& shape);
  // Lines as FormatLines writes them, of which the first 65535 count.
  void EncodeLines(std::string_view text, std::vector<Line>& lines);

 private:
  std::uint32_t EncodeItem(std::string_view escaped_fields);

  PersonTable& table_;
  // Shapes and items by their fields as they are written, which is quicker to look up than each text.
  std::unordered_map<std::string, std::uint32_t> shapes_;
  std::string shape_key_;
  std::unordered_map<std::string_view, std::uint32_t> items_;
  std::deque<std::string> item_keys_;
};

}  // namespace esnaf::segmentation
