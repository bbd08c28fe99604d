#include "cli/csv_reader.h"

#include <zlib.h>

#include <array>

#include "absl/strings/str_join.h"
#include "libs/base/macros.h"

namespace esnaf::cli {

// zlib reads plain files as they are and gzip files unpacked.
struct CsvReader::File {
  ~File() { gzclose(handle); }
  gzFile handle = nullptr;
  std::array<char, 1 << 16> buffer;
  int size = 0;
  int next = 0;
  bool failed = false;

  bool Fill() {
    next = 0;
    size = gzread(handle, buffer.data(), buffer.size());
    failed = size < 0;
    return size > 0;
  }
};

CsvReader::CsvReader(std::unique_ptr<File> file) : file_(std::move(file)) {}
CsvReader::~CsvReader() = default;

int CsvReader::Peek() {
  if (file_->next == file_->size && !file_->Fill()) return -1;
  return static_cast<unsigned char>(file_->buffer[file_->next]);
}

int CsvReader::Get() {
  const int c = Peek();
  if (c >= 0) ++file_->next;
  if (c == '\n') ++line_;
  return c;
}

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(const std::string& path) {
  gzFile handle = gzopen(path.c_str(), "rb");
  if (handle == nullptr) return absl::InvalidArgumentError(absl::StrCat("cannot open ", path));
  gzbuffer(handle, 1 << 17);
  auto file = std::make_unique<File>();
  file->handle = handle;
  std::unique_ptr<CsvReader> reader(new CsvReader(std::move(file)));
  reader->path_ = path;

  // The first line is in the buffer, which is larger than any header.
  if (reader->Peek() < 0) return absl::InvalidArgumentError(absl::StrCat(path, ": is empty or cannot be read"));
  File& opened = *reader->file_;
  std::string_view text(opened.buffer.data(), opened.size);
  if (text.substr(0, 3) == "\xEF\xBB\xBF") opened.next = 3;
  text = text.substr(0, text.find('\n'));
  for (char candidate : {';', '\t'}) {
    if (std::count(text.begin(), text.end(), candidate) > std::count(text.begin(), text.end(), reader->separator_)) {
      reader->separator_ = candidate;
    }
  }
  ESNAF_ASSIGN_OR_RETURN(const bool found, reader->Next(reader->header_));
  if (!found) return absl::InvalidArgumentError(absl::StrCat(path, ": has no header"));
  return reader;
}

absl::StatusOr<std::size_t> CsvReader::Column(std::string_view name) const {
  for (std::size_t c = 0; c < header_.size(); ++c) {
    if (header_[c] == name) return c;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: has no column \"%s\"; it has: %s", path_, name, absl::StrJoin(header_, ", ")));
}

absl::StatusOr<bool> CsvReader::Next(std::vector<std::string>& row) {
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const bool found, ReadRow(row));
    if (!found) return false;
    if (row.size() > 1 || !row[0].empty()) return true;
  }
}

absl::StatusOr<bool> CsvReader::ReadRow(std::vector<std::string>& row) {
  row.clear();
  row_line_ = line_;
  if (Peek() < 0) {
    if (file_->failed) return absl::InvalidArgumentError(absl::StrCat(path_, ":", line_, ": the file is damaged"));
    return false;
  }
  std::string cell;
  bool quoted = false;
  while (true) {
    int c = Get();
    if (c == '"' && cell.empty() && !quoted) {
      quoted = true;
      while (true) {
        c = Get();
        if (c < 0) return absl::InvalidArgumentError(absl::StrCat(path_, ":", row_line_, ": a quote is not closed"));
        if (c == '"' && Peek() != '"') break;
        if (c == '"') Get();
        cell += static_cast<char>(c);
      }
      continue;
    }
    if (c == '\r' && Peek() == '\n') continue;
    if (c == separator_ || c == '\n' || c < 0) {
      row.push_back(std::move(cell));
      cell.clear();
      quoted = false;
      if (c != separator_) return true;
      continue;
    }
    if (quoted) return absl::InvalidArgumentError(absl::StrCat(path_, ":", line_, ": text behind a closing quote"));
    cell += static_cast<char>(c);
  }
}

}  // namespace esnaf::cli
