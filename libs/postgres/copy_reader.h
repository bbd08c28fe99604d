#pragma once

// Reads many millions of rows by COPY in its binary form: whole tables in the order in which they lie, without keeping
// more than a row and without passing values through text. On a connection of its own.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"

namespace esnaf::postgres {

// A row as the server sends it. Columns count from 0. Who asks for a column that is not there, or for another type than
// the column's, gets a std::logic_error, which CopyReader turns into INTERNAL; so does who asks for the value of NULL.
class BinaryRow {
 public:
  bool IsNull(int column) const { return CellAt(column).data == nullptr; }
  std::string_view Text(int column) const {  // valid during the visit; empty for NULL
    const Cell& cell = CellAt(column);
    return {cell.data, cell.size};
  }
  bool Bool(int column) const { return Bytes(column, 1)[0] != 0; }
  std::int64_t Integer(int column) const;  // smallint, integer and bigint
  double Double(int column) const;         // double precision
  Uuid Id(int column) const;
  Time Moment(int column) const;  // timestamptz, not infinite
  // Of a text[] without NULLs; valid during the visit.
  void Texts(int column, std::vector<std::string_view>& texts) const;

 private:
  friend class CopyReader;
  struct Cell {
    const char* data;
    std::size_t size;
  };
  const Cell& CellAt(int column) const;
  const char* Bytes(int column, std::size_t size) const;

  std::vector<Cell> cells_;
};

class CopyReader {
 public:
  using Visit = std::function<absl::Status(const BinaryRow& row)>;

  explicit CopyReader(ConnectionOptions options) : options_(std::move(options)) {}

  // Shows each row of a SELECT without parameters, as of one moment. The first failure of `visit` ends the reading and
  // is the answer. A reading takes as long as it takes: no time limit ends it. `name` is for the log. UNAVAILABLE where
  // the server cannot be reached or the connection is lost, then also after some rows; otherwise as a Tx fails.
  absl::Status Read(std::string_view name, const std::string& select, const Visit& visit) const;

 private:
  ConnectionOptions options_;
};

}  // namespace esnaf::postgres
