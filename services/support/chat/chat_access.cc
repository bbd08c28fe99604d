#include "services/support/chat/chat_access.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/chat/chat_token.h"

namespace esnaf::support {
namespace {

using runtime::Caller;

constexpr std::size_t kMaxNameBytes = 200;

}  // namespace

bool SpeaksAsVisitor(const runtime::Call& call, const std::string& token) {
  const Caller::Kind kind = call.caller().kind;
  return !token.empty() || kind == Caller::Kind::kPublishable || kind == Caller::Kind::kStorefront;
}

absl::Status CheckChatAccess(const runtime::Call& call, const Chat& chat, const std::string& token,
                             const std::string& secret) {
  if (!call.caller().MaySee(chat.store_id)) return NotFound("chat", chat.id.ToString());
  if (!SpeaksAsVisitor(call, token) || IsChatToken(token, chat.id, secret)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "CHAT_TOKEN_INVALID", "the token is not the chat's",
                   {{"id", chat.id.ToString()}});
}

absl::StatusOr<ChatVisitor> ReadVisitor(const std::string& name, const std::string& email, const std::string& phone) {
  FieldViolations violations;
  ChatVisitor visitor{.name = std::string(Trim(name)), .email = {}, .phone = {}};
  if (visitor.name.size() > kMaxNameBytes || !IsCleanUtf8(visitor.name)) {
    violations.Add("visitor_name", "is no clean UTF-8 of at most 200 bytes");
  }
  if (!Trim(email).empty()) {
    const absl::StatusOr<std::string> normalized = NormalizeEmail(email);
    if (!normalized.ok()) violations.Add("visitor_email", "is no e-mail address");
    visitor.email = normalized.value_or("");
  }
  if (!Trim(phone).empty()) {
    const absl::StatusOr<std::string> normalized = NormalizePhone(phone);
    if (!normalized.ok()) violations.Add("visitor_phone", "is no phone number");
    visitor.phone = normalized.value_or("");
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return visitor;
}

std::optional<identity::IdentitySet> RequesterOf(const ChatVisitor& visitor) {
  if (visitor.email.empty() && visitor.phone.empty()) return std::nullopt;
  identity::IdentitySet set{
      .identities = {}, .given_name = {}, .family_name = {}, .display_name = visitor.name, .country_code = {}};
  if (!visitor.phone.empty()) {
    set.identities.push_back({.kind = identity::Kind::kPhone, .store_id = {}, .value = visitor.phone});
  }
  if (!visitor.email.empty()) {
    set.identities.push_back({.kind = identity::Kind::kEmail, .store_id = {}, .value = visitor.email});
  }
  return set;
}

absl::Status CheckChatText(const std::string& text, const std::string& client_message_id) {
  FieldViolations violations;
  if (Trim(text).empty() || text.size() > kMaxChatTextBytes || !IsCleanUtf8(text)) {
    violations.Add("text", absl::StrCat("is empty, or no clean UTF-8 of at most ", kMaxChatTextBytes, " bytes"));
  }
  if (client_message_id.size() > kMaxClientIdBytes || !IsCleanUtf8(client_message_id)) {
    violations.Add("client_message_id", absl::StrCat("is no clean UTF-8 of at most ", kMaxClientIdBytes, " bytes"));
  }
  return violations.ToStatus();
}

}  // namespace esnaf::support
