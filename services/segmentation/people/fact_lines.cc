#include "services/segmentation/people/fact_lines.h"

#include <charconv>

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kLineFields = 6;

void AppendEscaped(std::string& text, std::string_view field) {
  for (const char c : field) {
    switch (c) {
      case '\\':
        text += "\\\\";
        break;
      case '\t':
        text += "\\t";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      default:
        text += c;
    }
  }
}

std::int64_t ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void AppendRow(std::string& text, const std::vector<std::string_view>& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += '\t';
    AppendEscaped(text, fields[i]);
  }
  text += '\n';
}

std::string FormatLines(const std::vector<FactLine>& lines) {
  std::string text;
  for (const FactLine& line : lines) {
    AppendRow(text, {line.sku, line.category, line.brand, line.seller_id, std::to_string(line.quantity),
                     std::to_string(line.value_minor)});
  }
  return text;
}

std::vector<FactLine> ParseLines(std::string_view text) {
  std::vector<FactLine> lines;
  for (RowReader reader(text); reader.Next();) {
    const std::vector<std::string_view>& fields = reader.fields();
    if (fields.size() != kLineFields) continue;
    lines.push_back({.sku = Unescape(fields[0]),
                     .category = Unescape(fields[1]),
                     .brand = Unescape(fields[2]),
                     .seller_id = Unescape(fields[3]),
                     .quantity = ParseNumber(fields[4]),
                     .value_minor = ParseNumber(fields[5])});
  }
  return lines;
}

bool RowReader::Next() {
  if (text_.empty()) return false;
  const std::size_t end = text_.find('\n');
  row_ = text_.substr(0, end);
  text_ = end == std::string_view::npos ? std::string_view() : text_.substr(end + 1);
  fields_.clear();
  std::string_view rest = row_;
  for (std::size_t tab = rest.find('\t'); tab != std::string_view::npos; tab = rest.find('\t')) {
    fields_.push_back(rest.substr(0, tab));
    rest = rest.substr(tab + 1);
  }
  fields_.push_back(rest);
  return true;
}

std::string Unescape(std::string_view field) {
  std::string text;
  text.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      text += field[i];
      continue;
    }
    const char c = field[++i];
    text += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
  }
  return text;
}

}  // namespace esnaf::segmentation
