#include "libs/postgres/connection_string.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::postgres {
namespace {

using Keywords = std::map<std::string, std::string, std::less<>>;

absl::Status InvalidConnectionString(std::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, "DATABASE_CONFIGURATION_INVALID", what);
}

bool IsPlainIdentifier(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

absl::StatusOr<Keywords> ParseKeywords(const std::string& connection_string) {
  // The parser's message may quote a part of the string, and so the password: it is dropped.
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(connection_string.c_str(), &message), PQconninfoFree);
  if (message != nullptr) PQfreemem(message);
  if (parsed == nullptr) {
    return InvalidConnectionString("the connection string is neither libpq's key=value form nor a postgresql:// URI");
  }
  Keywords keywords;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) keywords.emplace(option->keyword, option->val);
  }
  return keywords;
}

// Server options as the command line of a backend. They hold for the whole session without a round trip.
std::string ServerOptions(const ConnectionOptions& options) {
  return absl::StrCat("-c search_path=", options.schema, ",public",                                             //
                      " -c statement_timeout=", options.statement_timeout.count(),                              //
                      " -c lock_timeout=", options.lock_timeout.count(),                                        //
                      " -c idle_in_transaction_session_timeout=", options.idle_in_transaction_timeout.count(),  //
                      // Our statements touch few rows of tables that grow from nothing, with plans that are kept.
                      // Compiling them costs more than running them, and a plan that reads a whole table because it was
                      // small once, or because an array of unknown length was taken for a long one, is never right.
                      // Planning for the values of each call would cost most statements more than running them.
                      " -c jit=off -c enable_seqscan=off -c random_page_cost=1.1 -c plan_cache_mode=force_generic_plan",
                      " -c timezone=UTC -c datestyle=ISO -c bytea_output=hex -c client_min_messages=warning");
}

std::string Serialize(const Keywords& keywords) {
  std::string text;
  for (const auto& [key, value] : keywords) {
    absl::StrAppend(&text, text.empty() ? "" : " ", key, "='");
    for (char c : value) {
      if (c == '\'' || c == '\\') text.push_back('\\');
      text.push_back(c);
    }
    text.push_back('\'');
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> CompleteConnectionString(const ConnectionOptions& options) {
  if (!IsPlainIdentifier(options.schema)) {
    return InvalidConnectionString("a schema's name consists of a-z, 0-9 and _");
  }
  ESNAF_ASSIGN_OR_RETURN(Keywords keywords, ParseKeywords(options.connection_string));
  std::string& server_options = keywords["options"];
  if (!server_options.empty()) server_options.push_back(' ');
  // Behind the user's own, so that ours win: the code relies on them.
  server_options += ServerOptions(options);
  keywords["client_encoding"] = "UTF8";
  keywords.emplace("application_name", options.application_name);
  keywords.emplace("connect_timeout", "5");
  // A server that vanished without a word is noticed within half a minute.
  keywords.emplace("keepalives_idle", "10");
  keywords.emplace("keepalives_interval", "5");
  keywords.emplace("keepalives_count", "3");
  keywords.emplace("tcp_user_timeout", "20000");
  // Of several hosts the one that takes writes: after a failover the standby that was promoted.
  const auto host = keywords.find("host");
  if (host != keywords.end() && host->second.find(',') != std::string::npos) {
    keywords.emplace("target_session_attrs", "read-write");
  }
  return Serialize(keywords);
}

}  // namespace esnaf::postgres
