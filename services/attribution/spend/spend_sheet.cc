#include "services/attribution/spend/spend_sheet.h"

#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include <memory>

#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

// A quoted cell that is longer is taken for one whose quote was never closed.
constexpr std::size_t kMaxQuotedBytes = 8192;
constexpr std::size_t kZerosLookedAt = 512;

absl::StatusOr<std::string> FromEncoding(std::string_view bytes, const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(ucnv_open(name, &error), &ucnv_close);
  if (U_FAILURE(error)) return absl::InternalError("an encoding is missing");
  const icu::UnicodeString text(bytes.data(), static_cast<std::int32_t>(bytes.size()), converter.get(), error);
  if (U_FAILURE(error)) return absl::InvalidArgumentError(std::string("is no ") + name);
  std::string utf8;
  text.toUTF8String(utf8);
  return utf8;
}

// UTF-16 of mostly Latin letters has a zero in every other byte.
const char* ZerosSay(std::string_view bytes) {
  std::size_t zeros[2] = {};
  const std::size_t looked_at = std::min(bytes.size(), kZerosLookedAt) & ~std::size_t{1};
  for (std::size_t i = 0; i < looked_at; ++i) zeros[i % 2] += bytes[i] == '\0' ? 1 : 0;
  if (looked_at == 0 || zeros[0] + zeros[1] < looked_at / 4) return nullptr;
  return zeros[1] > zeros[0] ? "UTF-16LE" : "UTF-16BE";
}

class SheetReader {
 public:
  SheetReader(std::string_view text, char separator, const SheetBounds& bounds)
      : text_(text), separator_(separator), bounds_(bounds) {}

  // Ends behind `most` rows.
  absl::StatusOr<std::vector<SheetRow>> Read(std::size_t most) {
    std::vector<SheetRow> rows;
    std::size_t cells = 0;
    while (at_ < text_.size() && rows.size() < most) {
      ESNAF_ASSIGN_OR_RETURN(SheetRow row, ReadRow());
      const bool blank = row.mistake.empty() && row.cells.size() == 1 && Trim(row.cells[0]).empty();
      if (blank) continue;
      if (rows.size() == bounds_.rows) return TooMany(row.line, "the report has", bounds_.rows, "rows");
      cells += row.cells.size();
      if (cells > bounds_.cells) return TooMany(row.line, "the report has", bounds_.cells, "cells");
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  static absl::Status TooMany(std::int64_t line, std::string_view who, std::size_t most, std::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", line, ": ", std::string(who), " more than ", most, " ", std::string(what)));
  }

  absl::StatusOr<SheetRow> ReadRow() {
    const std::size_t begin = at_;
    SheetRow row{.line = line_};
    do {
      if (row.cells.size() == bounds_.cells_of_row) return TooMany(row.line, "it has", bounds_.cells_of_row, "cells");
      row.cells.emplace_back();
      row.mistake = ReadCell(row.cells.back());
    } while (row.mistake.empty() && Take(separator_));
    if (!row.mistake.empty()) {
      // What follows on the next line may be whole again.
      at_ = std::min(text_.find('\n', begin), text_.size());
      line_ = row.line;
      row.cells = {std::string(Trim(text_.substr(begin, std::min<std::size_t>(at_ - begin, 200))))};
    }
    EndLine();
    return row;
  }

  // Answers what is wrong with it; empty where nothing is.
  std::string ReadCell(std::string& cell) {
    if (!Take('"')) {
      const char ends[] = {separator_, '\n', '\0'};
      const std::size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
      std::string_view bare = text_.substr(at_, end - at_);
      if (end < text_.size() && text_[end] == '\n' && bare.ends_with('\r')) bare.remove_suffix(1);
      if (end == text_.size() && bare.ends_with('\r')) bare.remove_suffix(1);
      cell = bare;
      at_ = end;
      return {};
    }
    while (at_ < text_.size() && cell.size() <= kMaxQuotedBytes) {
      const char c = text_[at_++];
      if (c == '"' && !Take('"')) {
        if (at_ < text_.size() && text_[at_] == '\r') ++at_;
        const bool ends = at_ == text_.size() || text_[at_] == separator_ || text_[at_] == '\n';
        return ends ? "" : "text behind a closing quote";
      }
      if (c == '\n') ++line_;
      cell += c;
    }
    return "a quote is not closed";
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void EndLine() {
    if (Take('\n')) ++line_;
  }

  const std::string_view text_;
  const char separator_;
  const SheetBounds bounds_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

absl::StatusOr<DecodedText> DecodeText(std::string_view bytes) {
  const auto decode = [&](std::size_t mark, const char* name, bool guessed) -> absl::StatusOr<DecodedText> {
    ESNAF_ASSIGN_OR_RETURN(std::string text, FromEncoding(bytes.substr(mark), name));
    return DecodedText{std::move(text), name, guessed};
  };
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.starts_with("\xFF\xFE")) return decode(2, "UTF-16LE", false);
  if (bytes.starts_with("\xFE\xFF")) return decode(2, "UTF-16BE", false);
  if (const char* name = ZerosSay(bytes)) return decode(0, name, true);
  if (IsCleanUtf8(bytes)) return DecodedText{std::string(bytes), "UTF-8", false};
  // A few bad bytes do not make another encoding of a text that has other letters in valid UTF-8; its lines are named.
  if (bytes.find("\xC4\xB1") != std::string_view::npos || bytes.find("\xC3\xBC") != std::string_view::npos ||
      bytes.find('\0') != std::string_view::npos) {
    return DecodedText{std::string(bytes), "UTF-8", false};
  }
  return decode(0, "windows-1254", true);
}

absl::StatusOr<std::vector<SheetRow>> ReadSheet(std::string_view text, char separator, const SheetBounds& bounds) {
  return SheetReader(text, separator, bounds).Read(text.size());
}

absl::StatusOr<std::vector<SheetRow>> ReadFirstRows(std::string_view text, char separator, std::size_t most) {
  return SheetReader(text, separator, SheetBounds()).Read(most);
}

}  // namespace esnaf::attribution
