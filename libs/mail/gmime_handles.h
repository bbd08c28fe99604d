#pragma once

// Owners of what GMime makes. Only libs/mail includes GMime.
#include <gmime/gmime.h>

#include <memory>
#include <string>
#include <string_view>

namespace esnaf::mail {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <typename T>
using Handle = std::unique_ptr<T, Unref>;

struct FreeText {
  void operator()(char* text) const { g_free(text); }
};
using OwnedText = std::unique_ptr<char, FreeText>;

// Before anything else of GMime.
inline void StartGmime() {
  static const bool started = [] {
    g_mime_init();
    return true;
  }();
  static_cast<void>(started);
}

inline std::string TextOrEmpty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

inline std::string BytesOf(GMimeStream* memory) {
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

}  // namespace esnaf::mail
