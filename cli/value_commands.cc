#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command_line.h"
#include "cli/value_tables.h"
#include "esnaf/segmentation/v1/values.pb.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

struct Arguments {
  std::string model = "default", contact, filter, page_token, as_of, from, to, kind, name, store;
  std::int64_t fit = 0;
  int horizon = 0, page_size = 20, lapse_days = 0;
  double margin = 0;
  bool by_churn = false;
};

absl::Status ReadAsOf(const std::string& text, google::protobuf::Timestamp* target) {
  const auto time = TimeZone::Utc().ParseLocal(text);
  if (!time.ok()) return absl::InvalidArgumentError(absl::StrFormat("--as-of: \"%s\" is no time", text));
  *target = api::ToProto(*time);
  return absl::OkStatus();
}

void AddModelOption(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("--model", arguments->model, "The model's id")->capture_default_str();
}

void AddContact(CLI::App& value, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* contact = value.add_subcommand("contact", "What a person was and is expected to be worth");
  contact->add_option("contact", arguments->contact, "The contact's id")->required();
  AddModelOption(contact, arguments);
  contact->add_option("--fit", arguments->fit, "The fit to predict by; the newest where not given");
  contact->add_option("--horizon", arguments->horizon, "How many days to look ahead; the model's where not given");
  contact->add_option("--as-of", arguments->as_of, "As of when; now where not given");
  contact->callback([&context, arguments] {
    v1::GetContactValueRequest request;
    request.set_contact_id(arguments->contact);
    request.set_model_id(arguments->model);
    request.set_fit_number(arguments->fit);
    request.set_horizon_days(arguments->horizon);
    if (!arguments->as_of.empty()) {
      const auto status = ReadAsOf(arguments->as_of, request.mutable_as_of_time());
      if (!status.ok()) return context.Finish(status);
    }
    const auto answer =
        context.client().Call<v1::ContactValue>("segmentation.v1.ValueService/GetContactValue", request);
    if (answer.ok()) Print(context.format, ValueTable(*answer), *answer);
    context.Finish(answer.status());
  });
}

void AddTop(CLI::App& value, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* top = value.add_subcommand("top", "Who is worth most, or about to leave");
  AddModelOption(top, arguments);
  top->add_flag("--churn", arguments->by_churn, "By the probability of having left");
  top->add_option("--filter", arguments->filter, "For example: churn_probability >= 0.5 AND clv_minor > 10000");
  top->add_option("--page-size", arguments->page_size, "The most on a page")->capture_default_str();
  top->add_option("--page-token", arguments->page_token, "What the last page gave");
  top->callback([&context, arguments] {
    v1::ListContactValuesRequest request;
    request.set_model_id(arguments->model);
    request.set_filter(arguments->filter);
    if (arguments->by_churn) request.set_order_by("churn_probability desc");
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page =
        context.client().Call<v1::ListContactValuesResponse>("segmentation.v1.ValueService/ListContactValues", request);
    if (page.ok()) {
      Print(context.format, TopTable(*page), *page);
      if (!page->has_definition()) std::cerr << "there is no list yet: the model has not been fitted\n";
      if (!page->next_page_token().empty()) std::cerr << "more: --page-token " << page->next_page_token() << "\n";
    }
    context.Finish(page.status());
  });
}

void AddModels(CLI::App& value, Context& context) {
  auto* models = value.add_subcommand("models", "List the models");
  models->callback([&context] {
    const auto answer = context.client().Call<v1::ListValueModelsResponse>(
        "segmentation.v1.ValueService/ListValueModels", v1::ListValueModelsRequest());
    if (answer.ok()) {
      Print(context.format, ModelTable({answer->value_models().begin(), answer->value_models().end()}), *answer);
    }
    context.Finish(answer.status());
  });
}

// Shows a model with its newest fit.
void AddModel(CLI::App& value, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* model = value.add_subcommand("model", "Show a model and its newest fit");
  AddModelOption(model, arguments);
  model->callback([&context, arguments] {
    Client client = context.client();
    v1::GetValueModelRequest request;
    request.set_id(arguments->model);
    const auto answer = client.Call<v1::ValueModel>("segmentation.v1.ValueService/GetValueModel", request);
    if (!answer.ok()) return context.Finish(answer.status());
    Print(context.format, ModelTable({*answer}), *answer);
    if (context.format != Format::kTable) return context.Finish(absl::OkStatus());
    v1::ListValueModelFitsRequest newest;
    newest.set_id(arguments->model);
    newest.set_page_size(1);
    const auto fits =
        client.Call<v1::ListValueModelFitsResponse>("segmentation.v1.ValueService/ListValueModelFits", newest);
    if (fits.ok() && !fits->fits().empty()) std::cout << "\n" << DescribeFit(fits->fits(0));
    context.Finish(fits.status());
  });
}

