#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/mail/clean_text.h"
#include "libs/mail/gmime_handles.h"
#include "libs/mail/header_text.h"
#include "libs/mail/html_text.h"
#include "libs/mail/mail.h"
#include "libs/mail/mail_shape.h"

namespace esnaf::mail {
namespace {

constexpr std::size_t kMostIds = 200;
constexpr std::size_t kMostRecipients = 500;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxReasonBytes = 1000;

absl::Status Refuse(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, message);
}

std::string Header(GMimeObject* object, const char* name) {
  return CleanLine(TextOrEmpty(g_mime_object_get_header(object, name)));
}
std::string FoldedHeader(GMimeObject* object, const char* name) { return LowerCase(Header(object, name)); }

// As it stands in the mail, folded and encoded.
std::string RawHeader(GMimeObject* object, const char* name) {
  GMimeHeader* header = g_mime_header_list_get_header(g_mime_object_get_header_list(object), name);
  return header == nullptr ? "" : TextOrEmpty(g_mime_header_get_raw_value(header));
}

std::string WithoutBrackets(std::string id) {
  std::string bare;
  for (const char c : id) {
    if (c > ' ' && c <= '~' && c != '<' && c != '>') bare.push_back(c);
  }
  return bare;
}

// Every `<id>` in the text; GMime's own reader takes some servers' spaces for ends.
std::vector<std::string> IdsIn(std::string_view text) {
  std::vector<std::string> ids;
  while (ids.size() < kMostIds) {
    const std::size_t open = text.find('<');
    const std::size_t close = text.find('>', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    std::string id = WithoutBrackets(std::string(text.substr(open, close - open)));
    if (!id.empty()) ids.push_back(std::move(id));
    text.remove_prefix(close + 1);
  }
  return ids;
}

std::optional<Address> FirstAddress(InternetAddressList* list) {
  const int count = list == nullptr ? 0 : internet_address_list_length(list);
  for (int i = 0; i < count; ++i) {
    InternetAddress* one = internet_address_list_get_address(list, i);
    if (!INTERNET_ADDRESS_IS_MAILBOX(one)) continue;
    const std::string given = TextOrEmpty(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)));
    absl::StatusOr<std::string> address = NormalizeEmail(given);
    if (!address.ok()) continue;
    const std::string name = CleanLine(TextOrEmpty(internet_address_get_name(one)));
    return Address{std::string(Truncate(name, kMaxNameBytes)), *std::move(address)};
  }
  return std::nullopt;
}

void AddRecipients(InternetAddressList* list, std::vector<std::string>& recipients) {
  const int count = list == nullptr ? 0 : internet_address_list_length(list);
  for (int i = 0; i < count && recipients.size() < kMostRecipients; ++i) {
    InternetAddress* one = internet_address_list_get_address(list, i);
    if (!INTERNET_ADDRESS_IS_MAILBOX(one)) continue;
    const auto address = NormalizeEmail(TextOrEmpty(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one))));
    if (address.ok() && std::find(recipients.begin(), recipients.end(), *address) == recipients.end()) {
      recipients.push_back(*address);
    }
  }
}

std::string ContentOf(GMimePart* part) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (content == nullptr) return "";
  const Handle<GMimeStream> out(g_mime_stream_mem_new());
  g_mime_data_wrapper_write_to_stream(content, out.get());
  return BytesOf(out.get());
}

std::string MediaTypeOf(GMimeObject* object) {
  GMimeContentType* type = g_mime_object_get_content_type(object);
  const OwnedText text(type == nullptr ? nullptr : g_mime_content_type_get_mime_type(type));
  const std::string name = LowerCase(CleanLine(TextOrEmpty(text.get())));
  const bool usable = name.size() <= 100 && name.find('/') != std::string::npos;
  return usable ? name : "application/octet-stream";
}

// Without folders, so that it can be shown and saved as it is.
std::string FileNameOf(GMimePart* part) {
  std::string name = CleanLine(TextOrEmpty(g_mime_part_get_filename(part)));
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string::npos) name = name.substr(slash + 1);
  name = std::string(Truncate(name, kMaxNameBytes));
  return name.empty() || name == "." || name == ".." ? "attachment" : name;
}

