#include "libs/mail/compose.h"

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/mail/clean_text.h"
#include "libs/mail/gmime_handles.h"
#include "libs/mail/header_text.h"

namespace esnaf::mail {
namespace {

constexpr std::size_t kMostReferences = 20;

struct FreeOptions {
  void operator()(GMimeFormatOptions* options) const { g_mime_format_options_free(options); }
};

// Ids are put between <> as they are, so they may hold nothing that ends them.
bool IsMessageId(std::string_view id) {
  for (const char c : id) {
    if (c <= ' ' || c > '~' || c == '<' || c == '>') return false;
  }
  return !id.empty() && id.size() <= 900;
}

std::string ReferencesOf(const Outgoing& mail) {
  std::string text;
  const std::vector<std::string>& all = mail.references;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool kept = i == 0 || i + kMostReferences > all.size();
    if (kept && IsMessageId(all[i])) absl::StrAppend(&text, text.empty() ? "" : " ", "<", all[i], ">");
  }
  return text;
}

absl::Status AddAddress(GMimeMessage* message, GMimeAddressType type, const Address& given, const std::string& field) {
  const absl::StatusOr<std::string> address = NormalizeEmail(given.address);
  if (!address.ok()) return InvalidField(field, "is no e-mail address");
  const std::string name = CleanLine(given.name);
  g_mime_message_add_mailbox(message, type, name.empty() ? nullptr : name.c_str(), address->c_str());
  return absl::OkStatus();
}

Handle<GMimeObject> TextPart(const std::string& text, const char* subtype) {
  GMimeTextPart* part = g_mime_text_part_new_with_subtype(subtype);
  const std::string clean = CleanText(text, "UTF-8");
  g_mime_text_part_set_text(part, clean.c_str());
  g_mime_text_part_set_charset(part, "utf-8");
  g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  return Handle<GMimeObject>(GMIME_OBJECT(part));
}

Handle<GMimeObject> AttachmentPart(const Attachment& attachment) {
  const std::size_t slash = attachment.media_type.find('/');
  const std::string type = slash == std::string::npos ? "application" : attachment.media_type.substr(0, slash);
  const std::string subtype = slash == std::string::npos ? "octet-stream" : attachment.media_type.substr(slash + 1);
  GMimePart* part = g_mime_part_new_with_type(type.c_str(), subtype.c_str());
  Handle<GMimeObject> owned(GMIME_OBJECT(part));
  g_mime_object_set_disposition(owned.get(), "attachment");
  g_mime_part_set_filename(part, CleanLine(attachment.name).c_str());
  const Handle<GMimeStream> stream(
      g_mime_stream_mem_new_with_buffer(attachment.content.data(), attachment.content.size()));
  const Handle<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part, content.get());
  g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
  return owned;
}

// A container whose boundary is derived, so that the same mail is the same bytes.
Handle<GMimeObject> Multipart(const char* subtype, const Outgoing& mail) {
  GMimeMultipart* parts = g_mime_multipart_new_with_subtype(subtype);
  g_mime_multipart_set_boundary(parts, ("=_" + Sha256Hex(subtype + mail.message_id).substr(0, 32)).c_str());
  return Handle<GMimeObject>(GMIME_OBJECT(parts));
}

Handle<GMimeObject> ReadablePart(const Outgoing& mail) {
  if (mail.html.empty()) return TextPart(mail.text, "plain");
  Handle<GMimeObject> both = Multipart("alternative", mail);
  // What readers like best comes last.
  g_mime_multipart_add(GMIME_MULTIPART(both.get()), TextPart(mail.text, "plain").get());
  g_mime_multipart_add(GMIME_MULTIPART(both.get()), TextPart(mail.html, "html").get());
  return both;
}

