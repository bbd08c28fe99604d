#include "cli/attribution_tables.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace esnaf::cli {
namespace {

namespace v1 = attribution::v1;

constexpr int kBarWidth = 24;
constexpr int kChartRows = 12;

std::string Ratio(bool there, double value) { return there ? absl::StrFormat("%.2f", value) : ""; }

std::string Minor(bool there, double minor, const std::string& currency) {
  return there ? ShowMinor(static_cast<std::int64_t>(minor + (minor < 0 ? -0.5 : 0.5)), currency) : "";
}

std::string MatchWord(v1::SpendMatch match) {
  switch (match) {
    case v1::SPEND_MATCH_NO_SPEND:
      return "no spend";
    case v1::SPEND_MATCH_NO_CREDIT:
      return "no orders";
    default:
      return "";
  }
}

// What a row stands for, from the campaign down.
std::string NameOf(const v1::ReportRow& row) {
  std::string name = row.campaign().empty() ? row.campaign_id() : row.campaign();
  for (const std::string* part : {&row.ad_group(), &row.ad(), &row.keyword(), &row.search_query()}) {
    if (!part->empty()) absl::StrAppend(&name, name.empty() ? "" : " / ", *part);
  }
  return name;
}

std::vector<std::string> MetricsCells(const v1::ReportMetrics& metrics, const std::string& currency) {
  return {ShowMinor(metrics.spend_minor(), currency),
          absl::StrCat(metrics.clicks()),
          absl::StrFormat("%.2f", metrics.conversions()),
          absl::StrFormat("%.2f", metrics.new_customers()),
          ShowMinor(metrics.revenue_minor(), currency),
          ShowMinor(metrics.net_minor(), currency),
          ShowMinor(metrics.margin_minor(), currency),
          ShowMinor(metrics.profit_minor(), currency),
          Ratio(metrics.has_roas(), metrics.roas()),
          Minor(metrics.has_cpa_minor(), metrics.cpa_minor(), currency),
          Minor(metrics.has_cac_minor(), metrics.cac_minor(), currency)};
}

}  // namespace

std::string ModelWord(v1::AttributionModel model) {
  constexpr std::size_t kPrefix = sizeof("ATTRIBUTION_MODEL_") - 1;
  return absl::AsciiStrToLower(v1::AttributionModel_Name(model).substr(kPrefix));
}

Table ReportTable(const v1::AttributionReport& report) {
  Table table{{"FROM", "STORE", "CHANNEL", "PLATFORM", "NAME", "SPEND", "CLICKS", "ORDERS", "NEW", "REVENUE", "NET",
               "MARGIN", "PROFIT", "ROAS", "CPA", "CAC", "MATCH"},
              {}};
  const auto add = [&](std::vector<std::string> cells, const v1::ReportMetrics& metrics, std::string match) {
    for (std::string& cell : MetricsCells(metrics, report.currency_code())) cells.push_back(std::move(cell));
    cells.push_back(std::move(match));
    table.rows.push_back(std::move(cells));
  };
  for (const v1::ReportRow& row : report.rows()) {
    add({row.from_date(), row.store_id(), row.channel(), row.platform(), NameOf(row)}, row.metrics(),
        MatchWord(row.match()));
    if (row.has_compared()) add({"compared", "", "", "", ""}, row.compared(), "");
  }
  add({"all", "", "", "", ""}, report.totals(), "");
  if (report.has_compared_totals()) add({"compared", "", "", "", ""}, report.compared_totals(), "");
  return table;
}

std::string ReportChart(const v1::AttributionReport& report) {
  std::int64_t most = 1;
  std::size_t widest = 0;
  const auto label = [](const v1::ReportRow& row) { return NameOf(row).empty() ? row.channel() : NameOf(row); };
  const int count = std::min(report.rows_size(), kChartRows);
  for (int i = 0; i < count; ++i) {
    const v1::ReportRow& row = report.rows(i);
    most = std::max({most, row.metrics().net_minor(), row.metrics().spend_minor()});
    widest = std::max(widest, label(row).size());
  }
  std::string text;
  for (int i = 0; i < count; ++i) {
    const v1::ReportRow& row = report.rows(i);
    const auto line = [&](const std::string& name, std::int64_t minor, const char* what) {
      const double share = static_cast<double>(std::max<std::int64_t>(minor, 0)) / static_cast<double>(most);
      absl::StrAppend(&text, name, std::string(widest + 2 - std::min(name.size(), widest), ' '), Bar(share, kBarWidth),
                      " ", ShowMinor(minor, report.currency_code()), " ", what, "\n");
    };
    line(label(row), row.metrics().net_minor(), "net");
    line("", row.metrics().spend_minor(), "spent");
  }
  return text;
}

