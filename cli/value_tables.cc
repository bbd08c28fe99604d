#include "cli/value_tables.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_format.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

constexpr int kBarWidth = 30;

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }
std::string Decimal(double number) { return absl::StrFormat("%.2f", number); }
std::string Show(const api::v1::Money& money) { return ShowMinor(money.minor(), money.currency_code()); }

std::string KindName(v1::ValueModelKind kind) {
  switch (kind) {
    case v1::VALUE_MODEL_KIND_MBG_NBD:
      return "MBG/NBD";
    case v1::VALUE_MODEL_KIND_PARETO_NBD:
      return "Pareto/NBD";
    default:
      return "BG/NBD";
  }
}

std::string ChurnText(const v1::ContactValue& value) {
  if (!value.has_churn_probability()) return "nothing to tell by";
  return absl::StrCat(Percent(value.churn_probability()),
                      value.churn_method() == v1::CHURN_METHOD_MODEL ? " (by the model)" : " (by gaps)");
}

double ShareOf(const v1::RetentionCohort& cohort, int month) {
  if (cohort.customer_count() == 0) return 0;
  return static_cast<double>(cohort.active_counts(month)) / static_cast<double>(cohort.customer_count());
}

// Five shades; a share of none has its own.
std::string_view Shade(double share) {
  constexpr std::array<std::string_view, 5> kShades = {"··", "░░", "▒▒", "▓▓", "██"};
  if (share <= 0) return kShades[0];
  return kShades[static_cast<std::size_t>(std::clamp(static_cast<int>(share * 8) + 1, 1, 4))];
}

std::string Bar(double share) {
  std::string bar;
  for (int i = 0; i < std::clamp(static_cast<int>(std::lround(share * kBarWidth)), 0, kBarWidth); ++i) bar += "█";
  return bar;
}

std::string DescribeEstimates(const v1::ValueEstimates& estimates) {
  std::string text;
  for (const v1::ValueParameter& parameter : estimates.parameters()) {
    text += absl::StrFormat("    %-6s %12.5f", parameter.name(), parameter.value());
    if (parameter.has_standard_error()) text += absl::StrFormat("  ± %.5f", parameter.standard_error());
    text += "\n";
  }
  text += absl::StrFormat("    log-likelihood %.3f of %d customers%s\n", estimates.log_likelihood(),
                          estimates.customer_count(), estimates.converged() ? "" : ", NOT CONVERGED");
  return text;
}

}  // namespace

Table ValueTable(const v1::ContactValue& value) {
  const v1::HistoricValue& historic = value.historic();
  const v1::ValueDefinition& definition = value.definition();
  Table table{{"WHAT", "VALUE"}, {}};
  auto& rows = table.rows;
  rows.push_back({"contact", value.contact_id()});
  rows.push_back(
      {"orders", absl::StrFormat("%d on %d days, %s to %s", historic.order_count(), historic.purchase_count(),
                                 historic.first_purchase_date(), historic.last_purchase_date())});
  if (historic.has_median_gap_days()) {
    rows.push_back({"days between orders",
                    absl::StrFormat("median %.1f, mean %.1f", historic.median_gap_days(), historic.mean_gap_days())});
  }
  rows.push_back({"gross sales", Show(historic.gross())});
  rows.push_back({"net sales", Show(historic.net())});
  rows.push_back({"margin (historic CLV)", Show(historic.margin())});
  rows.push_back({"average order", Show(historic.average_order_value())});
  rows.push_back(
      {absl::StrFormat("value per %d days (CV)", definition.period_days()), Show(historic.value_per_period())});
  if (historic.has_simple_lifetime_value()) {
    rows.push_back({"CV / churn x margin", Show(historic.simple_lifetime_value())});
  }
  rows.push_back({"churn", ChurnText(value)});
  if (!value.expected_next_purchase_date().empty()) {
    rows.push_back({"next order expected", value.expected_next_purchase_date()});
  }
  if (value.has_predicted()) {
    const v1::PredictedValue& predicted = value.predicted();
    rows.push_back(
        {absl::StrFormat("orders in %d days", definition.horizon_days()), Decimal(predicted.expected_purchases())});
    rows.push_back({"value of one", Show(predicted.expected_purchase_value())});
    rows.push_back({absl::StrFormat("CLV of %d days", definition.horizon_days()), Show(predicted.clv())});
    rows.push_back({"total CLV", Show(value.total_clv())});
    rows.push_back({"model", absl::StrFormat("%s, fit %d: %s", definition.model_id(), definition.fit_number(),
                                             KindName(definition.kind()))});
  }
  return table;
}

Table TopTable(const v1::ListContactValuesResponse& page) {
  Table table{{"CONTACT", "CLV", "CHURN", "EXPECTED", "VALUE", "PURCHASES", "LAST"}, {}};
  const std::string& currency = page.definition().currency_code();
  for (const v1::ContactValueSummary& value : page.values()) {
    table.rows.push_back({value.contact_id(), ShowMinor(value.clv_minor(), currency),
                          Percent(value.churn_probability()), Decimal(value.expected_purchases()),
                          ShowMinor(value.value_minor(), currency), std::to_string(value.purchase_count()),
                          value.last_purchase_date()});
  }
  return table;
}