// Walks over the parts and gathers what they say.
class PartReader {
 public:
  PartReader(const Limits& limits, Mail& mail) : limits_(limits), mail_(mail) {}

  absl::Status Read(GMimeObject* object, int depth) {
    if (object == nullptr) return absl::OkStatus();
    if (depth > limits_.most_depth) {
      return Refuse("MAIL_TOO_DEEP", absl::StrCat("the mail has parts deeper than ", limits_.most_depth));
    }
    if (++parts_ > limits_.most_parts) {
      return Refuse("MAIL_TOO_MANY_PARTS", absl::StrCat("the mail has more than ", limits_.most_parts, " parts"));
    }
    if (GMIME_IS_MULTIPART(object)) return ReadMultipart(GMIME_MULTIPART(object), depth);
    if (GMIME_IS_MESSAGE_PART(object)) return ReadEnclosed(GMIME_MESSAGE_PART(object), depth);
    if (GMIME_IS_PART(object)) ReadPart(GMIME_PART(object));
    return absl::OkStatus();
  }

  // Plain text where the writer gave any, else what the HTML says.
  std::string TakeText() { return Trim(plain_).empty() ? TextOfHtml(html_) : std::move(plain_); }

 private:
  absl::Status ReadMultipart(GMimeMultipart* multipart, int depth) {
    const std::string type = MediaTypeOf(GMIME_OBJECT(multipart));
    if (type == "multipart/report") {
      const char* kind = g_mime_object_get_content_type_parameter(GMIME_OBJECT(multipart), "report-type");
      if (LowerCase(TextOrEmpty(kind)) == "delivery-status" && !mail_.bounce) mail_.bounce.emplace();
    }
    const int count = g_mime_multipart_get_count(multipart);
    for (int i = 0; i < count; ++i) {
      ESNAF_RETURN_IF_ERROR(Read(g_mime_multipart_get_part(multipart, i), depth + 1));
    }
    return absl::OkStatus();
  }

  // A mail in a mail is kept as a file, and of a bounce it is the one that came back.
  absl::Status ReadEnclosed(GMimeMessagePart* part, int depth) {
    GMimeMessage* enclosed = g_mime_message_part_get_message(part);
    if (enclosed == nullptr) return absl::OkStatus();
    if (depth + 1 > limits_.most_depth) {
      return Refuse("MAIL_TOO_DEEP", absl::StrCat("the mail has parts deeper than ", limits_.most_depth));
    }
    if (mail_.bounce && mail_.bounce->original_message_id.empty()) {
      mail_.bounce->original_message_id = WithoutBrackets(TextOrEmpty(g_mime_message_get_message_id(enclosed)));
    }
    const Handle<GMimeStream> out(g_mime_stream_mem_new());
    g_mime_object_write_to_stream(GMIME_OBJECT(enclosed), nullptr, out.get());
    std::string name = DecodeHeader(RawHeader(GMIME_OBJECT(enclosed), "Subject"));
    for (char& c : name) {
      if (c == '/' || c == '\\') c = '-';
    }
    if (name.empty()) name = "mail";
    mail_.attachments.push_back(
        {std::string(Truncate(name, kMaxNameBytes)) + ".eml", "message/rfc822", BytesOf(out.get())});
    return absl::OkStatus();
  }

  void ReadPart(GMimePart* part) {
    const std::string type = MediaTypeOf(GMIME_OBJECT(part));
    const bool named = g_mime_part_get_filename(part) != nullptr;
    const bool attached = g_mime_part_is_attachment(part) || named;
    if (mail_.bounce && type == "message/delivery-status") {
      ReadDeliveryStatus(ContentOf(part));
    } else if (mail_.bounce && type == "text/rfc822-headers") {
      ReadReturnedHeaders(ContentOf(part));
    } else if (!attached && type == "text/plain") {
      AppendText(part, plain_);
    } else if (!attached && type == "text/html") {
      AppendText(part, html_);
    } else {
      mail_.attachments.push_back({FileNameOf(part), type, ContentOf(part)});
    }
  }

