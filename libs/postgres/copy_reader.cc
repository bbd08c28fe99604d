#include "libs/postgres/copy_reader.h"

#include <libpq-fe.h>

#include <bit>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/postgres/connection_string.h"
#include "libs/postgres/sqlstate.h"

namespace esnaf::postgres {
namespace {

using PgConnection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using PgResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
// Behind the signature follow flags and the length of an extension, of four bytes each.
constexpr std::size_t kHeaderSize = kSignature.size() + 8;
// Binary times count from the first moment of 2000.
constexpr std::int64_t kEpochMicros = 946'684'800'000'000;
constexpr std::uint32_t kTextType = 25;  // the number of the type text in pg_type

// A whole number in network order.
template <typename T>
T ReadInteger(const char* data) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(static_cast<std::uint64_t>(value) << 8 | static_cast<std::uint8_t>(data[i]));
  }
  return value;
}

absl::Status Lost() { return StatusOfSqlState("08006", ""); }

absl::Status FailureOf(std::string_view name, const PGresult* result) {
  const char* sqlstate = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  LogWarning("rows could not be copied",
             {{"statement", std::string(name)}, {"sqlstate", sqlstate == nullptr ? "" : sqlstate}});
  return sqlstate == nullptr ? Lost() : StatusOfSqlState(sqlstate, "");
}

// Takes the pieces of a message one after the other.
class Pieces {
 public:
  explicit Pieces(std::string_view message) : rest_(message) {}
  bool empty() const { return rest_.empty(); }
  std::string_view Take(std::size_t size) {
    if (size > rest_.size()) throw std::logic_error("a message of COPY ends too early");
    const std::string_view piece = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return piece;
  }
  template <typename T>
  T Take() {
    return ReadInteger<T>(Take(sizeof(T)).data());
  }

 private:
  std::string_view rest_;
};

}  // namespace

const BinaryRow::Cell& BinaryRow::CellAt(int column) const {
  if (column < 0 || static_cast<std::size_t>(column) >= cells_.size()) throw std::logic_error("no such column");
  return cells_[static_cast<std::size_t>(column)];
}

const char* BinaryRow::Bytes(int column, std::size_t size) const {
  const Cell& cell = CellAt(column);
  if (cell.data == nullptr || cell.size != size) throw std::logic_error("a column is NULL or of another type");
  return cell.data;
}

std::int64_t BinaryRow::Integer(int column) const {
  const Cell& cell = CellAt(column);
  if (cell.size == 2) return ReadInteger<std::int16_t>(Bytes(column, 2));
  if (cell.size == 4) return ReadInteger<std::int32_t>(Bytes(column, 4));
  return ReadInteger<std::int64_t>(Bytes(column, 8));
}

double BinaryRow::Double(int column) const {
  return std::bit_cast<double>(ReadInteger<std::uint64_t>(Bytes(column, 8)));
}

Uuid BinaryRow::Id(int column) const {
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), Bytes(column, bytes.size()), bytes.size());
  return Uuid(bytes);
}

Time BinaryRow::Moment(int column) const {
  return Time(Duration(ReadInteger<std::int64_t>(Bytes(column, 8)) + kEpochMicros));
}

void BinaryRow::Texts(int column, std::vector<std::string_view>& texts) const {
  texts.clear();
  if (IsNull(column)) throw std::logic_error("a column is NULL");
  Pieces pieces(Text(column));
  const auto dimensions = pieces.Take<std::int32_t>();
  pieces.Take<std::int32_t>();  // whether there are NULLs
  const auto type = pieces.Take<std::uint32_t>();
  if (dimensions > 1 || type != kTextType) throw std::logic_error("a column is no text[]");
  if (dimensions == 0) return;
  const auto count = pieces.Take<std::int32_t>();
  pieces.Take<std::int32_t>();  // the number of the first
  for (std::int32_t i = 0; i < count; ++i) {
    const auto size = pieces.Take<std::int32_t>();
    if (size < 0) throw std::logic_error("an element is NULL");
    texts.push_back(pieces.Take(static_cast<std::size_t>(size)));
  }
}

absl::Status CopyReader::Read(std::string_view name, const std::string& select, const Visit& visit) const {
  ESNAF_ASSIGN_OR_RETURN(const std::string connection_string, CompleteConnectionString(options_));
  const PgConnection connection(PQconnectdb(connection_string.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) return FailureOf(name, nullptr);
  // Who asks for everything is served best by reading tables as they lie.
  const PgResult set(
      PQexec(connection.get(),
             "SET enable_seqscan = on; SET statement_timeout = 0; SET default_transaction_read_only = on"),
      PQclear);
  if (PQresultStatus(set.get()) != PGRES_COMMAND_OK) return FailureOf(name, set.get());
  const PgResult begun(PQexec(connection.get(), ("COPY (" + select + ") TO STDOUT (FORMAT binary)").c_str()), PQclear);
  if (PQresultStatus(begun.get()) != PGRES_COPY_OUT) return FailureOf(name, begun.get());

  BinaryRow row;
  bool in_header = true;
  const auto take = [&](std::string_view message) -> absl::Status {
    Pieces pieces(message);
    if (std::exchange(in_header, false)) {
      if (!pieces.Take(kHeaderSize).starts_with(kSignature)) throw std::logic_error("not the binary form of COPY");
    }
    while (!pieces.empty()) {
      const auto columns = pieces.Take<std::int16_t>();
      if (columns < 0) break;  // the end
      row.cells_.resize(static_cast<std::size_t>(columns));
      for (BinaryRow::Cell& cell : row.cells_) {
        const auto size = pieces.Take<std::int32_t>();
        cell = {nullptr, 0};
        if (size >= 0) cell = {pieces.Take(static_cast<std::size_t>(size)).data(), static_cast<std::size_t>(size)};
      }
      ESNAF_RETURN_IF_ERROR(visit(row));
    }
    return absl::OkStatus();
  };
  char* data = nullptr;
  int size = 0;
  while ((size = PQgetCopyData(connection.get(), &data, 0)) > 0) {
    const std::unique_ptr<char, decltype(&PQfreemem)> message(data, PQfreemem);
    try {
      ESNAF_RETURN_IF_ERROR(take({data, static_cast<std::size_t>(size)}));
    } catch (const std::exception& exception) {
      LogError("copied rows could not be read", {{"statement", std::string(name)}, {"error", exception.what()}});
      return StatusOfSqlState("", "");
    }
  }
  const PgResult end(PQgetResult(connection.get()), PQclear);
  if (size != -1 || PQresultStatus(end.get()) != PGRES_COMMAND_OK) return FailureOf(name, end.get());
  return absl::OkStatus();
}

}  // namespace esnaf::postgres
