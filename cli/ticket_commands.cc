#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/calls.pb.h"
#include "esnaf/support/v1/history.pb.h"
#include "esnaf/support/v1/macros.pb.h"
#include "esnaf/support/v1/states.pb.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "esnaf/support/v1/views.pb.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

struct Arguments {
  std::string id, filter, query, contact, order_by, page_token, subject, text, store, priority, assignee, team, into,
      macro, state, tag;
  std::vector<std::string> ids;
  bool public_note = false, solve = false, from_customer = false;
  int page_size = 50;
};

// `TICKET_STATE_PENDING_CUSTOMER` as people read it.
std::string Short(const std::string& name, const std::string& prefix) {
  return absl::AsciiStrToLower(name.substr(std::min(prefix.size(), name.size())));
}
std::string StateText(v1::TicketState state) { return Short(v1::TicketState_Name(state), "TICKET_STATE_"); }
std::string PriorityText(v1::TicketPriority priority) {
  return Short(v1::TicketPriority_Name(priority), "TICKET_PRIORITY_");
}

Table TicketTable(const google::protobuf::RepeatedPtrField<v1::Ticket>& tickets) {
  Table table{{"NUMBER", "STATE", "PRIORITY", "DUE", "BREACHED", "ASSIGNEE", "SUBJECT", "ID"}, {}};
  for (const v1::Ticket& ticket : tickets) {
    const std::string& name = ticket.state_name_en().empty() ? ticket.state_name_tr() : ticket.state_name_en();
    const std::string state = StateText(ticket.state()) + (name.empty() ? "" : ": " + name);
    table.rows.push_back({std::to_string(ticket.number()), state, PriorityText(ticket.priority()),
                          ShowTime(ticket.next_due_time()), ticket.breached() ? "breached" : "", ticket.assignee(),
                          ticket.subject(), ticket.id()});
  }
  return table;
}

void PrintTicket(Context& context, const absl::StatusOr<v1::Ticket>& ticket) {
  if (ticket.ok()) {
    v1::ListTicketsResponse one;
    *one.add_tickets() = *ticket;
    Print(context.format, TicketTable(one.tickets()), *ticket);
  }
  context.Finish(ticket.status());
}

template <typename Request>
absl::StatusOr<v1::Ticket> CallVerb(Context& context, const std::string& method, const Request& request) {
  return context.client().Call<v1::Ticket>("support.v1.TicketService/" + method, request);
}

// A verb that needs nothing but the ticket.
template <typename Request>
void AddVerb(CLI::App& tickets, Context& context, const std::string& name, const std::string& method,
             const std::string& help) {
  auto arguments = std::make_shared<Arguments>();
  auto* command = tickets.add_subcommand(name, help);
  command->add_option("ID", arguments->id, "The ticket's id")->required();
  command->callback([&context, arguments, method] {
    Request request;
    request.set_id(arguments->id);
    PrintTicket(context, CallVerb(context, method, request));
  });
}

void AddList(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* list = tickets.add_subcommand("list", "List tickets, those changed last first");
  list->add_option("--filter", arguments->filter,
                   "For example: state = OPEN AND priority = URGENT AND breached = true");
  list->add_option("--query", arguments->query, "Words of the subject, the tags or a message");
  list->add_option("--contact", arguments->contact, "Only those of this person");
  list->add_option("--order-by", arguments->order_by, "For example: next_due_time");
  list->add_option("--page-size", arguments->page_size, "The most tickets")->capture_default_str();
  list->add_option("--page-token", arguments->page_token, "Where the last page ended");
  list->callback([&context, arguments] {
    v1::ListTicketsRequest request;
    request.set_filter(arguments->filter);
    request.set_query(arguments->query);
    request.set_contact_id(arguments->contact);
    request.set_order_by(arguments->order_by);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto answer = context.client().Call<v1::ListTicketsResponse>("support.v1.TicketService/ListTickets", request);
    if (answer.ok()) Print(context.format, TicketTable(answer->tickets()), *answer);
    context.Finish(answer.status());
  });
}