Table ModelTable(const std::vector<v1::ValueModel>& models) {
  Table table{{"ID", "NAME", "KIND", "STORE", "CURRENCY", "MARGIN", "HORIZON", "FIT", "FITTED"}, {}};
  for (const v1::ValueModel& model : models) {
    table.rows.push_back({model.id(), model.display_name(), KindName(model.kind()),
                          model.store_id().empty() ? "all" : model.store_id(), model.currency_code(),
                          Percent(model.margin_ratio()), std::to_string(model.horizon_days()),
                          std::to_string(model.fit_number()), ShowTime(model.fit_time())});
  }
  return table;
}

Table FitTable(const std::vector<v1::ValueModelFit>& fits) {
  Table table{{"FIT", "KIND", "AS OF", "CUSTOMERS", "REPEAT", "LOG-LIKELIHOOD", "HOLDOUT ERROR", "MS"}, {}};
  for (const v1::ValueModelFit& fit : fits) {
    table.rows.push_back({std::to_string(fit.number()), KindName(fit.model().kind()), ShowTime(fit.as_of_time()),
                          std::to_string(fit.customer_count()), std::to_string(fit.repeat_customer_count()),
                          absl::StrFormat("%.3f", fit.frequency().log_likelihood()),
                          fit.has_holdout() ? absl::StrFormat("%.3f", fit.holdout().mean_absolute_error()) : "",
                          std::to_string(fit.duration_ms())});
  }
  return table;
}

Table CohortTable(const v1::RetentionCohorts& cohorts) {
  Table table{{"MONTH", "CUSTOMERS", "REPEAT"}, {}};
  for (int month = 0; month < cohorts.cohorts_size(); ++month) table.header.push_back(absl::StrCat("+", month));
  for (const v1::RetentionCohort& cohort : cohorts.cohorts()) {
    std::vector<std::string> row = {cohort.month(), std::to_string(cohort.customer_count()),
                                    Percent(cohort.repeat_rate())};
    for (int month = 0; month < cohorts.cohorts_size(); ++month) {
      row.push_back(month < cohort.active_counts_size() ? absl::StrFormat("%.0f %%", 100 * ShareOf(cohort, month))
                                                        : "");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string DescribeFit(const v1::ValueModelFit& fit) {
  std::string text =
      absl::StrFormat("%s, fit %d of %s: %s to %s, %d customers, %d of them again, in %d ms\n",
                      KindName(fit.model().kind()), fit.number(), fit.model_id(), fit.first_purchase_date(),
                      fit.last_purchase_date(), fit.customer_count(), fit.repeat_customer_count(), fit.duration_ms());
  text += "  buying\n" + DescribeEstimates(fit.frequency());
  if (fit.has_spend()) text += "  spending (Gamma-Gamma)\n" + DescribeEstimates(fit.spend());
  if (!fit.has_holdout()) return text;
  text += absl::StrFormat("  the last %d days, foretold by those before (mean error %.3f)\n",
                          fit.holdout().holdout_days(), fit.holdout().mean_absolute_error());
  Table table{{"REPEATS", "CUSTOMERS", "EXPECTED", "ACTUAL"}, {}};
  for (const v1::HoldoutBin& bin : fit.holdout().bins()) {
    table.rows.push_back({std::to_string(bin.repeat_count()), std::to_string(bin.customer_count()),
                          absl::StrFormat("%.1f", bin.expected_purchases()), std::to_string(bin.actual_purchases())});
  }
  return text + RenderTable(table);
}

std::string CohortChart(const v1::RetentionCohorts& cohorts) {
  std::string text = absl::StrFormat("%d customers, %s came back; lapsed after %d days\n", cohorts.customer_count(),
                                     Percent(cohorts.repeat_rate()), cohorts.lapse_days());
  for (const v1::RetentionCohort& cohort : cohorts.cohorts()) {
    text += absl::StrFormat("  %s %8d  ", cohort.month(), cohort.customer_count());
    for (int month = 0; month < cohort.active_counts_size(); ++month) text += Shade(ShareOf(cohort, month));
    text += "\n";
  }
  text += "churn and win-back\n";
  for (const v1::RetentionMonth& month : cohorts.months()) {
    if (!month.has_churn_rate() && !month.has_win_back_rate()) continue;
    text +=
        absl::StrFormat("  %s  churn %8s %s\n", month.month(), Percent(month.churn_rate()), Bar(month.churn_rate()));
    if (month.has_win_back_rate()) {
      text += absl::StrFormat("           back  %8s %s\n", Percent(month.win_back_rate()), Bar(month.win_back_rate()));
    }
  }
  return text;
}

}  // namespace esnaf::cli