Table ComparisonTable(const v1::ModelComparison& comparison) {
  Table table{{"CHANNEL"}, {}};
  for (int model = 1; v1::AttributionModel_IsValid(model); ++model) {
    table.header.push_back(absl::AsciiStrToUpper(ModelWord(static_cast<v1::AttributionModel>(model))));
  }
  const std::size_t models = table.header.size() - 1;
  for (const char* name : {"CHAIN", "GAME", "REMOVAL", "SPREAD"}) table.header.push_back(name);
  for (const v1::ChannelComparison& channel : comparison.channels()) {
    std::vector<std::string> cells(models + 1, "0.00");
    cells[0] = channel.channel();
    for (const v1::ModelShare& share : channel.shares()) {
      cells[static_cast<std::size_t>(share.model())] = absl::StrFormat("%.2f", share.conversions());
    }
    cells.push_back(absl::StrFormat("%.2f", channel.markov_conversions()));
    cells.push_back(absl::StrFormat("%.2f", channel.shapley_conversions()));
    cells.push_back(absl::StrFormat("%.4f", channel.removal_effect()));
    cells.push_back(absl::StrFormat("%.2f", channel.spread()));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table PathsTable(const v1::ConversionPaths& paths) {
  Table table{{"PATH", "ORDERS", "NET"}, {}};
  for (const v1::ConversionPath& path : paths.paths()) {
    table.rows.push_back({path.channels().empty() ? "(unattributed)" : absl::StrJoin(path.channels(), " > "),
                          absl::StrCat(path.conversions()), ShowMinor(path.net_minor(), paths.currency_code())});
  }
  return table;
}

Table CountsTable(const std::string& what, const google::protobuf::RepeatedPtrField<v1::ConversionCount>& counts) {
  Table table{{what, "ORDERS"}, {}};
  for (const v1::ConversionCount& count : counts) {
    table.rows.push_back({absl::StrCat(count.value()), absl::StrCat(count.conversions())});
  }
  return table;
}

Table AssistsTable(const v1::ConversionPaths& paths) {
  Table table{{"CHANNEL", "LAST", "ASSISTED", "NET ASSISTED"}, {}};
  for (const v1::ChannelAssist& assist : paths.assists()) {
    table.rows.push_back({assist.channel(), absl::StrCat(assist.last_conversions()),
                          absl::StrCat(assist.assisted_conversions()),
                          ShowMinor(assist.assisted_net_minor(), paths.currency_code())});
  }
  return table;
}

Table CohortsTable(const v1::AcquisitionCohorts& cohorts) {
  Table table{{"MONTH", "CHANNEL", "CAMPAIGN", "CUSTOMERS", "SPEND", "NET", "MARGIN", "VALUE EACH", "PAYBACK MONTH"},
              {}};
  const std::string& currency = cohorts.currency_code();
  for (const v1::AcquisitionCohort& cohort : cohorts.cohorts()) {
    const auto last = [](const auto& sums) { return sums.empty() ? 0 : sums[sums.size() - 1]; };
    table.rows.push_back(
        {cohort.month(), cohort.channel(), cohort.campaign().empty() ? cohort.campaign_id() : cohort.campaign(),
         absl::StrFormat("%.2f", cohort.customers()), ShowMinor(cohort.spend_minor(), currency),
         ShowMinor(last(cohort.net_minor()), currency), ShowMinor(last(cohort.margin_minor()), currency),
         Minor(cohort.customers() > 0, cohort.lifetime_value_minor(), currency),
         cohort.has_payback_month() ? absl::StrCat(cohort.payback_month()) : ""});
  }
  return table;
}

Table ExplanationTable(const v1::CreditExplanation& explanation) {
  Table table{{"TIME", "CHANNEL", "SOURCE", "CAMPAIGN", "NOTE"}, {}};
  for (const v1::ModelCredit& model : explanation.models()) {
    table.header.push_back(absl::AsciiStrToUpper(ModelWord(model.model())));
  }
  const auto credit_of = [&](const v1::ModelCredit& model, const std::string& touch) -> std::string {
    for (const v1::TouchCredit& credit : model.credits()) {
      if (credit.touchpoint_id() == touch) return ShowMinor(credit.net_minor(), explanation.currency_code());
    }
    return "";
  };
  const auto add = [&](std::vector<std::string> cells, const std::string& touch) {
    for (const v1::ModelCredit& model : explanation.models()) cells.push_back(credit_of(model, touch));
    table.rows.push_back(std::move(cells));
  };
  bool counted = false;
  for (const v1::ExplainedTouch& touch : explanation.touches()) {
    counted = counted || touch.exclusion() == v1::TOUCH_EXCLUSION_UNSPECIFIED;
    std::string note = touch.reason_en();
    if (touch.lead()) note += "became known";
    if (touch.cart()) absl::StrAppend(&note, note.empty() ? "" : ", ", "cart begun");
    add({ShowTime(touch.occur_time()), touch.channel(), touch.source(), touch.campaign(), std::move(note)},
        touch.touchpoint_id());
  }
  if (!counted) add({"", "(unattributed)", "", "", ""}, "");
  return table;
}

}  // namespace esnaf::cli
