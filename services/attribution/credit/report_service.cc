#include "services/attribution/credit/report_service.h"

#include <set>

#include "absl/strings/numbers.h"
#include "libs/api/convert.h"
#include "libs/api/paging.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/attribution/credit/credit_wire.h"
#include "services/attribution/credit/report_request.h"

namespace esnaf::attribution {
namespace {

constexpr int kMostDays = 1100;
constexpr int kDefaultPageSize = 1000;
constexpr int kMostPageSize = 10000;

ReportFilter FilterOf(const v1::GetAttributionReportRequest& request) {
  return {request.channel(), request.platform(), request.campaign(), request.ad_group()};
}

absl::StatusOr<Level> LevelOf(v1::ReportLevel level) {
  if (level == v1::REPORT_LEVEL_UNSPECIFIED) return Level::kCampaign;
  if (!v1::ReportLevel_IsValid(level)) return InvalidField("level", "is no level");
  return static_cast<Level>(level);
}

// What is read: as deep as the rows and the drill-down need.
Level LoadLevel(Level level, const ReportFilter& filter) {
  if (!filter.ad_group.empty()) return std::max(level, Level::kAdGroup);
  if (!filter.campaign.empty() || !filter.platform.empty()) return std::max(level, Level::kCampaign);
  return level;
}

absl::StatusOr<ReportQuery> QueryOf(const runtime::Call& call, const v1::GetAttributionReportRequest& request,
                                    Level level) {
  if (!v1::ReportPeriod_IsValid(request.period())) return InvalidField("period", "is no period");
  ReportQuery query{.level = LoadLevel(level, FilterOf(request)),
                    .period = static_cast<Period>(request.period()),
                    .by_store = request.by_store(),
                    .currency_code = request.currency_code()};
  ESNAF_ASSIGN_OR_RETURN(query.model, ModelFromProto(request.model(), "model"));
  ESNAF_ASSIGN_OR_RETURN(query.store_ids, StoresOf(call, request.store_id()));
  if (request.customers() == v1::CUSTOMER_FILTER_NEW) query.new_customers = true;
  if (request.customers() == v1::CUSTOMER_FILTER_RETURNING) query.new_customers = false;
  if (request.has_as_known_time()) {
    ESNAF_ASSIGN_OR_RETURN(query.as_known_time, api::FromProto(request.as_known_time(), "as_known_time"));
  }
  return query;
}

absl::StatusOr<Report> MakeRows(postgres::Tx& tx, const ReportQuery& query, Level level, const ReportFilter& filter,
                                const std::vector<CampaignChannel>& channels) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<ReportLine> credit, LoadCredit(tx, query));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<ReportLine> spend, LoadSpend(tx, query));
  return MakeReport(credit, spend, channels, level, filter);
}

void KeyTo(v1::ReportRow& wire, const RowKey& key, const ReportQuery& query) {
  const Date first = PeriodStart(query.period, query.from, key.period);
  wire.set_from_date(FormatDate(std::max(std::chrono::sys_days(first), std::chrono::sys_days(query.from))));
  wire.set_store_id(key.store_id);
  wire.set_channel(key.channel);
  wire.set_platform(key.platform);
  wire.set_campaign_id(key.campaign_id);
  wire.set_campaign(key.campaign);
  wire.set_ad_group_id(key.ad_group_id);
  wire.set_ad_group(key.ad_group);
  wire.set_ad_id(key.ad_id);
  wire.set_ad(key.ad);
  wire.set_keyword(key.keyword);
  wire.set_search_query(key.search_query);
}

// The rows of both periods side by side, those of the compared one that have no counterpart behind.
struct Compared {
  Report report;
  std::map<RowKey, Metrics> before;
  std::vector<RowKey> missing;

  std::size_t size() const { return report.size() + missing.size(); }
  Row operator[](std::size_t index) const {
    if (index < report.size()) return report[index];
    return {missing[index - report.size()], SpendMatch::kNoAd, {}};
  }
};

void AddMissing(Compared& compared, const Report& earlier) {
  std::set<RowKey> there;
  for (std::size_t i = 0; i < compared.report.size(); ++i) there.insert(compared.report[i].key);
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    const Row row = earlier[i];
    compared.before[row.key] = row.metrics;
    if (!there.contains(row.key)) compared.missing.push_back(row.key);
  }
}

