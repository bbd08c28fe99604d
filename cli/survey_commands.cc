// What customers are asked and answer: surveys, invitations, results.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/surveys.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

const std::string kService = "support.v1.SurveyService/";

struct Arguments {
  std::string id, kind, trigger, name, question, ticket, contact, store, filter, page_token, group_by, mailbox,
      link_origin;
  int throttle_days = 90, expire_days = 14, delay_minutes = 0, page_size = 50;
};
using SharedArguments = std::shared_ptr<Arguments>;

// `SURVEY_KIND_CSAT` as people read it.
std::string Short(const std::string& name, const std::string& prefix) {
  return absl::AsciiStrToLower(name.substr(std::min(prefix.size(), name.size())));
}
std::string KindText(v1::SurveyKind kind) { return Short(v1::SurveyKind_Name(kind), "SURVEY_KIND_"); }

template <typename Surveys>
Table SurveyTable(const Surveys& surveys) {
  Table table{{"ID", "KIND", "TRIGGER", "DELAY MIN", "THROTTLE DAYS", "LINK DAYS", "DISABLED", "NAME"}, {}};
  for (const v1::Survey& survey : surveys) {
    table.rows.push_back({survey.id(), KindText(survey.kind()),
                          Short(v1::SurveyTrigger_Name(survey.trigger()), "SURVEY_TRIGGER_"),
                          std::to_string(survey.delay_minutes()), std::to_string(survey.throttle_days()),
                          std::to_string(survey.expire_days()), survey.disabled() ? "yes" : "", survey.display_name()});
  }
  return table;
}

template <typename Invitations>
Table InvitationTable(const Invitations& invitations) {
  Table table{{"ID", "SURVEY", "STATE", "WHY NOT", "DUE", "ASKED", "SCORE", "TICKET", "LINK"}, {}};
  for (const v1::SurveyInvitation& invitation : invitations) {
    table.rows.push_back({invitation.id(), invitation.survey_id(),
                          Short(v1::SurveyInvitationState_Name(invitation.state()), "SURVEY_INVITATION_STATE_"),
                          invitation.skip_reason(), ShowTime(invitation.due_time()), ShowTime(invitation.ask_time()),
                          invitation.has_response() ? std::to_string(invitation.response().score()) : "",
                          invitation.ticket_id(), invitation.link_path()});
  }
  return table;
}

void ShowMore(const std::string& token) {
  if (!token.empty()) std::cerr << "more: --page-token " << token << "\n";
}

void AddPaging(CLI::App& command, const SharedArguments& arguments) {
  command.add_option("--filter", arguments->filter, "For example: survey_id = csat AND score <= 2");
  command.add_option("--page-size", arguments->page_size, "The most rows")->capture_default_str();
  command.add_option("--page-token", arguments->page_token, "Where the last page ended");
}

void AddSurveys(CLI::App& surveys, Context& context, const SharedArguments& arguments) {
  auto* list = surveys.add_subcommand("list", "The surveys");
  list->callback([&context] {
    v1::ListSurveysRequest request;
    request.set_page_size(1000);
    const auto answer = context.client().Call<v1::ListSurveysResponse>(kService + "ListSurveys", request);
    if (answer.ok()) Print(context.format, SurveyTable(answer->surveys()), *answer);
    context.Finish(answer.status());
  });
  auto* create = surveys.add_subcommand("create", "Make a survey");
  create->add_option("ID", arguments->id, "What it is called by")->required();
  create->add_option("KIND", arguments->kind, "csat, ces or nps")
      ->required()
      ->check(CLI::IsMember({"csat", "ces", "nps"}));
  create->add_option("--trigger", arguments->trigger, "manual or ticket_solved")
      ->check(CLI::IsMember({"manual", "ticket_solved"}));
  create->add_option("--name", arguments->name, "What people of the firm read");
  create->add_option("--question", arguments->question, "The question in Turkish, in place of the usual one");
  create->add_option("--delay-minutes", arguments->delay_minutes, "How long after a ticket was solved");
  create->add_option("--throttle-days", arguments->throttle_days, "For how many days nobody is asked twice")
      ->capture_default_str();
  create->add_option("--expire-days", arguments->expire_days, "How long a link is good")->capture_default_str();
  auto* mailbox = create->add_option("--mailbox", arguments->mailbox, "Send links by e-mail, from this mailbox");
  create->add_option("--link-origin", arguments->link_origin, "Where customers reach us: https://destek.example.com")
      ->needs(mailbox);
  create->callback([&context, arguments] {
    v1::CreateSurveyRequest request;
    v1::Survey& survey = *request.mutable_survey();
    survey.set_id(arguments->id);
    v1::SurveyKind kind = v1::SURVEY_KIND_UNSPECIFIED;
    v1::SurveyKind_Parse("SURVEY_KIND_" + absl::AsciiStrToUpper(arguments->kind), &kind);
    survey.set_kind(kind);
    v1::SurveyTrigger trigger = v1::SURVEY_TRIGGER_UNSPECIFIED;
    v1::SurveyTrigger_Parse("SURVEY_TRIGGER_" + absl::AsciiStrToUpper(arguments->trigger), &trigger);
    survey.set_trigger(trigger);
    survey.set_display_name(arguments->name);
    if (!arguments->question.empty()) survey.mutable_turkish()->set_question(arguments->question);
    survey.set_delay_minutes(arguments->delay_minutes);
    survey.set_throttle_days(arguments->throttle_days);
    survey.set_expire_days(arguments->expire_days);
    if (!arguments->mailbox.empty()) {
      survey.mutable_mail()->set_mailbox_id(arguments->mailbox);
      survey.mutable_mail()->set_link_origin(arguments->link_origin);
    }
    const auto made = context.client().Call<v1::Survey>(kService + "CreateSurvey", request, false);
    if (made.ok()) Print(context.format, SurveyTable(std::vector<v1::Survey>{*made}), *made);
    context.Finish(made.status());
  });
}

