#include "libs/mail/html_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "libs/base/text.h"

namespace esnaf::mail {
namespace {

constexpr int kMostQuoteDepth = 20;
constexpr std::size_t kMaxNameBytes = 20;
constexpr std::size_t kMostTagBytes = 65'536;

constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
    {"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""},  {"apos", "'"},   {"nbsp", " "},
    {"uuml", "ü"},   {"Uuml", "Ü"},   {"ouml", "ö"},   {"Ouml", "Ö"},   {"ccedil", "ç"}, {"Ccedil", "Ç"},
    {"scedil", "ş"}, {"Scedil", "Ş"}, {"gbreve", "ğ"}, {"Gbreve", "Ğ"}, {"inodot", "ı"}, {"imath", "ı"},
    {"Idot", "İ"},   {"auml", "ä"},   {"Auml", "Ä"},   {"eacute", "é"}, {"agrave", "à"}, {"acirc", "â"},
    {"icirc", "î"},  {"ucirc", "û"},  {"szlig", "ß"},  {"euro", "€"},   {"pound", "£"},  {"copy", "©"},
    {"reg", "®"},    {"trade", "™"},  {"hellip", "…"}, {"ndash", "–"},  {"mdash", "—"},  {"lsquo", "‘"},
    {"rsquo", "’"},  {"ldquo", "“"},  {"rdquo", "”"},  {"laquo", "«"},  {"raquo", "»"},  {"bull", "•"},
    {"middot", "·"}, {"deg", "°"},    {"times", "×"},  {"zwnj", ""},    {"shy", ""}};

bool IsBlock(std::string_view tag) {
  static constexpr std::array<std::string_view, 24> kBlocks = {
      "address", "article", "blockquote", "div",    "dl", "dt", "dd",  "footer",  "form",  "h1", "h2", "h3",
      "h4",      "h5",      "h6",         "header", "hr", "ol", "pre", "section", "table", "tr", "ul", "li"};
  return std::find(kBlocks.begin(), kBlocks.end(), tag) != kBlocks.end();
}

bool HidesContent(std::string_view tag) {
  return tag == "script" || tag == "style" || tag == "head" || tag == "title" || tag == "template";
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void AppendUtf8(std::uint32_t c, std::string& out) {
  const bool printable =
      c == '\n' || c == '\t' || (c >= ' ' && c <= 0x10FFFF && (c < 0x7F || c >= 0xA0) && (c < 0xD800 || c > 0xDFFF));
  if (!printable) return;
  if (c == 0xA0) c = ' ';
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (c >> 6)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (c >> 12)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (c >> 18)));
    out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

// Builds the text line by line: spaces run together, at most one empty line follows another.
class Lines {
 public:
  void Text(std::string_view text) {
    for (const char c : text) {
      if (IsSpace(c)) {
        space_ = !line_.empty();
        continue;
      }
      if (space_) line_.push_back(' ');
      space_ = false;
      line_.push_back(c);
    }
  }
  void EndLine() {
    const bool empty = line_.empty();
    if (empty && (out_.empty() || empty_before_)) return;
    for (int i = 0; i < depth_; ++i) out_ += empty && i + 1 == depth_ ? ">" : "> ";
    out_ += line_ + "\n";
    line_.clear();
    space_ = false;
    empty_before_ = empty;
  }
  // Begins a line unless one just began.
  void EndBlock() {
    if (!line_.empty()) EndLine();
  }
  void Quote(int by) {
    EndBlock();
    depth_ = std::clamp(depth_ + by, 0, kMostQuoteDepth);
  }
  std::string Take() {
    EndBlock();
    while (out_.ends_with("\n")) out_.pop_back();
    return std::move(out_);
  }

 private:
  std::string out_;
  std::string line_;
  bool space_ = false;
  bool empty_before_ = false;
  int depth_ = 0;
};

class HtmlReader {
 public:
  explicit HtmlReader(std::string_view html) : rest_(html) {}

  std::string Read() {
    while (!rest_.empty()) {
      const std::size_t next = rest_.find_first_of("<&");
      if (!Hidden()) lines_.Text(rest_.substr(0, next));
      if (next == std::string_view::npos) break;
      rest_.remove_prefix(next);
      if (rest_.front() == '<') {
        ReadTag();
      } else {
        ReadEntity();
      }
    }
    return lines_.Take();
  }

