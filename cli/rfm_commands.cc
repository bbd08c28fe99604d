#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/command_line.h"
#include "cli/rfm_tables.h"
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "google/protobuf/util/json_util.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

constexpr int kBarWidth = 20;

struct Arguments {
  std::string policy = "default", contact, label, page_token, as_of, from, to, file;
  int page_size = 50, horizon_days = 90;
  std::int64_t version = 0;
  bool force = false;
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

template <typename Transitions>
Table MovesTable(const Transitions& transitions) {
  Table table{{"FROM", "TO", "CONTACTS", "DIRECTION"}, {}};
  for (const v1::RfmTransition& move : transitions) {
    table.rows.push_back({move.from_label(), move.to_label(), std::to_string(move.contact_count()),
                          move.direction() > 0   ? "up"
                          : move.direction() < 0 ? "down"
                                                 : ""});
  }
  return table;
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
      Print(context.format, MovesTable(answer->transitions()), *answer);
    }
    context.Finish(answer.status());
  });
}

// Reads a policy from a file in JSON (`esnaf rfm policy --output json` prints one); INVALID_ARGUMENT naming the file.
absl::Status ReadPolicyFile(const std::string& path, const std::string& id, v1::RfmPolicy* policy) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return absl::InvalidArgumentError(absl::StrFormat("--file: \"%s\" cannot be read", path));
  const auto read = google::protobuf::util::JsonStringToMessage(text, policy);
  if (!read.ok()) return absl::InvalidArgumentError(absl::StrFormat("%s: %s", path, read.ToString()));
  policy->set_id(id);
  return absl::OkStatus();
}

void AddPolicy(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* show = rfm.add_subcommand("policy", "Show a policy: how customers are scored and labelled");
  show->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  show->callback([&context, arguments] {
    v1::GetRfmPolicyRequest request;
    request.set_id(arguments->policy);
    const auto policy = context.client().Call<v1::RfmPolicy>("segmentation.v1.RfmService/GetRfmPolicy", request);
    if (policy.ok()) {
      Table table{{"LABEL", "ETİKET", "RANK", "KEY"}, {}};
      for (const auto& label : policy->labels()) {
        table.rows.push_back({label.name_en(), label.name_tr(), std::to_string(label.rank()), label.key()});
      }
      Print(context.format, table, *policy);
    }
    context.Finish(policy.status());
  });
}

void AddVersions(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* versions = rfm.add_subcommand("versions", "List the versions that a policy had, the draft at the top");
  versions->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  versions->callback([&context, arguments] {
    v1::ListRfmPolicyVersionsRequest request;
    request.set_id(arguments->policy);
    const auto page = context.client().Call<v1::ListRfmPolicyVersionsResponse>(
        "segmentation.v1.RfmService/ListRfmPolicyVersions", request);
    if (page.ok()) {
      Table table{{"VERSION", "STATE", "SAVED", "BY"}, {}};
      for (const auto& version : page->versions()) {
        const char* state = version.state() == v1::RFM_POLICY_VERSION_STATE_DRAFT    ? "draft"
                            : version.state() == v1::RFM_POLICY_VERSION_STATE_ACTIVE ? "in force"
                                                                                     : "retired";
        table.rows.push_back(
            {std::to_string(version.policy().version()), state, ShowTime(version.create_time()), version.actor()});
      }
      Print(context.format, table, *page);
    }
    context.Finish(page.status());
  });
}

void AddDraft(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* draft = rfm.add_subcommand("draft", "Keep a changed policy as a draft, to preview, back-test and activate");
  draft->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  draft->add_option("--file", arguments->file, "The whole policy in JSON")->required();
  draft->callback([&context, arguments] {
    v1::SaveRfmPolicyDraftRequest request;
    const auto status = ReadPolicyFile(arguments->file, arguments->policy, request.mutable_policy());
    if (!status.ok()) return context.Finish(status);
    const auto saved =
        context.client().Call<v1::RfmPolicyVersion>("segmentation.v1.RfmService/SaveRfmPolicyDraft", request);
    if (saved.ok()) {
      Table table{{"POLICY", "VERSION", "STATE"},
                  {{saved->policy().id(), std::to_string(saved->policy().version()), "draft"}}};
      Print(context.format, table, *saved);
    }
    context.Finish(saved.status());
  });
}

