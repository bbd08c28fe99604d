#include "libs/base/text.h"

#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "libs/base/check.h"

namespace esnaf {
namespace {

constexpr std::size_t kMaxEmailBytes = 254;
constexpr std::size_t kMaxEmailLocalBytes = 64;
constexpr std::size_t kMaxDomainLabelBytes = 63;
constexpr std::size_t kMaxPhoneBytes = 64;
constexpr UChar32 kDotlessI = 0x131;

bool IsAsciiSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<signed char>(c) < 0) return false;
  }
  return true;
}

const icu::Normalizer2& Normalizer(const icu::Normalizer2* (*get)(UErrorCode&)) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = get(error);
  // Its data is part of ICU's library.
  ESNAF_CHECK(U_SUCCESS(error) && normalizer != nullptr);
  return *normalizer;
}

std::string Normalize(const icu::Normalizer2& normalizer, std::string_view text) {
  std::string normal;
  normal.reserve(text.size());
  icu::StringByteSink<std::string> sink(&normal);
  UErrorCode error = U_ZERO_ERROR;
  normalizer.normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, nullptr,
                           error);
  ESNAF_CHECK(U_SUCCESS(error));
  return normal;
}

// Appends what a search sees of a text: words with one space between them.
class WordAppender {
 public:
  explicit WordAppender(std::string& out) : out_(out) {}
  void Space() { pending_space_ = !out_.empty(); }
  void Append(const char* bytes, std::size_t count) {
    if (pending_space_) out_ += ' ';
    pending_space_ = false;
    out_.append(bytes, count);
  }

 private:
  std::string& out_;
  bool pending_space_ = false;
};

// Accents, cedillas, dots and vowel points; not the marks that make another letter in Indic scripts and kana.
bool IsDiacritic(UChar32 c) {
  const std::uint8_t combining_class = u_getCombiningClass(c);
  return combining_class == 1 || combining_class >= 10;
}

std::string FoldAnyScript(std::string_view text) {
  static const icu::Normalizer2& case_fold = Normalizer(icu::Normalizer2::getNFKCCasefoldInstance);
  static const icu::Normalizer2& decompose = Normalizer(icu::Normalizer2::getNFDInstance);
  const std::string letters = Normalize(decompose, Normalize(case_fold, text));
  std::string folded;
  folded.reserve(letters.size());
  WordAppender words(folded);
  const auto size = static_cast<std::int32_t>(letters.size());
  for (std::int32_t i = 0, start = 0; i < size; start = i) {
    UChar32 c;
    U8_NEXT_OR_FFFD(letters.data(), i, size, c);
    if (u_isUWhiteSpace(c)) {
      words.Space();
    } else if (c == kDotlessI) {
      words.Append("i", 1);
    } else if (!IsDiacritic(c)) {
      words.Append(letters.data() + start, static_cast<std::size_t>(i - start));
    }
  }
  return folded;
}

// Names in Latin letters, nearly all that there are, fold letter by letter: what each becomes is asked of ICU once,
// which makes them twenty times cheaper. No character of this range changes its neighbours.
constexpr UChar32 kLatinEnd = 0x180;
struct LatinFold {
  char bytes[6];
  std::uint8_t size;
  bool space;
};

std::array<LatinFold, kLatinEnd> MakeLatinFolds() {
  std::array<LatinFold, kLatinEnd> folds{};
  for (UChar32 c = 0; c < kLatinEnd; ++c) {
    std::string text = "x";
    icu::UnicodeString(c).toUTF8String(text);
    const std::string folded = FoldAnyScript(text + "x");
    const std::string between = folded.substr(1, folded.size() - 2);
    LatinFold& fold = folds[static_cast<std::size_t>(c)];
    ESNAF_CHECK(between.size() <= sizeof fold.bytes);
    std::copy(between.begin(), between.end(), fold.bytes);
    fold.size = static_cast<std::uint8_t>(between.size());
    fold.space = between == " ";
  }
  return folds;
}

// False where the text has other characters.
bool FoldLatin(std::string_view text, std::string& folded) {
  static const std::array<LatinFold, kLatinEnd> folds = MakeLatinFolds();
  folded.reserve(text.size());
  WordAppender words(folded);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      // Two bytes, the first of which is C2 to C5.
      if (c < 0xC2 || c > 0xC5 || i + 1 == text.size()) return false;
      const auto next = static_cast<unsigned char>(text[++i]);
      if ((next & 0xC0) != 0x80) return false;
      c = (c & 0x1F) << 6 | (next & 0x3F);
    }
    const LatinFold& fold = folds[c];
    if (fold.space) {
      words.Space();
    } else if (fold.size > 0) {
      words.Append(fold.bytes, fold.size);
    }
  }
  return true;
}

bool IsDomainCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || static_cast<signed char>(c) < 0;
}

