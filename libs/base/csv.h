#pragma once

// Writing CSV by RFC 4180.
#include <string>
#include <string_view>
#include <vector>

namespace esnaf {

// A cell, in quotes where it needs them.
std::string CsvCell(std::string_view text);
// The cells of a line, ended by CR LF.
std::string CsvLine(const std::vector<std::string>& cells);

}  // namespace esnaf
