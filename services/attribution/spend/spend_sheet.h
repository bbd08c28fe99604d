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

// How much of a sheet is taken. A report of 64 MiB, the largest that is taken, has about six bytes a cell; without
// bounds one of nothing but separators would fill gigabytes.
struct SheetBounds {
  std::size_t cells_of_row = 500;
  std::size_t cells = 20'000'000;
  std::size_t rows = 2'000'000;
};

// Splits a text into rows by RFC 4180 with this separator. Blank lines are passed over. A line that is no row comes
// with its mistake, and reading goes on with the next. INVALID_ARGUMENT naming the line that passes a bound.
absl::StatusOr<std::vector<SheetRow>> ReadSheet(std::string_view text, char separator, const SheetBounds& bounds = {});
// The same for the first rows alone, at most so many.
absl::StatusOr<std::vector<SheetRow>> ReadFirstRows(std::string_view text, char separator, std::size_t most);

}  // namespace esnaf::attribution
