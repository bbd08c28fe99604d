// The firm's mailboxes: what they are, what could not be taken, and the pipe by which a mail server delivers.
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/command_line.h"
#include "esnaf/support/v1/mailboxes.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

const std::string kService = "support.v1.MailboxService/";

struct Arguments {
  std::string mailbox, file;
};

void AddDeliver(CLI::App& mail, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* deliver =
      mail.add_subcommand("deliver", "Deliver a mail from standard input or a file, as a mail server's pipe");
  deliver->add_option("MAILBOX", arguments->mailbox, "The mailbox's id")->required();
  deliver->add_option("--file", arguments->file, "The mail (RFC 5322); standard input where it is not given");
  deliver->callback([&context, arguments] {
    v1::DeliverMailRequest request;
    request.set_mailbox_id(arguments->mailbox);
    if (arguments->file.empty()) {
      request.set_raw(std::string(std::istreambuf_iterator<char>(std::cin), {}));
    } else {
      std::ifstream file(arguments->file, std::ios::binary);
      if (!file) return context.Finish(absl::InvalidArgumentError("--file: cannot read " + arguments->file));
      request.set_raw(std::string(std::istreambuf_iterator<char>(file), {}));
    }
    const auto answer = context.client().Call<v1::DeliverMailResponse>(kService + "DeliverMail", request);
    if (answer.ok()) {
      const Table table{
          {"OUTCOME", "TICKET", "REPEATED"},
          {{v1::MailOutcome_Name(answer->outcome()), answer->ticket_id(), answer->repeated() ? "repeated" : ""}}};
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
    if (answer.ok()) return;
    // A mail server tries again what ends with EX_TEMPFAIL, and sends anything else back to its sender.
    context.exit_code = absl::IsInvalidArgument(answer.status()) ? EX_DATAERR : EX_TEMPFAIL;
  });
}

void AddMailboxes(CLI::App& mail, Context& context) {
  mail.add_subcommand("mailboxes", "List the mailboxes and how their fetching goes")->callback([&context] {
    const auto answer =
        context.client().Call<v1::ListMailboxesResponse>(kService + "ListMailboxes", v1::ListMailboxesRequest());
    if (answer.ok()) {
      Table table{{"ID", "ADDRESS", "STORE", "FETCHED", "FAILURE"}, {}};
      for (const v1::Mailbox& one : answer->mailboxes()) {
        table.rows.push_back({one.id(), one.address(), one.store_id(), ShowTime(one.fetch_time()),
                              one.disabled() ? "disabled" : one.fetch_failure()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

void AddDead(CLI::App& mail, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* dead = mail.add_subcommand("dead", "List the mails of a mailbox that could not be taken, and why");
  dead->add_option("MAILBOX", arguments->mailbox, "The mailbox's id")->required();
  dead->callback([&context, arguments] {
    v1::ListDeadMailsRequest request;
    request.set_mailbox_id(arguments->mailbox);
    const auto answer = context.client().Call<v1::ListDeadMailsResponse>(kService + "ListDeadMails", request);
    if (answer.ok()) {
      Table table{{"CAME", "SOURCE", "REASON", "BYTES", "MESSAGE"}, {}};
      for (const v1::DeadMail& one : answer->dead_mails()) {
        table.rows.push_back(
            {ShowTime(one.create_time()), one.source(), one.reason(), std::to_string(one.size_bytes()), one.message()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace

void AddMailCommands(CLI::App& app, Context& context) {
  auto* mail = app.add_subcommand("mail", "Mailboxes: deliver a mail, and see what could not be taken");
  mail->require_subcommand(1);
  AddDeliver(*mail, context);
  AddMailboxes(*mail, context);
  AddDead(*mail, context);
}

}  // namespace esnaf::cli
