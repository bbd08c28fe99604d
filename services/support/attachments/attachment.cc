#include "services/support/attachments/attachment.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxTypeBytes = 100;

// What a double click runs on people's machines.
constexpr std::string_view kProgramEndings[] = {
    "app", "apk", "appx", "bat", "chm", "cmd", "com", "cpl", "deb", "dll", "dmg", "exe", "gadget", "hta",  "inf",
    "ins", "iso", "jar",  "js",  "jse", "lnk", "msc", "msh", "msi", "msp", "mst", "pif", "ps1",    "psm1", "reg",
    "rpm", "scf", "scr",  "sct", "sh",  "sys", "url", "vb",  "vbe", "vbs", "vhd", "vxd", "ws",     "wsf",  "wsh"};

constexpr std::string_view kProgramTypes[] = {
    "application/x-msdownload", "application/x-msdos-program",
    "application/x-executable", "application/x-sh",
    "application/java-archive", "application/vnd.microsoft.portable-executable",
    "application/javascript",   "text/javascript"};

// Windows, Linux, macOS (both orders of bytes, both word lengths), and scripts.
bool BeginsLikeProgram(std::string_view content) {
  static constexpr std::string_view kBeginnings[] = {"MZ",
                                                     "\x7f"
                                                     "ELF",
                                                     "\xfe\xed\xfa\xce",
                                                     "\xfe\xed\xfa\xcf",
                                                     "\xce\xfa\xed\xfe",
                                                     "\xcf\xfa\xed\xfe",
                                                     "#!"};
  return std::any_of(std::begin(kBeginnings), std::end(kBeginnings),
                     [&](std::string_view beginning) { return content.starts_with(beginning); });
}

// After the last dot; Windows does not see dots and spaces at the end.
std::string EndingOf(std::string_view name) {
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.remove_suffix(1);
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : LowerCase(name.substr(dot + 1));
}

}  // namespace

std::string AttachmentName(std::string_view given) {
  const std::size_t slash = given.find_last_of("/\\");
  if (slash != std::string_view::npos) given.remove_prefix(slash + 1);
  std::string name;
  for (const char c : given) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte != 0x7F) name.push_back(c);
  }
  name = std::string(Truncate(Trim(name), kMaxNameBytes));
  return name.empty() || name == "." || name == ".." || !IsCleanUtf8(name) ? "attachment" : name;
}

bool IsMediaType(std::string_view type) {
  const std::size_t slash = type.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == type.size() || type.size() > kMaxTypeBytes) {
    return false;
  }
  for (std::size_t i = 0; i < type.size(); ++i) {
    const char c = type[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && i != slash && std::string_view("!#$&-^_.+").find(c) == std::string_view::npos) return false;
  }
  return true;
}

std::optional<std::string> WhyRefused(std::string_view name, std::string_view media_type, std::string_view content) {
  if (content.empty()) return "is empty";
  if (content.size() > kMaxAttachmentBytes) return absl::StrCat("is larger than ", kMaxAttachmentBytes, " bytes");
  const std::string ending = EndingOf(name);
  const std::string type = LowerCase(media_type.substr(0, media_type.find(';')));
  const bool program = std::ranges::find(kProgramEndings, ending) != std::end(kProgramEndings) ||
                       std::ranges::find(kProgramTypes, type) != std::end(kProgramTypes) || BeginsLikeProgram(content);
  if (program) return "is a program or script";
  return std::nullopt;
}

}  // namespace esnaf::support
