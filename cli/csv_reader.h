#pragma once

// Reads CSV (RFC 4180; plain or gzip) row by row, and knows the line on which each row starts.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::cli {

class CsvReader {
 public:
  // Opens a file and reads its header. The separator is that of `,`, `;` and tab which the header has most of. A byte
  // order mark is skipped. INVALID_ARGUMENT where it cannot be read or has no header.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(const std::string& path);
  ~CsvReader();

  const std::vector<std::string>& header() const { return header_; }
  // The index of a column. INVALID_ARGUMENT listing the columns there are.
  absl::StatusOr<std::size_t> Column(std::string_view name) const;
  // The next row; false at the end. Blank lines are skipped. INVALID_ARGUMENT naming the line for an open quote, text
  // behind a closing quote, or a broken gzip stream.
  absl::StatusOr<bool> Next(std::vector<std::string>& row);
  // The line on which the last row started, counted from 1.
  std::int64_t line() const { return row_line_; }

 private:
  struct File;
  explicit CsvReader(std::unique_ptr<File> file);
  absl::StatusOr<bool> ReadRow(std::vector<std::string>& row);
  int Peek();
  int Get();

  std::unique_ptr<File> file_;
  std::string path_;
  char separator_ = ',';
  std::vector<std::string> header_;
  std::int64_t line_ = 1;
  std::int64_t row_line_ = 1;
};

}  // namespace esnaf::cli
