#pragma once

// What an HTML mail says, as plain text. It is no browser: it knows blocks, lists, quotations and characters, and shows
// nothing of scripts, styles and comments.
#include <string>
#include <string_view>

namespace esnaf::mail {

// Lines of a quotation begin with `> `, as in plain mails. Takes and gives UTF-8.
std::string TextOfHtml(std::string_view html);

}  // namespace esnaf::mail
