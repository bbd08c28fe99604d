#pragma once

// A report as a table of cells, whatever its encoding and separator.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::attribution {

struct DecodedText {
  std::string text;  // UTF-8 without a byte order mark
  std::string encoding;
  bool guessed = false;  // neither marked nor valid UTF-8
};

// Reads UTF-8, UTF-16 (by its byte order mark, or by its zeros where it has none), and as the last resort Windows-1254,
// which Turkish spreadsheets write and whose other letters are those of Western Europe.
absl::StatusOr<DecodedText> DecodeText(std::string_view bytes);

struct SheetRow {
  std::int64_t line = 0;  // on which it begins, counted from 1
  std::vector<std::string> cells;
  std::string mistake;  // not empty where the line is no row: an open quote, text behind a closing one
};

// Splits a text into rows by RFC 4180 with this separator. Blank lines are passed over. A line that is no row comes
// with its mistake, and reading goes on with the next.
std::vector<SheetRow> ReadSheet(std::string_view text, char separator);

}  // namespace esnaf::attribution
