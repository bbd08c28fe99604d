#pragma once

// A file that comes with a message, and which ones are taken.
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::support {

inline constexpr std::size_t kMaxAttachmentBytes = 12 << 20;
inline constexpr std::size_t kMostAttachments = 20;  // of a message

struct Attachment {
  Uuid id;
  std::optional<Uuid> ticket_id;
  std::optional<Uuid> message_id;
  std::string name;
  std::string media_type;
  std::int64_t size_bytes = 0;
  std::string sha256;
  std::string actor;
  Time create_time;
};

// The name without folders and control characters, at most 200 bytes; `attachment` where nothing is left.
std::string AttachmentName(std::string_view given);

// Whether it is `type/subtype` in the characters that RFC 6838 allows, so that it can stand in a header.
bool IsMediaType(std::string_view type);

// Why the file is not taken, for people: empty, too large, or a program or script by its name, its type or its first
// bytes. None where it is.
std::optional<std::string> WhyRefused(std::string_view name, std::string_view media_type, std::string_view content);

}  // namespace esnaf::support
