#pragma once

// How text is compared. Turkish is first class: the four i's of İSTANBUL, istanbul, Istanbul and ıstanbul meet.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace esnaf {

// Whether the text is UTF-8 without NUL, which Postgres can keep.
bool IsCleanUtf8(std::string_view text);

// Folds a name for search and comparison: NFKD, case folded by ICU root rules, dotless and dotted i made one,
// diacritics dropped (ş = s, ç = c, ğ = g, ü = u, ö = o), white space collapsed and trimmed.
std::string FoldName(std::string_view text);

// Lower case by ICU root rules, whatever the locale.
std::string LowerCase(std::string_view text);

// The form by which e-mail addresses are compared: trimmed, NFC, ASCII letters lower-cased independent of any
// locale, the domain lower-cased. INVALID_ARGUMENT unless it is `local@domain.tld` of at most 254 bytes.
absl::StatusOr<std::string> NormalizeEmail(std::string_view text);

// E.164 with `+`. A number without a country code is taken as one of `region` (ISO 3166-1, for example `TR`).
// INVALID_ARGUMENT where it can be no number of that region.
absl::StatusOr<std::string> NormalizePhone(std::string_view text, std::string_view region = "TR");

// At most `bytes` of the text, cut at a character's border.
std::string_view Truncate(std::string_view text, std::size_t bytes);
// Without ASCII white space at both ends.
std::string_view Trim(std::string_view text);

}  // namespace esnaf
