#pragma once

// How answers are shown: a table for people, JSON or CSV for programs.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "esnaf/api/v1/money.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"

namespace esnaf::cli {

enum class Format { kTable, kJson, kCsv };

// Rows under a header. In a table, columns whose every cell is a number are right-aligned.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// Columns are as wide as their widest cell, counted in characters, not bytes.
std::string RenderTable(const Table& table);
// RFC 4180.
std::string RenderCsv(const Table& table);

// Prints the table, or the message as JSON (protobuf's mapping).
void Print(Format format, const Table& table, const google::protobuf::Message& message);

// A share from 0 to 1 as a bar of so many characters at most, in eighths of one: `██▌`.
std::string Bar(double share, int width);

std::string ShowTime(const google::protobuf::Timestamp& time);                // 2026-01-31 09:30 in UTC; empty for none
std::string ShowMinor(std::int64_t minor, const std::string& currency_code);  // 1234.50 TRY

}  // namespace esnaf::cli
