#pragma once

// What is new in an answer: without the mail that it answers, which mail programs put below it.
#include <string>
#include <string_view>

namespace esnaf::mail {

// Knows the marks of Gmail, Outlook, Apple Mail, Thunderbird and Yahoo in Turkish and English. Keeps everything where
// the writer answers between the quoted lines, and where nothing else would be left. Takes and gives UTF-8 with \n.
std::string WithoutQuotedText(std::string_view text);

}  // namespace esnaf::mail