Handle<GMimeObject> BodyOf(const Outgoing& mail) {
  Handle<GMimeObject> text = ReadablePart(mail);
  if (mail.attachments.empty()) return text;
  Handle<GMimeObject> owned = Multipart("mixed", mail);
  GMimeMultipart* const mixed = GMIME_MULTIPART(owned.get());
  g_mime_multipart_add(mixed, text.get());
  for (const Attachment& attachment : mail.attachments) {
    g_mime_multipart_add(mixed, AttachmentPart(attachment).get());
  }
  return owned;
}

void SetSubject(GMimeMessage* message, const std::string& subject) {
  g_mime_message_set_subject(message, subject.c_str(), "utf-8");
  bool plain = subject.size() <= 200 && subject.find("=?") == std::string::npos;
  std::size_t word = 0;
  for (const char c : subject) {
    word = c == ' ' ? 0 : word + 1;
    plain = plain && c >= ' ' && c <= '~' && word <= 60;
  }
  if (plain) return;
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
  g_mime_header_set_raw_value(g_mime_header_list_get_header(headers, "Subject"),
                              (EncodeHeader(subject) + "\n").c_str());
}

void AddHeaders(const Outgoing& mail, GMimeMessage* message) {
  GMimeObject* object = GMIME_OBJECT(message);
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(mail.date).time_since_epoch().count();
  GDateTime* date = g_date_time_new_from_unix_utc(seconds);
  g_mime_message_set_date(message, date);
  g_date_time_unref(date);
  SetSubject(message, CleanLine(mail.subject));
  g_mime_message_set_message_id(message, mail.message_id.c_str());
  if (IsMessageId(mail.in_reply_to)) {
    g_mime_object_set_header(object, "In-Reply-To", absl::StrCat("<", mail.in_reply_to, ">").c_str(), nullptr);
  }
  if (const std::string references = ReferencesOf(mail); !references.empty()) {
    g_mime_object_set_header(object, "References", references.c_str(), nullptr);
  }
  if (mail.automatic) {
    g_mime_object_set_header(object, "Auto-Submitted", "auto-replied", nullptr);
    g_mime_object_set_header(object, "X-Auto-Response-Suppress", "All", nullptr);
  }
  g_mime_object_set_header(object, "MIME-Version", "1.0", nullptr);
}

}  // namespace

absl::StatusOr<std::string> Compose(const Outgoing& mail) {
  StartGmime();
  if (!IsMessageId(mail.message_id)) return InvalidField("message_id", "is no id of a mail");
  const Handle<GMimeMessage> message(g_mime_message_new(TRUE));
  ESNAF_RETURN_IF_ERROR(AddAddress(message.get(), GMIME_ADDRESS_TYPE_FROM, mail.from, "from"));
  ESNAF_RETURN_IF_ERROR(AddAddress(message.get(), GMIME_ADDRESS_TYPE_TO, mail.to, "to"));
  if (!mail.reply_to.empty()) {
    ESNAF_RETURN_IF_ERROR(AddAddress(message.get(), GMIME_ADDRESS_TYPE_REPLY_TO, {"", mail.reply_to}, "reply_to"));
  }
  AddHeaders(mail, message.get());
  g_mime_message_set_mime_part(message.get(), BodyOf(mail).get());
  const std::unique_ptr<GMimeFormatOptions, FreeOptions> format(g_mime_format_options_new());
  g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
  const Handle<GMimeStream> out(g_mime_stream_mem_new());
  if (g_mime_object_write_to_stream(GMIME_OBJECT(message.get()), format.get(), out.get()) < 0) {
    return absl::InternalError("the mail could not be written");
  }
  return BytesOf(out.get());
}

std::string ReplySubject(std::string_view subject) {
  const std::string folded = FoldName(subject.substr(0, 8));
  for (const std::string_view mark : {"re:", "ynt:", "cvp:", "yan:"}) {
    if (std::string_view(folded).starts_with(mark)) return std::string(subject);
  }
  return absl::StrCat("Re: ", std::string(subject));
}

}  // namespace esnaf::mail
