#include "cli/value_tables.h"

#include "libs/testing/catch.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;
using testing::ContainsSubstring;

void SetMoney(std::int64_t minor, api::v1::Money* money) {
  money->set_minor(minor);
  money->set_currency_code("TRY");
}

std::string CellOf(const Table& table, const std::string& what) {
  for (const auto& row : table.rows) {
    if (row[0] == what) return row[1];
  }
  return "";
}

TEST_CASE("a value shows what was and, where there is a fit, what is expected") {
  v1::ContactValue value;
  value.mutable_definition()->set_period_days(30);
  value.mutable_definition()->set_horizon_days(365);
  SetMoney(123'450, value.mutable_historic()->mutable_net());
  CHECK(CellOf(ValueTable(value), "net sales") == "1234.50 TRY");
  CHECK(CellOf(ValueTable(value), "churn") == "nothing to tell by");
  CHECK(CellOf(ValueTable(value), "CLV of 365 days").empty());
  value.set_churn_probability(0.25);
  value.set_churn_method(v1::CHURN_METHOD_GAP);
  SetMoney(5000, value.mutable_predicted()->mutable_clv());
  CHECK(CellOf(ValueTable(value), "churn") == "25.0 % (by gaps)");
  CHECK(CellOf(ValueTable(value), "CLV of 365 days") == "50.00 TRY");
}

TEST_CASE("a fit is told with its parameters, errors and held out days") {
  v1::ValueModelFit fit;
  fit.mutable_model()->set_kind(v1::VALUE_MODEL_KIND_PARETO_NBD);
  v1::ValueParameter* beta = fit.mutable_frequency()->add_parameters();
  beta->set_name("beta");
  beta->set_value(11.669);
  beta->set_standard_error(6.2);
  v1::HoldoutBin* bin = fit.mutable_holdout()->add_bins();
  bin->set_customer_count(17);
  const std::string text = DescribeFit(fit);
  CHECK_THAT(text, ContainsSubstring("Pareto/NBD"));
  CHECK_THAT(text, ContainsSubstring("11.66900  ± 6.20000"));
  CHECK_THAT(text, ContainsSubstring("NOT CONVERGED"));
  CHECK_THAT(text, ContainsSubstring("17"));
}

TEST_CASE("cohorts are a triangle of shares, darker for more") {
  v1::RetentionCohorts cohorts;
  for (const auto& [month, counts] :
       {std::pair{"2026-01", std::vector<int>{10, 5, 0}}, {"2026-02", {4, 1}}, {"2026-03", {0}}}) {
    v1::RetentionCohort* cohort = cohorts.add_cohorts();
    cohort->set_month(month);
    cohort->set_customer_count(counts[0]);
    for (const int count : counts) cohort->add_active_counts(count);
  }
  v1::RetentionMonth* churn = cohorts.add_months();
  churn->set_month("2026-03");
  churn->set_churn_rate(0.1);
  const Table table = CohortTable(cohorts);
  CHECK(table.header == std::vector<std::string>{"MONTH", "CUSTOMERS", "REPEAT", "+0", "+1", "+2"});
  CHECK(table.rows[0][4] == "50 %");
  CHECK(table.rows[1] == std::vector<std::string>{"2026-02", "4", "0.0 %", "100 %", "25 %", ""});
  const std::string chart = CohortChart(cohorts);
  CHECK_THAT(chart, ContainsSubstring("2026-01       10  ████··\n"));
  CHECK_THAT(chart, ContainsSubstring("2026-02        4  ██▓▓\n"));
  CHECK_THAT(chart, ContainsSubstring("10.0 % ███\n"));
}

}  // namespace
}  // namespace esnaf::cli
