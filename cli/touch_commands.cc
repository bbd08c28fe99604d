#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cli/command_line.h"
#include "esnaf/attribution/v1/channels.pb.h"
#include "esnaf/attribution/v1/touchpoints.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = attribution::v1;

struct Arguments {
  std::string contact, filter, page_token, address, referrer;
  int page_size = 50;
  std::int64_t version = 0;
};

// `TOUCH_KIND_PAGE_VIEW` as people read it.
std::string KindName(v1::TouchKind kind) {
  switch (kind) {
    case v1::TOUCH_KIND_CLICK:
      return "click";
    case v1::TOUCH_KIND_AD_VIEW:
      return "ad view";
    case v1::TOUCH_KIND_PRODUCT_VIEW:
      return "product";
    case v1::TOUCH_KIND_CUSTOM:
      return "event";
    default:
      return "page view";
  }
}

template <typename Touches>
Table TouchTable(const Touches& touches) {
  Table table{{"TIME", "KIND", "CHANNEL", "SOURCE", "MEDIUM", "CAMPAIGN", "VISITOR", "NAME", "BOT"}, {}};
  for (const v1::Touchpoint& touch : touches) {
    table.rows.push_back({ShowTime(touch.occur_time()), KindName(touch.kind()), touch.channel(), touch.source(),
                          touch.medium(), touch.utm().campaign(), touch.visitor_id(), touch.name(),
                          touch.bot() ? "bot" : ""});
  }
  return table;
}

std::string TestText(const v1::ChannelTest& test) {
  static constexpr const char* kFields[] = {"?", "source", "medium", "campaign", "source platform", "ad platform"};
  static constexpr const char* kOperators[] = {"?", "=", "has", "~", "in"};
  const auto name = [](const auto& names, int number) {
    return number > 0 && number < static_cast<int>(std::size(names)) ? names[number] : names[0];
  };
  return absl::StrCat(name(kFields, test.field()), " ", name(kOperators, test.operator_()), " ", test.value());
}

// The conditions of a rule in one line: `(source in search) and (medium ~ ^cpc$ or medium = ppc)`.
std::string RuleText(const v1::ChannelRule& rule) {
  std::string text;
  for (const v1::ChannelCondition& condition : rule.all_of()) {
    absl::StrAppend(&text, text.empty() ? "" : " and ", "(");
    for (int i = 0; i < condition.any_of_size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : " or ", TestText(condition.any_of(i)));
    }
    absl::StrAppend(&text, ")");
  }
  return text;
}

void AddTouchpoints(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* touchpoints = app.add_subcommand("touchpoints", "List touches, of everybody or of one person");
  touchpoints->add_option("--contact", arguments->contact, "Only what credit is given to of this person, oldest first");
  touchpoints->add_option("--filter", arguments->filter, "For example: channel = \"Paid Search\" AND bot = false");
  touchpoints->add_option("--page-size", arguments->page_size, "The most touches")->capture_default_str();
  touchpoints->add_option("--page-token", arguments->page_token, "Where the last page ended");
  touchpoints->callback([&context, arguments] {
    if (!arguments->contact.empty()) {
      v1::ListContactTouchpointsRequest request;
      request.set_contact_id(arguments->contact);
      const auto answer = context.client().Call<v1::ListContactTouchpointsResponse>(
          "attribution.v1.TouchpointService/ListContactTouchpoints", request);
      if (answer.ok()) Print(context.format, TouchTable(answer->touchpoints()), *answer);
      return context.Finish(answer.status());
    }
    v1::ListTouchpointsRequest request;
    request.set_filter(arguments->filter);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto answer =
        context.client().Call<v1::ListTouchpointsResponse>("attribution.v1.TouchpointService/ListTouchpoints", request);
    if (answer.ok()) Print(context.format, TouchTable(answer->touchpoints()), *answer);
    context.Finish(answer.status());
  });
}

void AddChannelRules(CLI::App& channels, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* rules = channels.add_subcommand("rules", "The rules that give visits their channels, in order");
  rules->add_option("--version", arguments->version, "A version; the one in force where not given");
  rules->callback([&context, arguments] {
    v1::GetChannelRulesRequest request;
    request.set_version(arguments->version);
    const auto answer =
        context.client().Call<v1::ChannelRules>("attribution.v1.ChannelService/GetChannelRules", request);
    if (answer.ok()) {
      Table table{{"CHANNEL", "PAID", "WHERE"}, {}};
      for (const v1::ChannelRule& rule : answer->rules()) {
        table.rows.push_back({rule.channel(), rule.paid() ? "paid" : "", RuleText(rule)});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

void AddClassify(CLI::App& channels, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* classify = channels.add_subcommand("classify", "What the rules make of a visit");
  classify->add_option("ADDRESS", arguments->address, "The page that was opened, with its parameters")->required();
  classify->add_option("--referrer", arguments->referrer, "The page before");
  classify->callback([&context, arguments] {
    v1::ClassifyVisitRequest request;
    request.set_landing_page(arguments->address);
    request.set_referrer(arguments->referrer);
    const auto answer =
        context.client().Call<v1::ClassifyVisitResponse>("attribution.v1.ChannelService/ClassifyVisit", request);
    if (answer.ok()) {
      const Table table{{"CHANNEL", "SOURCE", "MEDIUM", "PAID", "INTERNAL"},
                        {{answer->channel(), answer->source(), answer->medium(), answer->paid() ? "paid" : "",
                          answer->internal() ? "no visit" : ""}}};
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace

void AddTouchCommands(CLI::App& app, Context& context) {
  AddTouchpoints(app, context);
  auto* channels = app.add_subcommand("channels", "By which channels people come");
  channels->require_subcommand(1);
  AddChannelRules(*channels, context);
  AddClassify(*channels, context);
}

}  // namespace esnaf::cli
