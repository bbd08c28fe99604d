#include "cli/csv_reader.h"

#include <zlib.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>

#include "cli/output.h"
#include "libs/testing/catch.h"
#include "rapidcheck.h"

namespace esnaf::cli {
namespace {

// A file of its own for each text, gone with the guard.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text, bool gzip = false) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() / absl::StrFormat("esnaf-csv-test-%d-%d", getpid(), count++);
    if (gzip) {
      gzFile file = gzopen(path_.c_str(), "wb");
      gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
      gzclose(file);
    } else {
      std::ofstream(path_, std::ios::binary) << text;
    }
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

struct Read {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::int64_t> lines;
};

absl::StatusOr<Read> ReadAll(const std::string& path) {
  auto reader = CsvReader::Open(path);
  if (!reader.ok()) return reader.status();
  Read read;
  read.header = (*reader)->header();
  std::vector<std::string> row;
  while (true) {
    const auto found = (*reader)->Next(row);
    if (!found.ok()) return found.status();
    if (!*found) return read;
    read.rows.push_back(row);
    read.lines.push_back((*reader)->line());
  }
}

TEST_CASE("CSV: quotes, line breaks in cells, blank lines, CRLF and the line on which a row starts") {
  const TemporaryFile file(
      "\xEF\xBB\xBF"
      "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n2,\r\n3,last");
  const auto read = ReadAll(file.path());
  CHECK_OK(read);
  CHECK(read->header == std::vector<std::string>{"a", "b"});
  CHECK(read->rows == std::vector<std::vector<std::string>>{{"1", "x, \"y\"\nz"}, {"2", ""}, {"3", "last"}});
  CHECK(read->lines == std::vector<std::int64_t>{2, 5, 6});
}

TEST_CASE("CSV: the separator is what the header has most of, and gzip is read as it is") {
  const TemporaryFile semicolons("a;b;c\n1,5;2;3\n");
  CHECK(ReadAll(semicolons.path())->rows[0] == std::vector<std::string>{"1,5", "2", "3"});
  const TemporaryFile tabs("a\tb\n1\t2\n", true);
  CHECK(ReadAll(tabs.path())->rows[0] == std::vector<std::string>{"1", "2"});
}

TEST_CASE("CSV: what is broken is refused with its line") {
  const TemporaryFile open("a,b\n1,\"2\n");
  CHECK_STATUS_IS(ReadAll(open.path()).status(), absl::StatusCode::kInvalidArgument, ":2: a quote is not closed");
  const TemporaryFile behind("a,b\n1,\"2\"x\n");
  CHECK_STATUS_IS(ReadAll(behind.path()).status(), absl::StatusCode::kInvalidArgument, "behind a closing quote");
  const TemporaryFile empty("");
  CHECK_STATUS_IS(ReadAll(empty.path()).status(), absl::StatusCode::kInvalidArgument, "empty");
  CHECK_STATUS_IS(ReadAll("/nowhere/at/all.csv").status(), absl::StatusCode::kInvalidArgument, "cannot open");
}

TEST_CASE("CSV: what is written is read back") {
  REQUIRE(rc::check("cells of any text survive", [](const std::vector<std::pair<std::string, std::string>>& cells) {
    Table table{{"first", "second"}, {}};
    for (const auto& [a, b] : cells) {
      // A row of one empty cell is a blank line, which is skipped; two cells never are.
      table.rows.push_back({a, b});
    }
    const TemporaryFile file(RenderCsv(table));
    const auto read = ReadAll(file.path());
    RC_ASSERT(read.ok());
    RC_ASSERT(read->rows == table.rows);
  }));
}

}  // namespace
}  // namespace esnaf::cli
