// Forms by which tickets come in from web pages.
#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "esnaf/support/v1/forms.pb.h"

namespace esnaf::cli {

namespace v1 = support::v1;

void AddFormCommands(CLI::App& app, Context& context) {
  auto* forms = app.add_subcommand("forms", "Forms by which tickets come in from web pages");
  forms->require_subcommand(1);
  auto* list = forms->add_subcommand("list", "The forms, how many tickets each made, and how much spam");
  list->callback([&context] {
    v1::ListTicketFormsRequest request;
    request.set_page_size(1000);
    const auto answer =
        context.client().Call<v1::ListTicketFormsResponse>("support.v1.TicketFormService/ListTicketForms", request);
    if (answer.ok()) {
      Table table{{"ID", "STORE", "TICKETS", "SPAM", "DISABLED", "PAGE", "NAME"}, {}};
      for (const v1::TicketForm& form : answer->forms()) {
        table.rows.push_back({form.id(), form.store_id(), std::to_string(form.ticket_count()),
                              std::to_string(form.spam_count()), form.disabled() ? "yes" : "", "/f/" + form.id(),
                              form.display_name()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace esnaf::cli
