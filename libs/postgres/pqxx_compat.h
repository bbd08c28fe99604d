#pragma once

// Private to this library: libpqxx 6.4 and 7 behind one face. Nothing outside this folder includes libpqxx, and nothing
// in this folder asks for its version but this header.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Both versions warn of parts of themselves.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <pqxx/pqxx>
#pragma GCC diagnostic pop

#include "libs/postgres/connection.h"
#include "libs/postgres/value.h"

#define ESNAF_PQXX_6 (PQXX_VERSION_MAJOR < 7)
// From 7.10 on there is one exec() for every kind of statement, and a function takes the notices.
#define ESNAF_PQXX_7_10 (PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10))

namespace esnaf::postgres {

// A connection that never reconnects by itself, tells errors with all their fields and keeps notices to itself: they
// may hold data.
class PqxxConnection {
 public:
  explicit PqxxConnection(const std::string& connection_string) : connection_(connection_string) {
#if ESNAF_PQXX_6
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection_.inhibit_reactivation(true);
#pragma GCC diagnostic pop
    connection_.set_verbosity(pqxx::connection_base::verbose);
    quiet_.emplace(connection_);
#else
    connection_.set_verbosity(pqxx::error_verbosity::verbose);
#if ESNAF_PQXX_7_10
    connection_.set_notice_handler([](pqxx::zview) noexcept {});
#else
    quiet_.emplace(connection_);
#endif
#endif
  }

  pqxx::connection& get() { return connection_; }

  // Version 6 would wait for the first use; a wrong statement must stop the service at its start.
  void PrepareNow(const std::string& name, const char* sql) {
    connection_.prepare(name, sql);
#if ESNAF_PQXX_6
    connection_.prepare_now(name);
#endif
  }

 private:
  pqxx::connection connection_;
#if !ESNAF_PQXX_7_10
  std::optional<pqxx::quiet_errorhandler> quiet_;
#endif
};

#if ESNAF_PQXX_6
template <pqxx::isolation_level level>
std::unique_ptr<pqxx::transaction_base> BeginWith(pqxx::connection& connection, bool read_only) {
  if (read_only) return std::make_unique<pqxx::transaction<level, pqxx::read_only>>(connection);
  return std::make_unique<pqxx::transaction<level, pqxx::read_write>>(connection);
}
#else
template <pqxx::isolation_level level>
std::unique_ptr<pqxx::transaction_base> BeginWith(pqxx::connection& connection, bool read_only) {
  if (read_only) return std::make_unique<pqxx::transaction<level, pqxx::write_policy::read_only>>(connection);
  return std::make_unique<pqxx::transaction<level, pqxx::write_policy::read_write>>(connection);
}
#endif

inline std::unique_ptr<pqxx::transaction_base> Begin(pqxx::connection& connection, const TxOptions& options) {
  if (options.autocommit) return std::make_unique<pqxx::nontransaction>(connection);
  switch (options.isolation) {
    case Isolation::kRepeatableRead:
      return BeginWith<pqxx::isolation_level::repeatable_read>(connection, options.read_only);
    case Isolation::kSerializable:
      return BeginWith<pqxx::isolation_level::serializable>(connection, options.read_only);
    case Isolation::kReadCommitted:
      break;
  }
  return BeginWith<pqxx::isolation_level::read_committed>(connection, options.read_only);
}

#if ESNAF_PQXX_6
// Shows parameters to libpqxx as the C strings that it takes NULL from.
class ParamIterator {
 public:
  explicit ParamIterator(const Param* param) : param_(param) {}
  const char* operator*() const { return param_->text() ? param_->text()->c_str() : nullptr; }
  ParamIterator& operator++() {
    ++param_;
    return *this;
  }
  bool operator!=(const ParamIterator& other) const { return param_ != other.param_; }

 private:
  const Param* param_;
};

inline auto ToPqxx(std::span<const Param> params) {
  return pqxx::prepare::make_dynamic_params(ParamIterator(params.data()), ParamIterator(params.data() + params.size()));
}
#else
inline pqxx::params ToPqxx(std::span<const Param> params) {
  pqxx::params result;
  result.reserve(params.size());
  for (const Param& param : params) {
    if (param.text()) {
      result.append(pqxx::zview(*param.text()));
    } else {
      result.append();
    }
  }
  return result;
}
#endif

inline pqxx::result ExecPrepared(pqxx::transaction_base& transaction, const std::string& name,
                                 std::span<const Param> params) {
#if ESNAF_PQXX_7_10
  return transaction.exec(pqxx::prepped(name), ToPqxx(params));
#else
  return transaction.exec_prepared(name, ToPqxx(params));
#endif
}

inline pqxx::result ExecParams(pqxx::transaction_base& transaction, const std::string& sql,
                               std::span<const Param> params) {
#if ESNAF_PQXX_7_10
  return transaction.exec(sql, ToPqxx(params));
#else
  return transaction.exec_params(sql, ToPqxx(params));
#endif
}

#if ESNAF_PQXX_6
// Lines of COPY's text format, ready to be sent.
struct CopyLines {
  std::string text;
};

// stream_to turns what it is given into a line by this function, which it finds by the type's namespace. Version 6 can
// join the fields of a tuple only, whose number is fixed; ours are joined and escaped already.
inline const std::string& separated_list(const char*, const CopyLines& lines, const pqxx::internal::TypedCopyEscaper&) {
  return lines.text;
}

inline void AppendCopyField(std::string& line, const std::string& text) {
  for (char c : text) {
    switch (c) {
      case '\\':
        line += "\\\\";
        break;
      case '\t':
        line += "\\t";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      default:
        line.push_back(c);
    }
  }
}
#endif

// Writes rows by COPY. The table's and the columns' names are plain identifiers. Destroy it before its transaction
// ends.
class CopyWriter {
 public:
  CopyWriter(pqxx::transaction_base& transaction, const std::string& table, const std::vector<std::string>& columns)
#if ESNAF_PQXX_6
      : stream_(transaction, table, columns){}
#else
      : stream_(pqxx::stream_to::raw_table(transaction, table, pqxx::separated_list(",", columns))) {
  }
#endif

        void Write(const std::vector<Param>& row) {
#if ESNAF_PQXX_6
    std::string& text = lines_.text;
    if (pending_++ > 0) text.push_back('\n');
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text.push_back('\t');
      if (row[i].text()) {
        AppendCopyField(text, *row[i].text());
      } else {
        text += "\\N";
      }
    }
    // The stream ends each write with a new line, so several rows may go as one.
    if (text.size() > 32'768) Flush();
#else
    fields_.clear();
    for (const Param& field : row) {
      fields_.push_back(field.text() ? std::optional<std::string_view>(*field.text()) : std::nullopt);
    }
    stream_.write_row(fields_);
#endif
  }

  // Ends the COPY and throws what the server thought of it. Without it, version 6 would swallow that.
  void Complete() {
#if ESNAF_PQXX_6
    if (pending_ > 0) Flush();
#endif
    stream_.complete();
  }

 private:
  pqxx::stream_to stream_;
#if ESNAF_PQXX_6
  void Flush() {
    stream_ << lines_;
    lines_.text.clear();
    pending_ = 0;
  }
  CopyLines lines_;
  int pending_ = 0;  // rows in lines_
#else
  std::vector<std::optional<std::string_view>> fields_;
#endif
};

}  // namespace esnaf::postgres
