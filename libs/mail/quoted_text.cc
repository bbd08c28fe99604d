#include "libs/mail/quoted_text.h"

#include <array>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/text.h"

namespace esnaf::mail {
namespace {

using Lines = std::vector<std::string_view>;

// An attribution is wrapped over at most this many lines.
constexpr std::size_t kMostAttributionLines = 3;
constexpr std::size_t kMaxAttributionBytes = 500;
// Among so many lines stand the fields of a header block that Outlook writes above what it quotes.
constexpr std::size_t kHeaderBlockLines = 6;

Lines SplitLines(std::string_view text) {
  Lines lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

bool IsQuoted(std::string_view line) { return Trim(line).starts_with('>'); }
bool IsBlank(std::string_view line) { return Trim(line).empty(); }

// `*Kimden:* x`: Gmail turns Outlook's bold into stars.
std::string_view WithoutStars(std::string_view line) {
  line = Trim(line);
  while (line.starts_with('*')) line.remove_prefix(1);
  return line;
}

bool StartsWithAny(std::string_view line, std::span<const std::string_view> beginnings) {
  for (const std::string_view beginning : beginnings) {
    if (line.starts_with(beginning)) return true;
  }
  return false;
}

constexpr std::array<std::string_view, 3> kSenderFields = {"From:", "Kimden:", "Gönderen:"};
constexpr std::array<std::string_view, 6> kTimeFields = {
    "Sent:", "Date:", "Gönderildi:", "Gönderme Tarihi:", "Tarih:", "Gönderilme Tarihi:"};
constexpr std::array<std::string_view, 5> kOtherFields = {"To:", "Subject:", "Kime:", "Konu:", "Alıcı:"};

// The block of fields that Outlook puts above: sender, time, and addressee or subject.
bool BeginsHeaderBlock(const Lines& lines, std::size_t at) {
  if (!StartsWithAny(WithoutStars(lines[at]), kSenderFields)) return false;
  bool time = false, other = false;
  for (std::size_t i = at + 1; i < lines.size() && i <= at + kHeaderBlockLines; ++i) {
    const std::string_view line = WithoutStars(lines[i]);
    time = time || StartsWithAny(line, kTimeFields);
    other = other || StartsWithAny(line, kOtherFields);
  }
  return time && other;
}

// `-----Original Message-----` and its like.
bool IsSeparator(std::string_view line) {
  line = Trim(line);
  if (!line.starts_with("---") || !line.ends_with("---")) return false;
  while (line.starts_with('-')) line.remove_prefix(1);
  while (line.ends_with('-')) line.remove_suffix(1);
  const std::string words = FoldName(line);
  static constexpr std::array<std::string_view, 7> kWords = {"original message", "orijinal ileti", "ozgun ileti",
                                                             "orijinal mesaj",   "ozgun mesaj",    "iletilen ileti",
                                                             "yanitlanan ileti"};
  return StartsWithAny(words, kWords);
}

// The line of underscores that Outlook draws above its header block.
bool IsRule(std::string_view line) {
  line = Trim(line);
  return line.size() >= 10 && line.find_first_not_of('_') == std::string_view::npos;
}

bool IsAttribution(std::string_view text) {
  text = Trim(text);
  if (text.empty() || text.size() > kMaxAttributionBytes) return false;
  const bool has_digit = text.find_first_of("0123456789") != std::string_view::npos;
  if (!has_digit) return false;
  if (text.starts_with("On ") && text.ends_with(" wrote:")) return true;
  // `Ali <a@b.com>, 22 Kas 2026 Paz, 10:00 tarihinde şunu yazdı:`; Apple Mail puts the time last, in brackets.
  if (text.ends_with(" yazdı:") && (text.find(" tarihinde") != text.npos || text.find('@') != text.npos)) return true;
  static constexpr std::array<std::string_view, 3> kApple = {"şunları yazdı (", "şunu yazdı (", "şöyle yazdı ("};
  for (const std::string_view words : kApple) {
    if (text.find(words) != std::string_view::npos && text.ends_with("):")) return true;
  }
  return false;
}

// Whether a line that ends like this goes on with the time: `Ali <ali@example.com>,`.
bool EndsWithSender(std::string_view line) {
  line = Trim(line);
  return line.ends_with(',') || (line.ends_with('>') && line.find('@') != std::string_view::npos);
}

// How many lines an attribution that begins here has; none where none does.
std::optional<std::size_t> AttributionAt(const Lines& lines, std::size_t at) {
  std::string joined, without_first;
  for (std::size_t count = 1; count <= kMostAttributionLines && at + count <= lines.size(); ++count) {
    const std::string_view line = Trim(lines[at + count - 1]);
    if (line.empty() || line.starts_with('>')) return std::nullopt;
    if (count > 1) joined += " ";
    joined += line;
    if (count > 1) absl::StrAppend(&without_first, without_first.empty() ? "" : " ", std::string(line));
    // What stands right above an attribution is a part of it only where it names the sender.
    if (count > 1 && IsAttribution(without_first) && !EndsWithSender(lines[at])) return std::nullopt;
    if (IsAttribution(joined)) return count;
  }
  return std::nullopt;
}

// Where what is quoted begins, for programs that mark it by what stands above; all below is quoted.
std::optional<std::size_t> MarkedBeginning(const Lines& lines) {
  const auto last_quoted = std::find_if(lines.rbegin(), lines.rend(), [](const auto& line) { return IsQuoted(line); });
  const auto quoted_end = static_cast<std::size_t>(lines.rend() - last_quoted);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (IsQuoted(lines[i])) continue;
    if (IsSeparator(lines[i]) || BeginsHeaderBlock(lines, i)) return i;
    if (IsRule(lines[i])) {
      std::size_t next = i + 1;
      while (next < lines.size() && IsBlank(lines[next])) ++next;
      if (next < lines.size() && BeginsHeaderBlock(lines, next)) return i;
    }
    const std::optional<std::size_t> attribution = AttributionAt(lines, i);
    if (!attribution) continue;
    // Where the quoted lines are marked themselves, the end of the text says more (TrailingQuote).
    if (quoted_end <= i + *attribution) return i;
  }
  return std::nullopt;
}

// Where the quoted lines begin with which the text ends, the attribution above them included.
std::optional<std::size_t> TrailingQuote(const Lines& lines) {
  std::size_t begin = lines.size();
  bool quoted = false;
  while (begin > 0 && (IsBlank(lines[begin - 1]) || IsQuoted(lines[begin - 1]))) {
    --begin;
    quoted = quoted || IsQuoted(lines[begin]);
  }
  if (!quoted) return std::nullopt;
  for (std::size_t back = std::min(kMostAttributionLines, begin); back > 0; --back) {
    if (AttributionAt(lines, begin - back) == back) return begin - back;
  }
  return begin;
}

std::string Join(const Lines& lines, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += lines[i];
    text += '\n';
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

std::string WithoutQuotedText(std::string_view text) {
  const Lines lines = SplitLines(text);
  std::size_t end = MarkedBeginning(lines).value_or(lines.size());
  const Lines head(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(end));
  end = TrailingQuote(head).value_or(end);
  const std::string rest = Join(lines, end);
  return Trim(rest).empty() ? Join(lines, lines.size()) : rest;
}

}  // namespace esnaf::mail