bool IsDomain(std::string_view domain) {
  std::size_t labels = 0;
  std::string_view label;
  for (std::size_t start = 0; start <= domain.size(); start += label.size() + 1) {
    label = domain.substr(start, domain.find('.', start) - start);
    if (label.empty() || label.size() > kMaxDomainLabelBytes || label.front() == '-' || label.back() == '-')
      return false;
    for (const char c : label) {
      if (!IsDomainCharacter(c)) return false;
    }
    ++labels;
  }
  const bool digits_only = label.find_first_not_of("0123456789") == std::string_view::npos;
  return labels >= 2 && label.size() >= 2 && !digits_only;
}

bool IsEmailLocalPart(std::string_view local) {
  if (local.empty() || local.size() > kMaxEmailLocalBytes || local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  for (const char c : local) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) return false;
    if (std::string_view("\"(),:;<>@[\\]").find(c) != std::string_view::npos) return false;
  }
  return true;
}

absl::Status NoEmail() { return absl::InvalidArgumentError("is no e-mail address"); }
absl::Status NoPhone() { return absl::InvalidArgumentError("is no phone number"); }

// A Turkish number as E.164, where it is written in one of the usual ways: ten digits, alone or behind +90, 0090, 90 or
// 0, with whatever between them. It needs no tables, since Turkish numbers have no other length, and is hundreds of
// times cheaper than asking libphonenumber, which answers the same.
std::optional<std::string> TurkishE164(std::string_view text, std::string_view region) {
  constexpr std::size_t kNationalDigits = 10;
  const bool has_plus = !text.empty() && text.front() == '+';
  std::string digits;
  for (const char c : has_plus ? text.substr(1) : text) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c != ' ' && c != '-' && c != '(' && c != ')') {
      return std::nullopt;
    }
  }
  if (digits.size() < kNationalDigits) return std::nullopt;
  const std::string_view prefix = std::string_view(digits).substr(0, digits.size() - kNationalDigits);
  const std::string_view national = std::string_view(digits).substr(prefix.size());
  const bool national_form = prefix.empty() || prefix == "0" || prefix == "90" || prefix == "0090";
  const bool turkish = has_plus ? prefix == "90" : region == "TR" && national_form;
  if (!turkish || national.front() < '2' || national.front() > '5') return std::nullopt;
  return std::string("+90").append(national);
}

}  // namespace

bool IsCleanUtf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < size;) {
    UChar32 c = bytes[i];
    if (c < 0x80) {
      ++i;
    } else {
      U8_NEXT(bytes, i, size, c);
    }
    if (c <= 0) return false;
  }
  return true;
}

std::string FoldName(std::string_view text) {
  std::string folded;
  return FoldLatin(text, folded) ? folded : FoldAnyScript(text);
}

std::string LowerCase(std::string_view text) {
  std::string lower;
  icu::StringByteSink<std::string> sink(&lower);
  UErrorCode error = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower("", 0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, nullptr,
                            error);
  ESNAF_CHECK(U_SUCCESS(error));
  return lower;
}

absl::StatusOr<std::string> NormalizeEmail(std::string_view text) {
  text = Trim(text);
  if (text.size() > kMaxEmailBytes || !IsCleanUtf8(text)) return NoEmail();
  std::string email(text);
  if (!IsAscii(text)) {
    email = Normalize(Normalizer(icu::Normalizer2::getNFCInstance), text);
  }
  const std::size_t at = email.rfind('@');
  if (at == std::string::npos) return NoEmail();
  if (!IsAscii(email)) {
    icu::UnicodeString domain = icu::UnicodeString::fromUTF8(email.substr(at + 1));
    std::string lower;
    domain.toLower(icu::Locale::getRoot()).toUTF8String(lower);
    email.replace(at + 1, std::string::npos, Normalize(Normalizer(icu::Normalizer2::getNFCInstance), lower));
  }
  for (char& c : email) c = AsciiLower(c);
  const std::string_view address = email;
  if (email.size() > kMaxEmailBytes || !IsEmailLocalPart(address.substr(0, at)) || !IsDomain(address.substr(at + 1))) {
    return NoEmail();
  }
  return email;
}

absl::StatusOr<std::string> NormalizePhone(std::string_view text, std::string_view region) {
  using i18n::phonenumbers::PhoneNumber;
  using i18n::phonenumbers::PhoneNumberUtil;
  text = Trim(text);
  if (auto turkish = TurkishE164(text, region)) return *std::move(turkish);
  if (text.size() > kMaxPhoneBytes || !IsCleanUtf8(text)) return NoPhone();
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (util.Parse(std::string(text), std::string(region), &number) != PhoneNumberUtil::NO_PARSING_ERROR)
    return NoPhone();
  if (util.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) return NoPhone();
  std::string e164;
  util.Format(number, PhoneNumberUtil::E164, &e164);
  return e164;
}

std::string_view Truncate(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsAsciiSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsAsciiSpace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace esnaf
