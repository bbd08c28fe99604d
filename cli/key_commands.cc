#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_join.h"
#include "cli/command_line.h"
#include "esnaf/gateway/v1/keys.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = gateway::v1;

const std::map<std::string, int> kKinds = {{"publishable", v1::API_KEY_KIND_PUBLISHABLE},
                                           {"storefront", v1::API_KEY_KIND_STOREFRONT},
                                           {"staff", v1::API_KEY_KIND_STAFF},
                                           {"admin", v1::API_KEY_KIND_ADMIN}};

std::string KindName(v1::ApiKeyKind kind) {
  for (const auto& [name, value] : kKinds) {
    if (value == kind) return name;
  }
  return "";
}

template <typename Keys>
Table KeyTable(const Keys& keys) {
  Table table{{"ID", "NAME", "KIND", "SCOPES", "STORES", "RATE", "PREFIX", "CREATED", "EXPIRES", "REVOKED"}, {}};
  for (const v1::ApiKey& key : keys) {
    table.rows.push_back({key.id(), key.display_name(), KindName(key.kind()), absl::StrJoin(key.scopes(), " "),
                          absl::StrJoin(key.store_ids(), " "),
                          key.rate_per_second() > 0 ? std::to_string(key.rate_per_second()) : "", key.prefix(),
                          ShowTime(key.create_time()), ShowTime(key.expire_time()), ShowTime(key.revoke_time())});
  }
  return table;
}

// A secret stands on standard output alone, so that a script can take it; the rest goes to standard error.
void ShowSecret(Context& context, const absl::StatusOr<v1::CreateApiKeyResponse>& answer) {
  if (answer.ok() && context.format == Format::kTable) {
    std::cerr << RenderTable(KeyTable(std::vector<v1::ApiKey>{answer->api_key()})) << "The secret is shown only now:\n";
    std::cout << answer->secret() << "\n";
  } else if (answer.ok()) {
    Print(context.format, KeyTable(std::vector<v1::ApiKey>{answer->api_key()}), *answer);
  }
  context.Finish(answer.status());
}

}  // namespace

void AddKeyCommands(CLI::App& app, Context& context) {
  auto* keys = app.add_subcommand("keys", "API keys");
  keys->require_subcommand(1);
  struct Arguments {
    std::string id, name;
    int kind = v1::API_KEY_KIND_STOREFRONT;
    std::vector<std::string> scopes, stores, origins;
    int rate = 0;
    std::int64_t grace = 0;
    bool revoked = false;
  };
  auto arguments = std::make_shared<Arguments>();

  auto* create = keys->add_subcommand("create", "Create a key and print its secret, this once");
  create->add_option("--name", arguments->name, "What people read")->required();
  create->add_option("--kind", arguments->kind, "publishable, storefront, staff or admin")
      ->transform(CLI::CheckedTransformer(kKinds, CLI::ignore_case));
  create->add_option("--scope", arguments->scopes, "For example orders.write, contacts.*, *.read; may be repeated");
  create->add_option("--store", arguments->stores, "Only these stores; may be repeated");
  create->add_option("--origin", arguments->origins, "The web origins of a publishable key; may be repeated");
  create->add_option("--rate", arguments->rate, "Calls a second; 0 for no limit of its own");
  create->callback([&context, arguments] {
    v1::CreateApiKeyRequest request;
    auto& key = *request.mutable_api_key();
    key.set_display_name(arguments->name);
    key.set_kind(static_cast<v1::ApiKeyKind>(arguments->kind));
    for (const auto& scope : arguments->scopes) key.add_scopes(scope);
    for (const auto& store : arguments->stores) key.add_store_ids(store);
    for (const auto& origin : arguments->origins) key.add_allowed_origins(origin);
    key.set_rate_per_second(arguments->rate);
    ShowSecret(context, context.client().Call<v1::CreateApiKeyResponse>("gateway.v1.ApiKeyService/CreateApiKey",
                                                                        request, false));
  });

  auto* list = keys->add_subcommand("list", "List keys, without their secrets");
  list->add_flag("--revoked", arguments->revoked, "Revoked ones too");
  list->callback([&context, arguments] {
    v1::ListApiKeysRequest request;
    request.set_page_size(1000);
    request.set_show_revoked(arguments->revoked);
    const auto page = context.client().Call<v1::ListApiKeysResponse>("gateway.v1.ApiKeyService/ListApiKeys", request);
    if (page.ok()) Print(context.format, KeyTable(page->api_keys()), *page);
    context.Finish(page.status());
  });

  auto* revoke = keys->add_subcommand("revoke", "Revoke a key at once");
  revoke->add_option("id", arguments->id, "The key's id")->required();
  revoke->callback([&context, arguments] {
    v1::RevokeApiKeyRequest request;
    request.set_id(arguments->id);
    const auto key = context.client().Call<v1::ApiKey>("gateway.v1.ApiKeyService/RevokeApiKey", request, false);
    if (key.ok()) Print(context.format, KeyTable(std::vector<v1::ApiKey>{*key}), *key);
    context.Finish(key.status());
  });

  auto* rotate = keys->add_subcommand("rotate", "Give a key a new secret and print it, this once");
  rotate->add_option("id", arguments->id, "The key's id")->required();
  rotate->add_option("--grace", arguments->grace, "For how many seconds the old secret goes on");
  rotate->callback([&context, arguments] {
    v1::RotateApiKeyRequest request;
    request.set_id(arguments->id);
    request.set_grace_seconds(arguments->grace);
    ShowSecret(context, context.client().Call<v1::CreateApiKeyResponse>("gateway.v1.ApiKeyService/RotateApiKey",
                                                                        request, false));
  });
}

}  // namespace esnaf::cli
