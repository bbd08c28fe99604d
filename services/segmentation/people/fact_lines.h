#pragma once

// Rows of short texts within one text, as a column keeps them: fields are parted by tabs, rows end in a newline, and
// backslash, tab, newline and carriage return are written as COPY's text form does. Cheap to read by the million. Pure.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace esnaf::segmentation {

// A line of an order or cart, as rules ask for it.
struct FactLine {
  std::string sku;
  std::string category;
  std::string brand;
  std::string seller_id;
  std::int64_t quantity = 0;
  // Its part of the order's net value, or its amount less its discount in a cart. What a return takes away is positive.
  std::int64_t value_minor = 0;
  bool operator==(const FactLine&) const = default;
};

std::string FormatLines(const std::vector<FactLine>& lines);
// Rows of six fields; others are passed over, for only FormatLines writes here.
std::vector<FactLine> ParseLines(std::string_view text);

void AppendRow(std::string& text, const std::vector<std::string_view>& fields);

// Walks over rows and their fields.
class RowReader {
 public:
  explicit RowReader(std::string_view text) : text_(text) {}
  // False at the end.
  bool Next();
  // Still escaped, valid as long as the text; all but the last are followed by a tab.
  const std::vector<std::string_view>& fields() const { return fields_; }

 private:
  std::string_view text_;
  std::string_view row_;
  std::vector<std::string_view> fields_;
};
std::string Unescape(std::string_view field);

}  // namespace esnaf::segmentation