  static void AppendText(GMimePart* part, std::string& text) {
    const std::string charset = TextOrEmpty(g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset"));
    const std::string more = CleanText(ContentOf(part), charset);
    if (!text.empty() && !Trim(more).empty()) text += "\n";
    text += more;
  }

  // The fields of RFC 3464, of the first recipient that the mail failed for.
  void ReadDeliveryStatus(std::string_view content) {
    Bounce& bounce = *mail_.bounce;
    const std::string clean = CleanText(content, "UTF-8");
    for (const absl::string_view raw : absl::StrSplit(clean, '\n')) {
      const std::string_view line = ToStd(raw);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      const std::string name = LowerCase(Trim(line.substr(0, colon)));
      const std::string value(Trim(line.substr(colon + 1)));
      // After the kind, as in `rfc822; ali@example.com`.
      const std::size_t semicolon = value.find(';');
      const std::string bare(Trim(std::string_view(value).substr(semicolon == std::string::npos ? 0 : semicolon + 1)));
      if (name == "final-recipient" && bounce.recipient.empty()) {
        bounce.recipient = NormalizeEmail(bare).value_or("");
      } else if (name == "status" && bounce.status.empty()) {
        bounce.status = std::string(Truncate(value.substr(0, value.find(' ')), 20));
        bounce.permanent = bounce.status.starts_with('5');
      } else if (name == "diagnostic-code" && bounce.reason.empty()) {
        bounce.reason = std::string(Truncate(bare, kMaxReasonBytes));
      }
    }
  }

  void ReadReturnedHeaders(std::string_view content) {
    const std::string clean = CleanText(content, "UTF-8");
    for (std::size_t at = 0; at < clean.size() && mail_.bounce->original_message_id.empty();) {
      const std::string_view rest = std::string_view(clean).substr(at);
      if (absl::StartsWithIgnoreCase(ToAbsl(rest), "message-id:")) {
        const std::vector<std::string> ids = IdsIn(rest.substr(0, kMaxReasonBytes));
        if (!ids.empty()) mail_.bounce->original_message_id = ids.front();
      }
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) break;
      at += end + 1;
    }
  }

  const Limits& limits_;
  Mail& mail_;
  int parts_ = 0;
  std::string plain_;
  std::string html_;
};

int CountHeaders(GMimeObject* object, std::string_view name) {
  GMimeHeaderList* list = g_mime_object_get_header_list(object);
  int found = 0;
  for (int i = 0; i < g_mime_header_list_get_count(list); ++i) {
    const std::string header = TextOrEmpty(g_mime_header_get_name(g_mime_header_list_get_header_at(list, i)));
    if (absl::EqualsIgnoreCase(header, ToAbsl(name))) ++found;
  }
  return found;
}

bool HasHeader(GMimeObject* object, const char* name) { return g_mime_object_get_header(object, name) != nullptr; }

// What the headers say of who wrote: RFC 3834 and the marks of programs older than it.
void ReadNature(GMimeObject* object, Mail& mail) {
  const std::string submitted = FoldedHeader(object, "Auto-Submitted");
  const std::string precedence = FoldedHeader(object, "Precedence");
  const std::string suppress = FoldedHeader(object, "X-Auto-Response-Suppress");
  const std::string return_path = Header(object, "Return-Path");
  const std::string_view local = std::string_view(mail.from.address).substr(0, mail.from.address.find('@'));
  const bool by_server = local == "mailer-daemon" || local == "postmaster";
  if (return_path == "<>" && by_server && !mail.bounce) mail.bounce.emplace();
  mail.automatic = (!submitted.empty() && !submitted.starts_with("no")) || precedence == "auto_reply" ||
                   return_path == "<>" || by_server || mail.bounce.has_value() || HasHeader(object, "X-Autoreply") ||
                   HasHeader(object, "X-Autorespond") || HasHeader(object, "X-Auto-Reply") ||
                   HasHeader(object, "X-Failed-Recipients");
  const bool asks = suppress.find("all") != std::string::npos || suppress.find("oof") != std::string::npos ||
                    suppress.find("autoreply") != std::string::npos;
  mail.suppresses_answers = mail.automatic || asks || precedence == "bulk" || precedence == "list" ||
                            precedence == "junk" || HasHeader(object, "List-Id") ||
                            HasHeader(object, "List-Unsubscribe") || local == "no-reply" || local == "noreply";
}