void AddInvitations(CLI::App& surveys, Context& context, const SharedArguments& arguments) {
  auto* invite = surveys.add_subcommand("invite", "Ask somebody, and print the link");
  invite->add_option("ID", arguments->id, "The survey")->required();
  auto* ticket = invite->add_option("--ticket", arguments->ticket, "About this ticket, its requester");
  invite->add_option("--contact", arguments->contact, "This person")->excludes(ticket);
  invite->add_option("--store", arguments->store, "About this store")->excludes(ticket);
  invite->callback([&context, arguments] {
    v1::CreateSurveyInvitationRequest request;
    request.set_survey_id(arguments->id);
    request.set_ticket_id(arguments->ticket);
    request.set_contact_id(arguments->contact);
    request.set_store_id(arguments->store);
    const auto made = context.client().Call<v1::SurveyInvitation>(kService + "CreateSurveyInvitation", request, false);
    if (made.ok()) Print(context.format, InvitationTable(std::vector<v1::SurveyInvitation>{*made}), *made);
    context.Finish(made.status());
  });
  auto* list = surveys.add_subcommand("invitations", "Who was asked, and who was not and why");
  AddPaging(*list, arguments);
  list->callback([&context, arguments] {
    v1::ListSurveyInvitationsRequest request;
    request.set_filter(arguments->filter);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page =
        context.client().Call<v1::ListSurveyInvitationsResponse>(kService + "ListSurveyInvitations", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Print(context.format, InvitationTable(page->invitations()), *page);
    ShowMore(page->next_page_token());
  });
  auto* answers = surveys.add_subcommand("answers", "What was answered");
  AddPaging(*answers, arguments);
  answers->callback([&context, arguments] {
    v1::ListSurveyResponsesRequest request;
    request.set_filter(arguments->filter);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page = context.client().Call<v1::ListSurveyResponsesResponse>(kService + "ListSurveyResponses", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Table table{{"TIME", "SURVEY", "SCORE", "AGENT", "TEAM", "TICKET", "COMMENT"}, {}};
    for (const v1::SurveyResponse& response : page->responses()) {
      table.rows.push_back({ShowTime(response.answer_time()), response.survey_id(), std::to_string(response.score()),
                            response.agent(), response.team(), response.ticket_id(), response.comment()});
    }
    Print(context.format, table, *page);
    ShowMore(page->next_page_token());
  });
}

std::string ShowValue(v1::SurveyKind kind, double value) {
  if (kind == v1::SURVEY_KIND_CSAT) return absl::StrFormat("%.1f %%", 100 * value);
  return absl::StrFormat(kind == v1::SURVEY_KIND_NPS ? "%.0f" : "%.2f", value);
}

void AddResults(CLI::App& surveys, Context& context, const SharedArguments& arguments) {
  auto* results = surveys.add_subcommand("results", "What the answers say, and how sure that is");
  results->add_option("ID", arguments->id, "The survey")->required();
  results->add_option("--by", arguments->group_by, "agent, team, seller, product, store, segment, day, week or month")
      ->check(CLI::IsMember({"agent", "team", "seller", "product", "store", "segment", "day", "week", "month"}));
  results->callback([&context, arguments] {
    v1::GetSurveyResultsRequest request;
    request.set_survey_id(arguments->id);
    v1::SurveyGrouping grouping = v1::SURVEY_GROUPING_UNSPECIFIED;
    v1::SurveyGrouping_Parse("SURVEY_GROUPING_" + absl::AsciiStrToUpper(arguments->group_by), &grouping);
    request.set_group_by(grouping);
    const auto answer = context.client().Call<v1::SurveyResults>(kService + "GetSurveyResults", request);
    context.Finish(answer.status());
    if (!answer.ok()) return;
    Table table{{"GROUP", "ASKED", "ANSWERED", "VALUE", "FROM", "TO", "MEAN", ""}, {}};
    const auto add = [&](const std::string& name, const v1::SurveyResultsRow& row) {
      const bool any = row.answer_count() > 0;
      table.rows.push_back({name, std::to_string(row.ask_count()), std::to_string(row.answer_count()),
                            any ? ShowValue(answer->kind(), row.value()) : "",
                            ShowValue(answer->kind(), row.lower_bound()), ShowValue(answer->kind(), row.upper_bound()),
                            any ? absl::StrFormat("%.2f", row.mean()) : "", row.small_sample() ? "few answers" : ""});
    };
    if (grouping != v1::SURVEY_GROUPING_UNSPECIFIED) {
      for (const v1::SurveyResultsRow& row : answer->rows()) add(row.key().empty() ? "-" : row.key(), row);
    }
    add("all", answer->total());
    Print(context.format, table, *answer);
  });
}

}  // namespace

void AddSurveyCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* surveys = app.add_subcommand("surveys", "What customers are asked and answer");
  surveys->require_subcommand(1);
  AddSurveys(*surveys, context, arguments);
  AddInvitations(*surveys, context, arguments);
  AddResults(*surveys, context, arguments);
}

}  // namespace esnaf::cli
