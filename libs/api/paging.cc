#include "libs/api/paging.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <memory>

#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/text.h"

namespace esnaf::api {
namespace {

// A token is base64url of: the version, the fingerprint (8 bytes), then each value as its length + 1 (0 is NULL) in a
// 32-bit number and its bytes. All numbers are big-endian.
constexpr char kVersion = 1;
constexpr std::size_t kMaxTokenBytes = 65536;

void AppendNumber(std::string& out, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 255);
}

// Takes a number off the front; false where too little is left.
bool TakeNumber(std::string_view& rest, int bytes, std::uint64_t& number) {
  if (rest.size() < static_cast<std::size_t>(bytes)) return false;
  number = 0;
  for (int i = 0; i < bytes; ++i) number = number << 8 | static_cast<unsigned char>(rest[static_cast<std::size_t>(i)]);
  rest.remove_prefix(static_cast<std::size_t>(bytes));
  return true;
}

bool TakeKey(std::string_view rest, PageKey& key) {
  while (!rest.empty()) {
    std::uint64_t length;
    if (!TakeNumber(rest, 4, length)) return false;
    if (length == 0) {
      key.push_back(std::nullopt);
      continue;
    }
    --length;
    // Values come back to Postgres as text, which must be clean.
    if (rest.size() < length || !IsCleanUtf8(rest.substr(0, length))) return false;
    key.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return !key.empty();
}

absl::Status BadToken(std::string_view description) { return InvalidField("page_token", description); }

void ClearField(google::protobuf::Message& message, const char* name) {
  if (const auto* field = message.GetDescriptor()->FindFieldByName(name))
    message.GetReflection()->ClearField(&message, field);
}

}  // namespace

absl::StatusOr<int> PageSize(std::int32_t requested, int default_size, int max_size) {
  if (requested < 0) return InvalidField("page_size", "is negative");
  return requested == 0 ? default_size : std::min<int>(requested, max_size);
}

std::uint64_t ListFingerprint(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> arguments(request.New());
  arguments->CopyFrom(request);
  ClearField(*arguments, "page_size");
  ClearField(*arguments, "page_token");
  // The name keeps the tokens of methods with the same arguments apart.
  std::string text = request.GetTypeName();
  text += '\0';
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    arguments->SerializeToCodedStream(&coded);
  }
  const std::string digest = Sha256(text);
  std::string_view rest = digest;
  std::uint64_t fingerprint = 0;
  TakeNumber(rest, 8, fingerprint);
  return fingerprint;
}

std::string MakePageToken(std::uint64_t fingerprint, const PageKey& key) {
  std::string bytes(1, kVersion);
  AppendNumber(bytes, fingerprint, 8);
  for (const std::optional<std::string>& value : key) {
    AppendNumber(bytes, value ? value->size() + 1 : 0, 4);
    if (value) bytes += *value;
  }
  return Base64UrlEncode(bytes);
}

absl::StatusOr<PageKey> ReadPageToken(std::string_view token, std::uint64_t fingerprint) {
  if (token.empty()) return PageKey();
  const std::optional<std::string> bytes = token.size() > kMaxTokenBytes ? std::nullopt : Base64UrlDecode(token);
  if (!bytes || bytes->empty() || bytes->front() != kVersion) return BadToken("is no token that a list answered");
  std::string_view rest = std::string_view(*bytes).substr(1);
  std::uint64_t made_for;
  PageKey key;
  if (!TakeNumber(rest, 8, made_for) || !TakeKey(rest, key)) return BadToken("is no token that a list answered");
  if (made_for != fingerprint) return BadToken("was answered to a request with other arguments");
  return key;
}

}  // namespace esnaf::api