void ReadRecipients(GMimeMessage* message, GMimeParserOptions* options, Mail& mail) {
  for (const char* name : {"Delivered-To", "X-Original-To"}) {
    const std::string value = Header(GMIME_OBJECT(message), name);
    if (value.empty()) continue;
    InternetAddressList* list = internet_address_list_parse(options, value.c_str());
    if (list == nullptr) continue;
    const Handle<InternetAddressList> owned(list);
    AddRecipients(list, mail.recipients);
  }
  AddRecipients(g_mime_message_get_to(message), mail.recipients);
  AddRecipients(g_mime_message_get_cc(message), mail.recipients);
}

void ReadDate(GMimeMessage* message, Mail& mail) {
  GDateTime* date = g_mime_message_get_date(message);
  if (date != nullptr) mail.date = Time(std::chrono::seconds(g_date_time_to_unix(date)));
}

struct FreeParserOptions {
  void operator()(GMimeParserOptions* options) const { g_mime_parser_options_free(options); }
};

}  // namespace

absl::StatusOr<Mail> Parse(std::string_view raw, const Limits& limits) {
  ESNAF_RETURN_IF_ERROR(CheckShape(raw, limits));
  StartGmime();
  const std::unique_ptr<GMimeParserOptions, FreeParserOptions> options(g_mime_parser_options_new());
  const char* fallbacks[] = {"utf-8", "windows-1254", "iso-8859-1", nullptr};
  g_mime_parser_options_set_fallback_charsets(options.get(), fallbacks);
  const Handle<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(raw.data(), raw.size()));
  const Handle<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  GMimeMessage* parsed = g_mime_parser_construct_message(parser.get(), options.get());
  if (parsed == nullptr) return Refuse("MAIL_UNREADABLE", "this is no mail");
  const Handle<GMimeMessage> message(parsed);
  GMimeObject* object = GMIME_OBJECT(message.get());

  Mail mail;
  mail.hops = CountHeaders(object, "Received");
  if (mail.hops > kMostHops) {
    return Refuse("MAIL_IN_CIRCLES", absl::StrCat("the mail passed ", mail.hops, " servers: it goes in circles"));
  }
  std::optional<Address> from = FirstAddress(g_mime_message_get_from(message.get()));
  if (!from) from = FirstAddress(g_mime_message_get_sender(message.get()));
  if (!from) return Refuse("MAIL_WITHOUT_SENDER", "the mail names nobody who sent it");
  mail.from = *std::move(from);
  mail.reply_to = FirstAddress(g_mime_message_get_reply_to(message.get()));
  mail.message_id = WithoutBrackets(TextOrEmpty(g_mime_message_get_message_id(message.get())));
  mail.in_reply_to = IdsIn(TextOrEmpty(g_mime_object_get_header(object, "In-Reply-To")));
  mail.references = IdsIn(TextOrEmpty(g_mime_object_get_header(object, "References")));
  mail.subject = DecodeHeader(RawHeader(object, "Subject"));
  ReadRecipients(message.get(), options.get(), mail);
  ReadDate(message.get(), mail);
  PartReader reader(limits, mail);
  ESNAF_RETURN_IF_ERROR(reader.Read(g_mime_message_get_mime_part(message.get()), 1));
  mail.text = reader.TakeText();
  while (!mail.text.empty() && (mail.text.back() == '\n' || mail.text.back() == ' ')) mail.text.pop_back();
  ReadNature(object, mail);
  return mail;
}

}  // namespace esnaf::mail