// The page that the token asks for; the fingerprint makes a token good for its own request only.
absl::Status PageTo(v1::AttributionReport& report, const v1::GetAttributionReportRequest& request,
                    const Compared& compared, const ReportQuery& query) {
  ESNAF_ASSIGN_OR_RETURN(const int size, api::PageSize(request.page_size(), kDefaultPageSize, kMostPageSize));
  const std::uint64_t fingerprint = api::ListFingerprint(request);
  ESNAF_ASSIGN_OR_RETURN(const api::PageKey key, api::ReadPageToken(request.page_token(), fingerprint));
  std::size_t begin = 0;
  if (!key.empty() && (!key[0] || !absl::SimpleAtoi(*key[0], &begin))) {
    return InvalidField("page_token", "is none that a page before gave");
  }
  begin = std::min(begin, compared.size());
  const std::size_t end = std::min(compared.size(), begin + static_cast<std::size_t>(size));
  for (std::size_t i = begin; i < end; ++i) {
    const Row row = compared[i];
    v1::ReportRow& wire = *report.add_rows();
    KeyTo(wire, row.key, query);
    wire.set_match(static_cast<v1::SpendMatch>(row.match));
    *wire.mutable_metrics() = ToProto(row.metrics);
    const auto before = compared.before.find(row.key);
    if (before != compared.before.end()) *wire.mutable_compared() = ToProto(before->second);
  }
  if (end < compared.size()) report.set_next_page_token(api::MakePageToken(fingerprint, {std::to_string(end)}));
  return absl::OkStatus();
}

// The same number of days from another first day on.
absl::StatusOr<ReportQuery> ComparedQuery(ReportQuery query, const std::string& from_date) {
  const absl::StatusOr<Date> from = ParseDate(from_date);
  if (!from.ok()) return InvalidField("compare_from_date", "is no day, for example 2026-01-31");
  const auto length = std::chrono::sys_days(query.to) - std::chrono::sys_days(query.from);
  query.from = *from;
  query.to = Date(std::chrono::sys_days(*from) + length);
  return query;
}

}  // namespace

absl::StatusOr<v1::AttributionReport> ReportService::GetAttributionReport(
    runtime::Call& call, const v1::GetAttributionReportRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Level level, LevelOf(request.level()));
  ESNAF_ASSIGN_OR_RETURN(ReportQuery query, QueryOf(call, request, level));
  if (query.as_known_time && *query.as_known_time < call.now() - std::chrono::days(superseded_days_)) {
    return InvalidField("as_known_time", absl::StrCat("is more than ", superseded_days_, " days ago"));
  }
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::AttributionReport> {
    ESNAF_ASSIGN_OR_RETURN(const SettingsRecord record, GetSettings(tx));
    ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(record.settings.time_zone));
    ESNAF_ASSIGN_OR_RETURN(const Days days,
                           DaysOf(request.from_date(), request.to_date(), zone.LocalDate(call.now()), kMostDays));
    query.from = days.from;
    query.to = days.to;
    v1::AttributionReport report;
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t others, ChooseCurrency(tx, query));
    report.set_other_currency_order_count(others);
    ESNAF_ASSIGN_OR_RETURN(const std::vector<CampaignChannel> channels, LoadCampaignChannels(tx));
    const ReportFilter filter = FilterOf(request);
    ESNAF_ASSIGN_OR_RETURN(Report made, MakeRows(tx, query, level, filter, channels));
    Compared compared{std::move(made), {}, {}};
    *report.mutable_totals() = ToProto(compared.report.totals());
    if (!request.compare_from_date().empty()) {
      ESNAF_ASSIGN_OR_RETURN(const ReportQuery earlier, ComparedQuery(query, request.compare_from_date()));
      ESNAF_ASSIGN_OR_RETURN(const Report rows, MakeRows(tx, earlier, level, filter, channels));
      *report.mutable_compared_totals() = ToProto(rows.totals());
      AddMissing(compared, rows);
    }
    ESNAF_RETURN_IF_ERROR(PageTo(report, request, compared, query));
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t pending, CountPending(tx));
    report.set_pending_count(pending);
    report.set_from_date(FormatDate(query.from));
    report.set_to_date(FormatDate(query.to));
    report.set_model(ToProto(query.model));
    report.set_currency_code(query.currency_code);
    return report;
  });
}

runtime::RpcService ReportService::Rpcs() {
  runtime::RpcService rpc("esnaf.attribution.v1.ReportService");
  rpc.Unary("GetAttributionReport", this, &ReportService::GetAttributionReport);
  rpc.Unary("CompareModels", this, &ReportService::CompareModels);
  rpc.Unary("GetConversionPaths", this, &ReportService::GetConversionPaths);
  rpc.Unary("GetAcquisitionCohorts", this, &ReportService::GetAcquisitionCohorts);
  return rpc;
}

}  // namespace esnaf::attribution
