#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command_line.h"
#include "cli/rfm_tables.h"
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

struct Arguments {
  std::string policy = "default", contact, label, page_token, as_of, from, to;
  int page_size = 50;
};

template <typename Scores>
Table ScoreTable(const Scores& scores) {
  Table table{{"CONTACT", "LABEL", "ETİKET", "R", "F", "M", "DAYS", "ORDERS", "VALUE", "BEFORE"}, {}};
  for (const v1::RfmScore& score : scores) {
    table.rows.push_back({score.contact_id(), score.label_name_en(), score.label_name_tr(),
                          std::to_string(score.recency_score()), std::to_string(score.frequency_score()),
                          std::to_string(score.monetary_score()), std::to_string(score.recency_days()),
                          std::to_string(score.frequency()), ShowMinor(score.monetary_minor(), score.currency_code()),
                          score.previous_label()});
  }
  return table;
}

// A time as RFC 3339 or a date; INVALID_ARGUMENT naming the option.
absl::Status ReadTime(const std::string& option, const std::string& text, google::protobuf::Timestamp* target) {
  const auto time = TimeZone::Utc().ParseLocal(text);
  if (!time.ok()) return absl::InvalidArgumentError(absl::StrFormat("%s: \"%s\" is no time", option, text));
  *target = api::ToProto(*time);
  return absl::OkStatus();
}

void AddSummary(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* summary = rfm.add_subcommand("summary", "Customers and value per label");
  summary->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  summary->callback([&context, arguments] {
    v1::GetRfmSummaryRequest request;
    request.set_policy_id(arguments->policy);
    const auto answer = context.client().Call<v1::RfmSummary>("segmentation.v1.RfmService/GetRfmSummary", request);
    if (answer.ok()) Print(context.format, SummaryTable(*answer), *answer);
    context.Finish(answer.status());
  });
}

void AddCompute(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* compute = rfm.add_subcommand("compute", "Score everybody");
  compute->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  compute->add_option("--as-of", arguments->as_of, "The reference time; now where not given");
  compute->callback([&context, arguments] {
    v1::ComputeRfmRequest request;
    request.set_id(arguments->policy);
    if (!arguments->as_of.empty()) {
      const auto status = ReadTime("--as-of", arguments->as_of, request.mutable_as_of_time());
      if (!status.ok()) return context.Finish(status);
    }
    Client client = context.client();
    client.set_timeout(std::chrono::seconds(60));
    const auto answer = client.Call<v1::ComputeRfmResponse>("segmentation.v1.RfmService/ComputeRfm", request);
    if (answer.ok()) {
      Table table{{"SCORED", "CHANGED", "OTHER CURRENCY", "POLICY VERSION"},
                  {{std::to_string(answer->scored_count()), std::to_string(answer->changed_count()),
                    std::to_string(answer->other_currency_order_count()), std::to_string(answer->policy_version())}}};
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

void AddScores(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* scores = rfm.add_subcommand("scores", "List scores, most valuable first");
  scores->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  scores->add_option("--label", arguments->label, "Only this label, for example champions");
  scores->add_option("--page-size", arguments->page_size, "The most on a page")->capture_default_str();
  scores->add_option("--page-token", arguments->page_token, "What the last page gave");
  scores->callback([&context, arguments] {
    v1::ListRfmScoresRequest request;
    request.set_policy_id(arguments->policy);
    request.set_label(arguments->label);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page =
        context.client().Call<v1::ListRfmScoresResponse>("segmentation.v1.RfmService/ListRfmScores", request);
    if (page.ok()) {
      Print(context.format, ScoreTable(page->scores()), *page);
      if (!page->next_page_token().empty()) std::cerr << "more: --page-token " << page->next_page_token() << "\n";
    }
    context.Finish(page.status());
  });
}

void AddExplain(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* explain = rfm.add_subcommand("explain", "Why a person has a label, and what is missing for the next one up");
  explain->add_option("contact", arguments->contact, "The contact's id")->required();
  explain->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  explain->callback([&context, arguments] {
    v1::ExplainContactRfmRequest request;
    request.set_contact_id(arguments->contact);
    request.set_policy_id(arguments->policy);
    const auto answer =
        context.client().Call<v1::RfmExplanation>("segmentation.v1.RfmService/ExplainContactRfm", request);
    if (answer.ok() && context.format == Format::kTable) {
      std::cout << answer->score().label_name_en() << " / " << answer->score().label_name_tr() << "\n";
      for (const auto& dimension : answer->dimensions()) std::cout << "  " << dimension.sentence_en() << "\n";
      for (const auto& missing : answer->missing()) std::cout << "  up: " << missing.sentence_en() << "\n";
    } else if (answer.ok()) {
      Print(context.format, ScoreTable(std::vector<v1::RfmScore>{answer->score()}), *answer);
    }
    context.Finish(answer.status());
  });
}

void AddTransitions(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* transitions = rfm.add_subcommand("transitions", "Who moved from which label to which between two times");
  transitions->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  transitions->add_option("--from", arguments->from, "The earlier time")->required();
  transitions->add_option("--to", arguments->to, "The later time; now where not given");
  transitions->callback([&context, arguments] {
    v1::GetRfmTransitionsRequest request;
    request.set_policy_id(arguments->policy);
    auto status = ReadTime("--from", arguments->from, request.mutable_from_time());
    if (status.ok() && !arguments->to.empty()) status = ReadTime("--to", arguments->to, request.mutable_to_time());
    if (!status.ok()) return context.Finish(status);
    const auto answer =
        context.client().Call<v1::RfmTransitions>("segmentation.v1.RfmService/GetRfmTransitions", request);
    if (answer.ok()) {
      Table table{{"FROM", "TO", "CONTACTS", "DIRECTION"}, {}};
      for (const auto& move : answer->transitions()) {
        table.rows.push_back({move.from_label(), move.to_label(), std::to_string(move.contact_count()),
                              move.direction() > 0   ? "up"
                              : move.direction() < 0 ? "down"
                                                     : ""});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace

Table SummaryTable(const v1::RfmSummary& summary) {
  Table table{{"LABEL", "ETİKET", "CUSTOMERS", "SHARE", "ORDERS", "VALUE", "MEAN DAYS SINCE"}, {}};
  for (const auto& label : summary.labels()) {
    const double share = summary.contact_count() > 0 ? 100.0 * static_cast<double>(label.contact_count()) /
                                                           static_cast<double>(summary.contact_count())
                                                     : 0;
    table.rows.push_back({label.name_en(), label.name_tr(), std::to_string(label.contact_count()),
                          absl::StrFormat("%.1f %%", share), std::to_string(label.order_count()),
                          ShowMinor(label.monetary_minor(), summary.currency_code()),
                          absl::StrFormat("%.0f", label.mean_recency_days())});
  }
  return table;
}

void AddRfmCommands(CLI::App& app, Context& context) {
  auto* rfm = app.add_subcommand("rfm", "Recency, frequency and monetary value");
  rfm->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  AddSummary(*rfm, context, arguments);
  AddCompute(*rfm, context, arguments);
  AddScores(*rfm, context, arguments);
  AddExplain(*rfm, context, arguments);
  AddTransitions(*rfm, context, arguments);
}

}  // namespace esnaf::cli
