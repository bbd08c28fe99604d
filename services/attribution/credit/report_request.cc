#include "services/attribution/credit/report_request.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

constexpr int kDaysShown = 30;
constexpr char kNoOrders[] = "TRY";

absl::StatusOr<Date> DayOf(const std::string& text, Date otherwise, std::string_view field) {
  if (text.empty()) return otherwise;
  const absl::StatusOr<Date> day = ParseDate(text);
  if (!day.ok()) return InvalidField(field, "is no day, for example 2026-01-31");
  return *day;
}

}  // namespace

absl::StatusOr<Days> DaysOf(const std::string& from, const std::string& to, Date today, int most_days) {
  Days days;
  ESNAF_ASSIGN_OR_RETURN(days.to, DayOf(to, today, "to_date"));
  const Date usual(std::chrono::sys_days(days.to) - std::chrono::days(kDaysShown - 1));
  ESNAF_ASSIGN_OR_RETURN(days.from, DayOf(from, usual, "from_date"));
  if (days.from > days.to) return InvalidField("from_date", "is after to_date");
  if (std::chrono::sys_days(days.to) - std::chrono::sys_days(days.from) > std::chrono::days(most_days)) {
    return InvalidField("from_date", absl::StrCat("is more than ", most_days, " days before to_date"));
  }
  return days;
}

absl::StatusOr<std::vector<std::string>> StoresOf(const runtime::Call& call, const std::string& store_id) {
  if (store_id.empty()) return call.caller().store_ids;
  if (!call.caller().MaySee(store_id)) return InvalidField("store_id", "is a store that the key is not for");
  return std::vector<std::string>{store_id};
}

absl::StatusOr<std::int64_t> ChooseCurrency(postgres::Tx& tx, ReportQuery& query) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<CurrencyCount> counts, CountCurrencies(tx, query));
  if (query.currency_code.empty()) query.currency_code = counts.empty() ? kNoOrders : counts[0].currency_code;
  std::int64_t others = 0;
  for (const CurrencyCount& count : counts) {
    if (count.currency_code != query.currency_code) others += count.orders;
  }
  return others;
}

v1::ReportMetrics ToProto(const Metrics& metrics) {
  v1::ReportMetrics wire;
  wire.set_spend_minor(metrics.spend);
  wire.set_impressions(metrics.impressions);
  wire.set_clicks(metrics.clicks);
  wire.set_conversions(static_cast<double>(metrics.conversions) / 1e6);
  wire.set_new_customers(static_cast<double>(metrics.new_customers) / 1e6);
  wire.set_revenue_minor(metrics.revenue);
  wire.set_net_minor(metrics.net);
  wire.set_cost_minor(metrics.cost);
  wire.set_margin_minor(metrics.Margin());
  wire.set_profit_minor(metrics.Profit());
  if (const auto roas = metrics.Roas()) wire.set_roas(*roas);
  if (const auto cpa = metrics.Cpa()) wire.set_cpa_minor(*cpa);
  if (const auto cac = metrics.Cac()) wire.set_cac_minor(*cac);
  return wire;
}

}  // namespace esnaf::attribution
