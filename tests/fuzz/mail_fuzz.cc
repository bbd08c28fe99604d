// Any bytes are a mail or refused with a reason; what is read of one is clean text, the same twice, and what is new in
// it is its beginning. libFuzzer calls this.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "libs/base/error.h"
#include "libs/base/text.h"
#include "libs/mail/mail.h"
#include "libs/mail/quoted_text.h"
#include "libs/mail/thread.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esnaf;
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const auto read = mail::Parse(raw);
  const auto again = mail::Parse(raw);
  if (read.ok() != again.ok()) std::abort();
  if (!read.ok()) {
    if (ErrorReason(read.status()).empty()) std::abort();
    return 0;
  }
  if (read->text != again->text || read->attachments != again->attachments) std::abort();
  for (const std::string* text : {&read->text, &read->subject, &read->from.name, &read->message_id}) {
    if (!IsCleanUtf8(*text)) std::abort();
  }
  for (const mail::Attachment& attachment : read->attachments) {
    if (!IsCleanUtf8(attachment.name) || attachment.name.find('/') != std::string::npos) std::abort();
  }
  if (!read->text.starts_with(mail::WithoutQuotedText(read->text))) std::abort();
  mail::ThreadOf(*read, "destek@magaza.example", "key", {});
  return 0;
}
