// What the customers whom campaigns acquired have been worth.
#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/attribution/credit/cohort.h"
#include "services/attribution/credit/credit_wire.h"
#include "services/attribution/credit/path_report_store.h"
#include "services/attribution/credit/report_request.h"
#include "services/attribution/credit/report_service.h"

namespace esnaf::attribution {
namespace {

constexpr int kMonthsShown = 12;
constexpr int kMostMonths = 60;

absl::StatusOr<Date> MonthOf(const std::string& text, Date otherwise, std::string_view field) {
  if (text.empty()) return otherwise;
  const absl::StatusOr<Date> first = ParseDate(text + "-01");
  if (!first.ok()) return InvalidField(field, "is no month, for example 2026-01");
  return *first;
}

// The first and the last day of the months that a request names.
absl::StatusOr<Days> MonthsOf(const v1::GetAcquisitionCohortsRequest& request, Date today) {
  const Date this_month = today.year() / today.month() / 1;
  ESNAF_ASSIGN_OR_RETURN(const Date to, MonthOf(request.to_month(), this_month, "to_month"));
  ESNAF_ASSIGN_OR_RETURN(const Date from,
                         MonthOf(request.from_month(), to - std::chrono::months(kMonthsShown - 1), "from_month"));
  if (from > to) return InvalidField("from_month", "is after to_month");
  if (PeriodNumber(Period::kMonth, from, to) > kMostMonths) {
    return InvalidField("from_month", "is more than 60 months before to_month");
  }
  return Days{from, Date(to.year() / to.month() / std::chrono::last)};
}

std::string MonthText(Date day) { return FormatDate(day).substr(0, 7); }

void CohortTo(v1::AcquisitionCohort& wire, const Cohort& cohort, Date from) {
  wire.set_month(MonthText(PeriodStart(Period::kMonth, from, cohort.key.period)));
  wire.set_channel(cohort.key.channel);
  wire.set_platform(cohort.key.platform);
  wire.set_campaign_id(cohort.key.campaign_id);
  wire.set_campaign(cohort.key.campaign);
  const double customers = static_cast<double>(cohort.customers) / 1e6;
  wire.set_customers(customers);
  wire.set_spend_minor(cohort.spend);
  wire.mutable_net_minor()->Add(cohort.net.begin(), cohort.net.end());
  wire.mutable_margin_minor()->Add(cohort.margin.begin(), cohort.margin.end());
  if (const std::optional<int> month = cohort.PaybackMonth()) wire.set_payback_month(*month);
  if (customers > 0 && !cohort.net.empty()) {
    wire.set_lifetime_value_minor(static_cast<double>(cohort.net.back()) / customers);
  }
}

}  // namespace

absl::StatusOr<v1::AcquisitionCohorts> ReportService::GetAcquisitionCohorts(
    runtime::Call& call, const v1::GetAcquisitionCohortsRequest& request) {
  ReportQuery query{.level = Level::kCampaign, .period = Period::kMonth, .currency_code = request.currency_code()};
  const bool by_channel = request.level() == v1::REPORT_LEVEL_CHANNEL;
  if (!by_channel && request.level() != v1::REPORT_LEVEL_UNSPECIFIED && request.level() != v1::REPORT_LEVEL_CAMPAIGN) {
    return InvalidField("level", "must be CHANNEL or CAMPAIGN");
  }
  ESNAF_ASSIGN_OR_RETURN(query.model, ModelFromProto(request.model(), "model"));
  ESNAF_ASSIGN_OR_RETURN(query.store_ids, StoresOf(call, request.store_id()));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::AcquisitionCohorts> {
    ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
    ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(record.settings.time_zone));
    const Date today = zone.LocalDate(call.now());
    ESNAF_ASSIGN_OR_RETURN(const Days days, MonthsOf(request, today));
    query.from = days.from;
    query.to = days.to;
    ESNAF_RETURN_IF_ERROR(ChooseCurrency(tx, query).status());
    ESNAF_ASSIGN_OR_RETURN(const std::vector<CohortLine> lines, LoadCohorts(tx, query, record.settings.time_zone));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<ReportLine> spend, LoadSpend(tx, query));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<CampaignChannel> channels, LoadCampaignChannels(tx));
    v1::AcquisitionCohorts answer;
    const std::int32_t now = PeriodNumber(Period::kMonth, query.from, today);
    for (const Cohort& cohort :
         MakeCohorts(lines, spend, channels, by_channel ? Level::kChannel : Level::kCampaign, now)) {
      CohortTo(*answer.add_cohorts(), cohort, query.from);
    }
    answer.set_model(ToProto(query.model));
    answer.set_currency_code(query.currency_code);
    return answer;
  });
}

}  // namespace esnaf::attribution
