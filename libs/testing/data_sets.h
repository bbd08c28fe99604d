#pragma once

// The public data sets that published results exist for. They lie beside the checkout, or where ESNAF_DATA says.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace esnaf::testing {

// A folder of the data, or nullopt, having said so loudly: who runs the tests shall know what they did not test.
inline std::optional<std::filesystem::path> DataFolder(std::string_view name) {
  const char* given = std::getenv("ESNAF_DATA");
  const std::filesystem::path checkout = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const std::filesystem::path root = given != nullptr ? given : checkout.parent_path() / "shared" / "data";
  if (std::filesystem::is_directory(root / name)) return root / name;
  std::cerr << "WARN: NOT TESTED against published results: there is no " << (root / name)
            << "; set ESNAF_DATA to the folder of the public data sets\n";
  return std::nullopt;
}

// Splits a line of CSV; a field may be quoted.
inline std::vector<std::string> SplitCsv(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

using CsvRow = std::map<std::string, std::string>;

// Every row by the names of the header.
inline std::vector<CsvRow> ReadCsv(std::istream& in) {
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = SplitCsv(line);
  std::vector<CsvRow> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> fields = SplitCsv(line);
    CsvRow row;
    for (std::size_t i = 0; i < header.size() && i < fields.size(); ++i) row[header[i]] = fields[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

inline std::vector<CsvRow> ReadCsvFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  return ReadCsv(in);
}

}  // namespace esnaf::testing