void AddActivate(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* activate = rfm.add_subcommand("activate", "Put the draft, or an earlier version, in force");
  activate->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  activate->add_option("--version", arguments->version, "The version; the draft where not given");
  activate->add_flag("--force", arguments->force, "Also where the policy changed after the draft was saved");
  activate->callback([&context, arguments] {
    v1::ActivateRfmPolicyVersionRequest request;
    request.set_id(arguments->policy);
    request.set_version(arguments->version);
    request.set_force(arguments->force);
    const auto policy =
        context.client().Call<v1::RfmPolicy>("segmentation.v1.RfmService/ActivateRfmPolicyVersion", request);
    if (policy.ok()) {
      Print(context.format,
            {{"POLICY", "VERSION", "STATE"}, {{policy->id(), std::to_string(policy->version()), "in force"}}}, *policy);
    }
    context.Finish(policy.status());
  });
}

// Fills in what a trial is of.
template <typename Request>
absl::Status SetTrial(const Arguments& arguments, Request& request) {
  request.set_id(arguments.policy);
  request.set_version(arguments.version);
  if (!arguments.as_of.empty()) {
    const auto status = ReadTime("--as-of", arguments.as_of, request.mutable_as_of_time());
    if (!status.ok()) return status;
  }
  if (arguments.file.empty()) return absl::OkStatus();
  return ReadPolicyFile(arguments.file, arguments.policy, request.mutable_policy());
}

void AddTrialOptions(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("--policy", arguments->policy, "The policy's id")->capture_default_str();
  command->add_option("--file", arguments->file, "An unsaved policy in JSON");
  command->add_option("--version", arguments->version, "A version; the draft where not given, else what is in force");
}

void AddPreview(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* preview = rfm.add_subcommand("preview", "Who would stand where under a changed policy, and who would move");
  AddTrialOptions(preview, arguments);
  preview->add_option("--as-of", arguments->as_of, "The reference time; now where not given");
  preview->callback([&context, arguments] {
    v1::PreviewRfmPolicyRequest request;
    const auto status = SetTrial(*arguments, request);
    if (!status.ok()) return context.Finish(status);
    Client client = context.client();
    client.set_timeout(std::chrono::seconds(60));
    const auto answer = client.Call<v1::RfmPreview>("segmentation.v1.RfmService/PreviewRfmPolicy", request);
    if (answer.ok()) {
      Print(context.format, SummaryTable(answer->summary()), *answer);
      if (context.format == Format::kTable) {
        std::cout << "\n" << answer->moved_count() << " would move\n" << RenderTable(MovesTable(answer->transitions()));
      }
    }
    context.Finish(answer.status());
  });
}

void AddBacktest(CLI::App& rfm, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* backtest =
      rfm.add_subcommand("backtest", "What a policy's labels at a past date would have told of sales after");
  AddTrialOptions(backtest, arguments);
  backtest->add_option("--as-of", arguments->as_of, "The past date")->required();
  backtest->add_option("--days", arguments->horizon_days, "The days after it")->capture_default_str();
  backtest->callback([&context, arguments] {
    v1::BacktestRfmPolicyRequest request;
    request.set_horizon_days(arguments->horizon_days);
    const auto status = SetTrial(*arguments, request);
    if (!status.ok()) return context.Finish(status);
    Client client = context.client();
    client.set_timeout(std::chrono::seconds(60));
    const auto answer = client.Call<v1::RfmBacktest>("segmentation.v1.RfmService/BacktestRfmPolicy", request);
    if (answer.ok()) {
      Table table{{"LABEL", "ETİKET", "CUSTOMERS", "BOUGHT", "SHARE", "", "ORDERS", "VALUE"}, {}};
      for (const auto& label : answer->labels()) {
        table.rows.push_back({label.name_en(), label.name_tr(), std::to_string(label.contact_count()),
                              std::to_string(label.buyer_count()),
                              absl::StrFormat("%.1f %%", 100 * label.buyer_share()),
                              Bar(label.buyer_share(), kBarWidth), std::to_string(label.order_count()),
                              ShowMinor(label.monetary_minor(), answer->currency_code())});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace

Table SummaryTable(const v1::RfmSummary& summary) {
  Table table{{"LABEL", "ETİKET", "CUSTOMERS", "SHARE", "", "ORDERS", "VALUE", "MEAN DAYS SINCE"}, {}};
  for (const auto& label : summary.labels()) {
    const double share = summary.contact_count() > 0
                             ? static_cast<double>(label.contact_count()) / static_cast<double>(summary.contact_count())
                             : 0;
    table.rows.push_back({label.name_en(), label.name_tr(), std::to_string(label.contact_count()),
                          absl::StrFormat("%.1f %%", 100 * share), Bar(share, kBarWidth),
                          std::to_string(label.order_count()),
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
  AddPolicy(*rfm, context, arguments);
  AddVersions(*rfm, context, arguments);
  AddDraft(*rfm, context, arguments);
  AddPreview(*rfm, context, arguments);
  AddBacktest(*rfm, context, arguments);
  AddActivate(*rfm, context, arguments);
}

}  // namespace esnaf::cli