void AddShow(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* show = tickets.add_subcommand("show", "Show what was said in a ticket");
  show->add_option("ID", arguments->id, "The ticket's id")->required();
  show->callback([&context, arguments] {
    v1::ListTicketMessagesRequest request;
    request.set_ticket_id(arguments->id);
    request.set_page_size(1000);
    const auto answer =
        context.client().Call<v1::ListTicketMessagesResponse>("support.v1.TicketService/ListTicketMessages", request);
    if (answer.ok()) {
      Table table{{"TIME", "WHO", "KIND", "TEXT"}, {}};
      for (const v1::TicketMessage& message : answer->messages()) {
        table.rows.push_back(
            {ShowTime(message.create_time()), Short(v1::TicketAuthor_Name(message.author()), "TICKET_AUTHOR_"),
             Short(v1::TicketMessageKind_Name(message.kind()), "TICKET_MESSAGE_KIND_"), message.text()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

void AddElsewhere(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* elsewhere = tickets.add_subcommand("elsewhere", "Show what the requester said in other tickets, newest first");
  elsewhere->add_option("ID", arguments->id, "The ticket's id")->required();
  elsewhere->add_option("--page-size", arguments->page_size, "The most messages")->capture_default_str();
  elsewhere->add_option("--page-token", arguments->page_token, "Where the last page ended");
  elsewhere->callback([&context, arguments] {
    v1::ListRequesterMessagesRequest request;
    request.set_ticket_id(arguments->id);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto answer = context.client().Call<v1::ListRequesterMessagesResponse>(
        "support.v1.RequesterHistoryService/ListRequesterMessages", request);
    if (answer.ok()) {
      std::map<std::string, std::int64_t> numbers;
      for (const v1::Ticket& ticket : answer->tickets()) numbers[ticket.id()] = ticket.number();
      Table table{{"TIME", "TICKET", "CHANNEL", "WHO", "TEXT"}, {}};
      for (const v1::TicketMessage& message : answer->messages()) {
        table.rows.push_back({ShowTime(message.create_time()), std::to_string(numbers[message.ticket_id()]),
                              Short(contacts::v1::Channel_Name(message.channel()), "CHANNEL_"),
                              Short(v1::TicketAuthor_Name(message.author()), "TICKET_AUTHOR_"), message.text()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

void AddStates(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* states = tickets.add_subcommand("states", "List the names of the firm's own for states");
  states->add_option("--store", arguments->store, "Only those that tickets of this store can have");
  states->callback([&context, arguments] {
    v1::ListTicketStatesRequest request;
    request.set_store_id(arguments->store);
    request.set_page_size(1000);
    const auto answer =
        context.client().Call<v1::ListTicketStatesResponse>("support.v1.TicketStateService/ListTicketStates", request);
    if (answer.ok()) {
      Table table{{"ID", "TYPE", "STORE", "TURKISH", "ENGLISH"}, {}};
      for (const v1::NamedTicketState& state : answer->states()) {
        table.rows.push_back({state.id(), StateText(state.type()), state.store_id(), state.name_tr(), state.name_en()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });

  auto moving = std::make_shared<Arguments>();
  auto* move = tickets.add_subcommand("move", "Put a ticket in a state of the firm's own naming");
  move->add_option("ID", moving->id, "The ticket's id")->required();
  move->add_option("STATE", moving->state, "The named state's id")->required();
  move->callback([&context, moving] {
    v1::MoveTicketRequest request;
    request.set_id(moving->id);
    request.set_state_id(moving->state);
    PrintTicket(context, context.client().Call<v1::Ticket>("support.v1.TicketStateService/MoveTicket", request));
  });
}

void AddDeadlines(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* deadlines = tickets.add_subcommand("deadlines", "Explain when something of a ticket is due, and why");
  deadlines->add_option("ID", arguments->id, "The ticket's id")->required();
  deadlines->callback([&context, arguments] {
    v1::ExplainTicketDeadlinesRequest request;
    request.set_ticket_id(arguments->id);
    const auto answer = context.client().Call<v1::ExplainTicketDeadlinesResponse>(
        "support.v1.TicketService/ExplainTicketDeadlines", request);
    if (answer.ok()) {
      Table table{{"METRIC", "FROM", "TO", "CLOCK", "MINUTES", "DUE"}, {}};
      for (const v1::ExplainedDeadline& explained : answer->deadlines()) {
        const std::string metric = Short(v1::SlaMetric_Name(explained.deadline().metric()), "SLA_METRIC_");
        for (const v1::ExplainedStretch& stretch : explained.stretches()) {
          table.rows.push_back({metric, ShowTime(stretch.start_time()), ShowTime(stretch.end_time()),
                                stretch.running() ? "runs" : "stands", std::to_string(stretch.counted().seconds() / 60),
                                ShowTime(explained.deadline().due_time())});
        }
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

void AddCreate(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* create = tickets.add_subcommand("create", "Create a ticket");
  create->add_option("--subject", arguments->subject, "In one line")->required();
  create->add_option("--text", arguments->text, "The first message")->required();
  create->add_option("--contact", arguments->contact, "The requester's contact");
  create->add_option("--store", arguments->store, "The store");
  create->add_flag("--from-customer", arguments->from_customer, "The message is the requester's");
  create->callback([&context, arguments] {
    v1::CreateTicketRequest request;
    request.mutable_ticket()->set_subject(arguments->subject);
    request.mutable_ticket()->set_contact_id(arguments->contact);
    request.mutable_ticket()->set_store_id(arguments->store);
    request.mutable_message()->set_text(arguments->text);
    if (arguments->from_customer) request.mutable_message()->set_author(v1::TICKET_AUTHOR_CUSTOMER);
    PrintTicket(context, CallVerb(context, "CreateTicket", request));
  });
}

void AddSaying(CLI::App& tickets, Context& context) {
  auto reply_arguments = std::make_shared<Arguments>();
  auto* reply = tickets.add_subcommand("reply", "Answer the requester");
  reply->add_option("ID", reply_arguments->id, "The ticket's id")->required();
  reply->add_option("TEXT", reply_arguments->text, "What is said")->required();
  reply->add_flag("--solve", reply_arguments->solve, "Solve the ticket by it");
  reply->callback([&context, arguments = reply_arguments] {
    v1::ReplyToTicketRequest request;
    request.set_id(arguments->id);
    request.mutable_message()->set_text(arguments->text);
    if (arguments->solve) request.set_next_state(v1::TICKET_STATE_SOLVED);
    context.Finish(
        context.client().Call<v1::TicketMessage>("support.v1.TicketService/ReplyToTicket", request).status());
  });
  auto note_arguments = std::make_shared<Arguments>();
  auto* note = tickets.add_subcommand("note", "Note something, for the firm itself");
  note->add_option("ID", note_arguments->id, "The ticket's id")->required();
  note->add_option("TEXT", note_arguments->text, "What is noted")->required();
  note->add_flag("--public", note_arguments->public_note, "The requester can read it");
  note->callback([&context, arguments = note_arguments] {
    v1::AddTicketNoteRequest request;
    request.set_id(arguments->id);
    request.mutable_message()->set_text(arguments->text);
    if (arguments->public_note) request.mutable_message()->set_kind(v1::TICKET_MESSAGE_KIND_PUBLIC_NOTE);
    context.Finish(
        context.client().Call<v1::TicketMessage>("support.v1.TicketService/AddTicketNote", request).status());
  });
}

void AddOthers(CLI::App& tickets, Context& context) {
  auto assign_arguments = std::make_shared<Arguments>();
  auto* assign = tickets.add_subcommand("assign", "Give a ticket to somebody");
  assign->add_option("ID", assign_arguments->id, "The ticket's id")->required();
  assign->add_option("--to", assign_arguments->assignee, "Who works on it; nobody where not given");
  auto* team = assign->add_option("--team", assign_arguments->team, "The team");
  assign->callback([&context, arguments = assign_arguments, team] {
    v1::AssignTicketRequest request;
    request.set_id(arguments->id);
    request.set_assignee(arguments->assignee);
    if (team->count() > 0) request.set_team(arguments->team);
    PrintTicket(context, CallVerb(context, "AssignTicket", request));
  });
  auto priority_arguments = std::make_shared<Arguments>();
  auto* priority = tickets.add_subcommand("priority", "Set how much a ticket presses");
  priority->add_option("ID", priority_arguments->id, "The ticket's id")->required();
  priority->add_option("PRIORITY", priority_arguments->priority, "low, normal, high or urgent")
      ->required()
      ->check(CLI::IsMember({"low", "normal", "high", "urgent"}));
  priority->callback([&context, arguments = priority_arguments] {
    v1::SetTicketPriorityRequest request;
    request.set_id(arguments->id);
    v1::TicketPriority wanted = v1::TICKET_PRIORITY_UNSPECIFIED;
    v1::TicketPriority_Parse("TICKET_PRIORITY_" + absl::AsciiStrToUpper(arguments->priority), &wanted);
    request.set_priority(wanted);
    PrintTicket(context, CallVerb(context, "SetTicketPriority", request));
  });
  auto merge_arguments = std::make_shared<Arguments>();
  auto* merge = tickets.add_subcommand("merge", "Merge a ticket into another");
  merge->add_option("ID", merge_arguments->id, "The ticket's id")->required();
  merge->add_option("--into", merge_arguments->into, "The ticket in which it goes on")->required();
  merge->callback([&context, arguments = merge_arguments] {
    v1::MergeTicketRequest request;
    request.set_id(arguments->id);
    request.set_into_id(arguments->into);
    PrintTicket(context, CallVerb(context, "MergeTicket", request));
  });
}

void AddViews(CLI::App& tickets, Context& context) {
  auto count_arguments = std::make_shared<Arguments>();
  auto* views = tickets.add_subcommand("views", "Show the views and how many tickets they have");
  views->add_option("--team", count_arguments->team, "Those of everybody and of this team");
  views->callback([&context, arguments = count_arguments] {
    v1::CountTicketViewsRequest request;
    request.set_team(arguments->team);
    const auto answer =
        context.client().Call<v1::CountTicketViewsResponse>("support.v1.TicketViewService/CountTicketViews", request);
    if (answer.ok()) {
      Table table{{"VIEW", "TICKETS"}, {}};
      for (const v1::TicketViewCount& count : answer->counts()) {
        table.rows.push_back({count.view_id(), absl::StrCat(count.count(), count.more() ? "+" : "")});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
  auto list_arguments = std::make_shared<Arguments>();
  auto* view = tickets.add_subcommand("view", "List the tickets of a view");
  view->add_option("VIEW", list_arguments->id, "The view's id")->required();
  view->add_option("--page-size", list_arguments->page_size, "The most tickets")->capture_default_str();
  view->add_option("--page-token", list_arguments->page_token, "Where the last page ended");
  view->callback([&context, arguments = list_arguments] {
    v1::ListTicketsOfViewRequest request;
    request.set_view_id(arguments->id);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto answer =
        context.client().Call<v1::ListTicketsOfViewResponse>("support.v1.TicketViewService/ListTicketsOfView", request);
    if (answer.ok()) Print(context.format, TicketTable(answer->tickets()), *answer);
    context.Finish(answer.status());
  });
}

void AddMacro(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* macro = tickets.add_subcommand("macro", "Use a macro with a ticket");
  macro->add_option("ID", arguments->id, "The ticket's id")->required();
  macro->add_option("MACRO", arguments->macro, "The macro's id")->required();
  macro->callback([&context, arguments] {
    v1::ApplyMacroRequest request;
    request.set_id(arguments->id);
    request.set_macro_id(arguments->macro);
    const auto answer = context.client().Call<v1::ApplyMacroResponse>("support.v1.MacroService/ApplyMacro", request);
    if (answer.ok()) {
      PrintTicket(context, answer->ticket());
    } else {
      context.Finish(answer.status());
    }
  });
}

void AddBulkUpdate(CLI::App& tickets, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* update = tickets.add_subcommand("update", "Do the same with many tickets, each by itself");
  update->add_option("ID", arguments->ids, "The tickets' ids, at most 500")->required();
  auto* assignee = update->add_option("--assign", arguments->assignee, "Who works on them; nobody where empty");
  auto* team = update->add_option("--team", arguments->team, "The team; none where empty");
  update->add_option("--add-tag", arguments->tag, "A tag that they get");
  update
      ->add_option("--state", arguments->state,
                   "Where they go: open, pending_customer, pending_internal, solved, closed, spam")
      ->check(CLI::IsMember({"open", "pending_customer", "pending_internal", "solved", "closed", "spam"}));
  update->callback([&context, arguments, assignee, team] {
    v1::BulkUpdateTicketsRequest request;
    request.mutable_ids()->Assign(arguments->ids.begin(), arguments->ids.end());
    if (assignee->count() > 0) request.add_actions()->set_assignee(arguments->assignee);
    if (team->count() > 0) request.add_actions()->set_team(arguments->team);
    if (!arguments->tag.empty()) request.add_actions()->set_add_tag(arguments->tag);
    v1::TicketState state = v1::TICKET_STATE_UNSPECIFIED;
    if (v1::TicketState_Parse("TICKET_STATE_" + absl::AsciiStrToUpper(arguments->state), &state)) {
      request.add_actions()->set_state(state);
    }
    const auto answer =
        context.client().Call<v1::BulkUpdateTicketsResponse>("support.v1.TicketService/BulkUpdateTickets", request);
    if (answer.ok()) {
      Table table{{"ID", "STATE", "ASSIGNEE", "ERROR"}, {}};
      for (const v1::BulkUpdateTicketsResult& result : answer->results()) {
        table.rows.push_back({result.id(), result.has_ticket() ? StateText(result.ticket().state()) : "",
                              result.ticket().assignee(), result.error().message()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

void AddLogCall(CLI::App& tickets, Context& context) {
  struct CallArguments {
    std::string number, direction = "in", outcome = "answered", ticket, store, summary, recording;
    int minutes_ago = 0, seconds = 0;
  };
  auto arguments = std::make_shared<CallArguments>();
  auto* log = tickets.add_subcommand("log-call", "Log a phone call that is over, in a ticket or as a new one");
  log->add_option("NUMBER", arguments->number, "The customer's number")->required();
  log->add_option("--direction", arguments->direction, "in where the customer dialled, out where the firm did")
      ->check(CLI::IsMember({"in", "out"}))
      ->capture_default_str();
  log->add_option("--outcome", arguments->outcome, "answered, no_answer, busy, voicemail or failed")
      ->check(CLI::IsMember({"answered", "no_answer", "busy", "voicemail", "failed"}))
      ->capture_default_str();
  log->add_option("--ticket", arguments->ticket, "The ticket's id; a new one where it is not given");
  log->add_option("--store", arguments->store, "The store of a new ticket");
  log->add_option("--summary", arguments->summary, "What was said");
  log->add_option("--recording", arguments->recording, "Where it is recorded, https");
  log->add_option("--minutes-ago", arguments->minutes_ago, "When it began")->check(CLI::NonNegativeNumber);
  log->add_option("--seconds", arguments->seconds, "How long it was")->check(CLI::NonNegativeNumber);
  log->callback([&context, arguments] {
    v1::LogPhoneCallRequest request;
    v1::PhoneCall& call = *request.mutable_call();
    call.set_phone_number(arguments->number);
    call.set_direction(arguments->direction == "in" ? v1::PHONE_CALL_DIRECTION_INBOUND
                                                    : v1::PHONE_CALL_DIRECTION_OUTBOUND);
    v1::PhoneCallOutcome outcome = v1::PHONE_CALL_OUTCOME_UNSPECIFIED;
    v1::PhoneCallOutcome_Parse("PHONE_CALL_OUTCOME_" + absl::AsciiStrToUpper(arguments->outcome), &outcome);
    call.set_outcome(outcome);
    call.set_ticket_id(arguments->ticket);
    call.set_store_id(arguments->store);
    call.set_summary(arguments->summary);
    call.set_recording_url(arguments->recording);
    call.set_duration_seconds(arguments->seconds);
    *call.mutable_start_time() = api::ToProto(SystemClock().Now() - std::chrono::minutes(arguments->minutes_ago));
    const auto logged = context.client().Call<v1::PhoneCall>("support.v1.PhoneCallService/LogPhoneCall", request);
    if (logged.ok()) {
      const Table table{{"ID", "TICKET", "NUMBER", "CONTACT"},
                        {{logged->id(), logged->ticket_id(), logged->phone_number(), logged->contact_id()}}};
      Print(context.format, table, *logged);
    }
    context.Finish(logged.status());
  });
}

}  // namespace

void AddTicketCommands(CLI::App& app, Context& context) {
  auto* tickets = app.add_subcommand("tickets", "The help desk");
  tickets->require_subcommand(1);
  AddList(*tickets, context);
  AddShow(*tickets, context);
  AddElsewhere(*tickets, context);
  AddStates(*tickets, context);
  AddDeadlines(*tickets, context);
  AddCreate(*tickets, context);
  AddSaying(*tickets, context);
  AddOthers(*tickets, context);
  AddViews(*tickets, context);
  AddMacro(*tickets, context);
  AddBulkUpdate(*tickets, context);
  AddLogCall(*tickets, context);
  AddVerb<v1::OpenTicketRequest>(*tickets, context, "open", "OpenTicket", "Take a ticket up");
  AddVerb<v1::SolveTicketRequest>(*tickets, context, "solve", "SolveTicket", "Solve a ticket");
  AddVerb<v1::ReopenTicketRequest>(*tickets, context, "reopen", "ReopenTicket", "Reopen a solved ticket");
  AddVerb<v1::CloseTicketRequest>(*tickets, context, "close", "CloseTicket", "Close a solved ticket for good");
}

}  // namespace esnaf::cli
