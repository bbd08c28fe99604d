#pragma once

// The `esnaf` command line: its commands, each in the file of its domain, and how they hang together.
#include <functional>
#include <memory>
#include <string>

#include "cli/client.h"
#include "cli/output.h"

namespace CLI {
class App;
}

namespace esnaf::cli {

// What every command is given.
struct Context {
  ClientOptions client_options;
  Format format = Format::kTable;
  int exit_code = kOk;

  Client client() const { return Client(client_options); }
  // Prints the answer, or the error, and sets the exit code.
  void Finish(const absl::Status& status);
};

// Each hangs its commands under `app`. The context outlives it.
void AddContactCommands(CLI::App& app, Context& context);
void AddOrderCommands(CLI::App& app, Context& context);
void AddCartCommands(CLI::App& app, Context& context);
void AddProductCommands(CLI::App& app, Context& context);
void AddRfmCommands(CLI::App& app, Context& context);
void AddSegmentCommands(CLI::App& app, Context& context);
void AddValueCommands(CLI::App& app, Context& context);
void AddSpendCommands(CLI::App& app, Context& context);
void AddTouchCommands(CLI::App& app, Context& context);
void AddAttributionCommands(CLI::App& app, Context& context);
void AddConversionCommands(CLI::App& app, Context& context);
void AddTicketCommands(CLI::App& app, Context& context);
void AddQueueCommands(CLI::App& app, Context& context);
void AddSlaCommands(CLI::App& app, Context& context);
void AddMailCommands(CLI::App& app, Context& context);
void AddFormCommands(CLI::App& app, Context& context);
void AddSurveyCommands(CLI::App& app, Context& context);
void AddIysCommands(CLI::App& app, Context& context);
void AddArticleCommands(CLI::App& app, Context& context);
void AddChatCommands(CLI::App& app, Context& context);
void AddAutomationCommands(CLI::App& app, Context& context);
// Below those of tickets.
void AddSupportReportCommands(CLI::App& app, Context& context);
void AddKeyCommands(CLI::App& app, Context& context);
void AddOpsCommands(CLI::App& app, Context& context);
void AddHookCommands(CLI::App& app, Context& context);
void AddDemoCommands(CLI::App& app, Context& context);

// Prints a completion script of all commands and options for `bash` or `zsh`.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

int RunCommandLine(int argc, const char* const* argv);

}  // namespace esnaf::cli
