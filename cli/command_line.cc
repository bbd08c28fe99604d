#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_join.h"

namespace esnaf::cli {

void Context::Finish(const absl::Status& status) {
  if (!status.ok()) PrintError(status);
  exit_code = ExitCodeOf(status);
}

namespace {

// `esnaf orders` -> the words that may follow it, for each command.
void CollectWords(const CLI::App& app, const std::string& path,
                  std::vector<std::pair<std::string, std::string>>& words) {
  std::vector<std::string> next;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    next.push_back(sub->get_name());
    CollectWords(*sub, absl::StrCat(path, " ", sub->get_name()), words);
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) next.push_back("--" + name);
  }
  words.emplace_back(path, absl::StrJoin(next, " "));
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  std::vector<std::pair<std::string, std::string>> words;
  CollectWords(app, "esnaf", words);
  std::string script;
  if (shell == "zsh") script += "autoload -U +X bashcompinit && bashcompinit\n";
  script +=
      "_esnaf() {\n  local path=esnaf word\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in -*) ;; *) path=\"$path $word\" ;; esac\n  done\n  local words=\n  case $path in\n";
  for (const auto& [path, next] : words) script += absl::StrFormat("    \"%s\") words=\"%s\" ;;\n", path, next);
  script +=
      "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
      "complete -o default -F _esnaf esnaf\n";
  return script;
}

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app("The command line of Esnaf, a CRM for e-commerce. It talks to the gateway.", "esnaf");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Show the help of every command");
  app.footer(
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not found, 4 not allowed, 5 unreachable, 6 some rows "
      "rejected.");

  Context context;
  app.add_option("--address", context.client_options.address, "The gateway's gRPC address")
      ->envname("ESNAF_ADDRESS")
      ->capture_default_str();
  app.add_option("--key-file", context.client_options.key_file,
                 "A file that holds the API key (else ESNAF_KEY, else .esnaf/admin.key)")
      ->envname("ESNAF_KEY_FILE");
  const std::map<std::string, Format> formats = {
      {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}};
  app.add_option("--output,-o", context.format, "table, json or csv")
      ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case));

  AddContactCommands(app, context);
  AddOrderCommands(app, context);
  AddCartCommands(app, context);
  AddProductCommands(app, context);
  AddRfmCommands(app, context);
  AddSegmentCommands(app, context);
  AddValueCommands(app, context);
  AddSpendCommands(app, context);
  AddTouchCommands(app, context);
  AddAttributionCommands(app, context);
  AddConversionCommands(app, context);
  AddTicketCommands(app, context);
  AddQueueCommands(app, context);
  AddSlaCommands(app, context);
  AddMailCommands(app, context);
  AddSurveyCommands(app, context);
  AddIysCommands(app, context);
  AddFormCommands(app, context);
  AddArticleCommands(app, context);
  AddChatCommands(app, context);
  AddAutomationCommands(app, context);
  AddSupportReportCommands(app, context);
  AddKeyCommands(app, context);
  AddOpsCommands(app, context);
  AddHookCommands(app, context);
  AddDemoCommands(app, context);
  std::string shell;
  auto* completion = app.add_subcommand("completion", "Print a completion script: source <(esnaf completion bash)");
  completion->add_option("shell", shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  completion->callback([&] { std::cout << CompletionScript(app, shell); });

  // The options above may follow the command as well.
  std::function<void(CLI::App&)> fall_through = [&](CLI::App& command) {
    command.fallthrough();
    for (CLI::App* sub : command.get_subcommands([](CLI::App*) { return true; })) fall_through(*sub);
  };
  fall_through(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return context.exit_code;
}

}  // namespace esnaf::cli
