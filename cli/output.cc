#include "cli/output.h"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "google/protobuf/util/json_util.h"
#include "libs/api/convert.h"
#include "libs/base/csv.h"
#include "libs/base/money.h"

namespace esnaf::cli {
namespace {

// Code points, which is what a terminal's columns are for the texts of this trade.
std::size_t Width(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.-,% ") == std::string_view::npos;
}

}  // namespace

std::string RenderTable(const Table& table) {
  const std::size_t columns = table.header.size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> numeric(columns, !table.rows.empty());
  for (std::size_t c = 0; c < columns; ++c) {
    widths[c] = Width(table.header[c]);
    for (const auto& row : table.rows) {
      widths[c] = std::max(widths[c], Width(row[c]));
      if (!row[c].empty() && !IsNumber(row[c])) numeric[c] = false;
    }
  }
  std::string out;
  auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string padding(widths[c] - Width(cells[c]), ' ');
      if (c > 0) text += "  ";
      text += numeric[c] ? padding + cells[c] : cells[c] + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(table.header);
  std::vector<std::string> rule;
  for (std::size_t width : widths) rule.emplace_back(width, '-');
  line(rule);
  for (const auto& row : table.rows) line(row);
  return out;
}

std::string RenderCsv(const Table& table) {
  std::string out = CsvLine(table.header);
  for (const auto& row : table.rows) out += CsvLine(row);
  return out;
}

void Print(Format format, const Table& table, const google::protobuf::Message& message) {
  if (format == Format::kTable) {
    std::cout << RenderTable(table);
  } else if (format == Format::kCsv) {
    std::cout << RenderCsv(table);
  } else {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.always_print_primitive_fields = true;
    std::string json;
    const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
    std::cout << (status.ok() ? json : std::string("{}\n"));
  }
}

std::string Bar(double share, int width) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

std::string ShowTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  const auto at = api::FromProto(time, "time");
  if (!at.ok()) return "";
  std::string text = FormatRfc3339(*at).substr(0, 16);
  text[10] = ' ';
  return text;
}

std::string ShowMinor(std::int64_t minor, const std::string& currency_code) {
  const auto currency = Currency::Parse(currency_code);
  if (!currency.ok()) return std::to_string(minor);
  return absl::StrCat(FormatMoney({minor, *currency}), " ", currency_code);
}

}  // namespace esnaf::cli