void AddCreate(CLI::App& value, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* create = value.add_subcommand("create", "Create a model");
  create->add_option("model", arguments->model, "The model's id")->required();
  create->add_option("--name", arguments->name, "What people read");
  create->add_option("--kind", arguments->kind, "bg, mbg or pareto; bg where not given")
      ->check(CLI::IsMember({"bg", "mbg", "pareto"}));
  create->add_option("--store", arguments->store, "Only orders of this store");
  create->add_option("--margin", arguments->margin, "The share of the value that is margin, for example 0.35");
  create->add_option("--horizon", arguments->horizon, "How many days to look ahead");
  create->callback([&context, arguments] {
    v1::CreateValueModelRequest request;
    v1::ValueModel& model = *request.mutable_value_model();
    model.set_id(arguments->model);
    model.set_display_name(arguments->name);
    model.set_store_id(arguments->store);
    model.set_margin_ratio(arguments->margin);
    model.set_horizon_days(arguments->horizon);
    model.set_kind(arguments->kind == "pareto" ? v1::VALUE_MODEL_KIND_PARETO_NBD
                   : arguments->kind == "mbg"  ? v1::VALUE_MODEL_KIND_MBG_NBD
                                               : v1::VALUE_MODEL_KIND_BG_NBD);
    const auto answer = context.client().Call<v1::ValueModel>("segmentation.v1.ValueService/CreateValueModel", request);
    if (answer.ok()) Print(context.format, ModelTable({*answer}), *answer);
    context.Finish(answer.status());
  });
}

void AddFit(CLI::App& value, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* fit = value.add_subcommand("fit", "Fit a model to everybody's purchases");
  AddModelOption(fit, arguments);
  fit->add_option("--as-of", arguments->as_of, "As of when; now where not given");
  fit->callback([&context, arguments] {
    v1::FitValueModelRequest request;
    request.set_id(arguments->model);
    if (!arguments->as_of.empty()) {
      const auto status = ReadAsOf(arguments->as_of, request.mutable_as_of_time());
      if (!status.ok()) return context.Finish(status);
    }
    Client client = context.client();
    client.set_timeout(std::chrono::seconds(60));
    const auto answer = client.Call<v1::ValueModelFit>("segmentation.v1.ValueService/FitValueModel", request);
    if (answer.ok() && context.format == Format::kTable) {
      std::cout << DescribeFit(*answer);
    } else if (answer.ok()) {
      Print(context.format, FitTable({*answer}), *answer);
    }
    context.Finish(answer.status());
  });
}

void AddFits(CLI::App& value, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* fits = value.add_subcommand("fits", "List the fits of a model, newest first");
  AddModelOption(fits, arguments);
  fits->callback([&context, arguments] {
    v1::ListValueModelFitsRequest request;
    request.set_id(arguments->model);
    const auto page = context.client().Call<v1::ListValueModelFitsResponse>(
        "segmentation.v1.ValueService/ListValueModelFits", request);
    if (page.ok()) Print(context.format, FitTable({page->fits().begin(), page->fits().end()}), *page);
    context.Finish(page.status());
  });
}

void AddCohorts(CLI::App& value, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* cohorts = value.add_subcommand("cohorts", "Who came back, by the month of the first order");
  AddModelOption(cohorts, arguments);
  cohorts->add_option("--from", arguments->from, "The first month, for example 2026-01");
  cohorts->add_option("--to", arguments->to, "The last month; the current one where not given");
  cohorts->add_option("--lapse-days", arguments->lapse_days, "After how many days without an order somebody has left");
  cohorts->callback([&context, arguments] {
    v1::GetRetentionCohortsRequest request;
    request.set_model_id(arguments->model);
    request.set_from_month(arguments->from);
    request.set_to_month(arguments->to);
    request.set_lapse_days(arguments->lapse_days);
    Client client = context.client();
    client.set_timeout(std::chrono::seconds(60));
    const auto answer = client.Call<v1::RetentionCohorts>("segmentation.v1.ValueService/GetRetentionCohorts", request);
    if (answer.ok()) {
      Print(context.format, CohortTable(*answer), *answer);
      if (context.format == Format::kTable) std::cout << "\n" << CohortChart(*answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace

void AddValueCommands(CLI::App& app, Context& context) {
  auto* value = app.add_subcommand("value", "Customer value, churn and retention");
  value->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  AddContact(*value, context, arguments);
  AddTop(*value, context, arguments);
  AddModels(*value, context);
  AddModel(*value, context, arguments);
  AddCreate(*value, context, arguments);
  AddFit(*value, context, arguments);
  AddFits(*value, context, arguments);
  AddCohorts(*value, context, arguments);
}

}  // namespace esnaf::cli