 private:
  bool Hidden() const { return !hidden_by_.empty(); }

  void ReadTag() {
    if (rest_.starts_with("<!--")) {
      const std::size_t end = rest_.find("-->");
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 3);
      return;
    }
    std::size_t at = 1;
    const bool closing = at < rest_.size() && rest_[at] == '/';
    if (closing) ++at;
    std::string tag;
    while (at < rest_.size() && tag.size() < kMaxNameBytes &&
           ((Lower(rest_[at]) >= 'a' && Lower(rest_[at]) <= 'z') ||
            (!tag.empty() && rest_[at] >= '0' && rest_[at] <= '9'))) {
      tag.push_back(Lower(rest_[at++]));
    }
    const bool declaration = at < rest_.size() && (rest_[at] == '!' || rest_[at] == '?');
    if (tag.empty() && !declaration) {
      // A lone `<`, as in `3 < 4`.
      if (!Hidden()) lines_.Text("<");
      rest_.remove_prefix(1);
      return;
    }
    rest_.remove_prefix(EndOfTag(at));
    Apply(tag, closing);
  }

  // After the `>` that ends the tag, which may stand in quotes before.
  std::size_t EndOfTag(std::size_t at) const {
    const std::size_t plain = rest_.find('>', at);
    char quote = 0;
    // No tag is longer; otherwise quotes that never end would make reading take the square of the mail's length.
    const std::size_t limit = std::min(rest_.size(), at + kMostTagBytes);
    for (; at < limit; ++at) {
      const char c = rest_[at];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        return at + 1;
      }
    }
    // A quote that never ends hides nothing.
    return plain == std::string_view::npos ? rest_.size() : plain + 1;
  }

  void Apply(const std::string& tag, bool closing) {
    if (Hidden()) {
      if (closing && tag == hidden_by_) hidden_by_.clear();
      // A head that is never closed ends where the body begins.
      if (tag == "body" && (hidden_by_ == "head" || hidden_by_ == "title")) hidden_by_.clear();
      return;
    }
    if (HidesContent(tag)) {
      if (!closing) hidden_by_ = tag;
    } else if (tag == "br") {
      lines_.EndLine();
    } else if (tag == "p") {
      lines_.EndBlock();
      if (closing) lines_.EndLine();
    } else if (tag == "blockquote") {
      lines_.Quote(closing ? -1 : 1);
    } else if (tag == "td" || tag == "th") {
      lines_.Text(" ");
    } else if (IsBlock(tag)) {
      lines_.EndBlock();
      if (tag == "li" && !closing) lines_.Text("- ");
    }
  }

  void ReadEntity() {
    const std::size_t end = rest_.substr(0, 12).find(';');
    std::string text;
    if (end != std::string_view::npos && Decode(rest_.substr(1, end - 1), text)) {
      rest_.remove_prefix(end + 1);
    } else {
      text = "&";
      rest_.remove_prefix(1);
    }
    if (!Hidden()) lines_.Text(text);
  }

  static bool Decode(std::string_view name, std::string& text) {
    if (name.starts_with('#')) {
      const bool hex = name.size() > 1 && Lower(name[1]) == 'x';
      const std::string_view digits = name.substr(hex ? 2 : 1);
      std::uint32_t c = 0;
      for (const char digit : digits) {
        const char lower = Lower(digit);
        const bool letter = hex && lower >= 'a' && lower <= 'f';
        if (!letter && (digit < '0' || digit > '9')) return false;
        c = c * (hex ? 16 : 10) + static_cast<std::uint32_t>(letter ? lower - 'a' + 10 : digit - '0');
        if (c > 0x10FFFF) return false;
      }
      if (digits.empty()) return false;
      AppendUtf8(c, text);
      return true;
    }
    for (const auto& [known, meaning] : kEntities) {
      if (known == name) {
        text = meaning;
        return true;
      }
    }
    return false;
  }

  std::string_view rest_;
  std::string hidden_by_;
  Lines lines_;
};

}  // namespace

std::string TextOfHtml(std::string_view html) { return HtmlReader(html).Read(); }

}  // namespace esnaf::mail
