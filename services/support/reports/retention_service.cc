// The report of whether support keeps customers.
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/reports/report_service.h"
#include "services/support/reports/retention.h"
#include "services/support/reports/retention_store.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr int kUsualMonths = 6;
constexpr int kMostMonths = 24;
constexpr int kMostRequesters = 200'000;

struct RetentionScope {
  Date first;
  Date last;
  std::string policy_id;
  TimeZone zone = TimeZone::Utc();
  Time now;
  // When the month is over: people are labelled as of then, and looked at from then on.
  Time EndOf(Date month) const { return zone.StartOfDay(AddMonths(month, 1)); }
};

absl::StatusOr<RetentionScope> ScopeOf(const Call& call, const v1::GetRetentionReportRequest& request) {
  RetentionScope scope{.policy_id = request.rfm_policy_id(), .now = call.now()};
  absl::StatusOr<TimeZone> zone = TimeZone::Load(request.time_zone().empty() ? "Europe/Istanbul" : request.time_zone());
  if (!zone.ok()) return InvalidField("time_zone", "is no IANA zone");
  scope.zone = *std::move(zone);
  const Date today = scope.zone.LocalDate(scope.now);
  scope.last = AddMonths(Date(today.year(), today.month(), std::chrono::day(1)), -1);
  if (!request.last_month().empty()) {
    const std::optional<Date> last = ParseMonth(request.last_month());
    if (!last) return InvalidField("last_month", "is no month, YYYY-MM");
    scope.last = *last;
  }
  if (scope.EndOf(scope.last) > scope.now) return InvalidField("last_month", "is not over yet");
  scope.first = AddMonths(scope.last, 1 - kUsualMonths);
  if (!request.first_month().empty()) {
    const std::optional<Date> first = ParseMonth(request.first_month());
    if (!first) return InvalidField("first_month", "is no month, YYYY-MM");
    scope.first = *first;
  }
  const bool in_order = scope.first <= scope.last && AddMonths(scope.first, kMostMonths) > scope.last;
  if (!in_order) return InvalidField("first_month", absl::StrCat("is not within ", kMostMonths, " months of the last"));
  return scope;
}

// What segmentation answered of one month.
struct MonthCounts {
  Date month;
  segmentation::v1::RepeatPurchases purchases;  // nobody where no horizon is over yet
  std::size_t horizons_over = 0;                // the shortest ones
};

v1::RetentionStratum StratumToProto(Date month, const segmentation::v1::RepeatPurchaseCount& of_label,
                                    const RetentionStratum& stratum) {
  v1::RetentionStratum message;
  message.set_month(FormatMonth(month));
  message.set_label(of_label.label());
  message.set_label_name_tr(of_label.name_tr());
  message.set_label_name_en(of_label.name_en());
  message.set_exposed_count(stratum.exposed);
  message.set_exposed_buyer_count(stratum.exposed_buyers);
  message.set_compared_count(stratum.compared);
  message.set_compared_buyer_count(stratum.compared_buyers);
  message.set_state(stratum.IsOneSided() ? v1::RETENTION_STRATUM_STATE_ONE_SIDED
                    : stratum.IsSmall()  ? v1::RETENTION_STRATUM_STATE_SMALL
                                         : v1::RETENTION_STRATUM_STATE_COMPARED);
  return message;
}

void PutResult(const std::vector<RetentionStratum>& strata, v1::RetentionComparison& comparison) {
  for (const RetentionStratum& stratum : strata) {
    if (stratum.IsOneSided()) continue;
    comparison.set_exposed_count(comparison.exposed_count() + stratum.exposed);
    comparison.set_compared_count(comparison.compared_count() + stratum.compared);
  }
  const std::optional<RiskDifference> difference = CompareStrata(strata);
  if (!difference) return;
  comparison.set_exposed_share(difference->exposed_share);
  comparison.set_compared_share(difference->compared_share);
  comparison.set_difference(difference->difference);
  if (!difference->lower) return;
  comparison.set_lower_bound(*difference->lower);
  comparison.set_upper_bound(*difference->upper);
}

v1::RetentionComparison Compare(RetentionExposure exposure, std::size_t horizon,
                                const std::vector<MonthCounts>& months) {
  v1::RetentionComparison comparison;
  comparison.set_exposure(static_cast<v1::RetentionExposure>(exposure));
  comparison.set_horizon_days(static_cast<int>(kRetentionHorizons[horizon].count()));
  std::vector<RetentionStratum> strata;
  for (const MonthCounts& month : months) {
    if (horizon >= month.horizons_over) {
      comparison.add_censored_months(FormatMonth(month.month));
      continue;
    }
    // Counts of one label follow one another.
    const auto& counts = month.purchases.counts();
    for (auto count = counts.begin(); count != counts.end();) {
      const auto of_label = count;
      RetentionStratum stratum;
      for (; count != counts.end() && count->label() == of_label->label(); ++count) {
        stratum.Add(SideOf(exposure, static_cast<std::uint8_t>(count->groups())), count->contact_count(),
                    count->buyer_counts(static_cast<int>(horizon)));
      }
      if (stratum.exposed == 0 && stratum.compared == 0) continue;
      strata.push_back(stratum);
      *comparison.add_strata() = StratumToProto(month.month, *of_label, stratum);
    }
  }
  PutResult(strata, comparison);
  return comparison;
}

absl::Status CheckAnswer(const segmentation::v1::RepeatPurchases& answer, std::size_t horizons) {
  for (const segmentation::v1::RepeatPurchaseCount& count : answer.counts()) {
    if (static_cast<std::size_t>(count.buyer_counts_size()) != horizons) {
      return absl::InternalError("segmentation answers other horizons than were asked");
    }
  }
  return absl::OkStatus();
}

segmentation::v1::CountRepeatPurchasesRequest RequestOf(const RetentionScope& scope, Date month,
                                                        const std::vector<std::string>& store_ids,
                                                        const std::vector<RetentionRequester>& requesters) {
  segmentation::v1::CountRepeatPurchasesRequest request;
  request.set_policy_id(scope.policy_id);
  *request.mutable_as_of_time() = api::ToProto(scope.EndOf(month));
  for (const std::chrono::days horizon : kRetentionHorizons) {
    if (scope.EndOf(month) + horizon <= scope.now) request.add_horizon_days(static_cast<int>(horizon.count()));
  }
  for (const RetentionRequester& requester : requesters) {
    request.mutable_contact_ids()->append(requester.contact_id.bytes().begin(), requester.contact_id.bytes().end());
    request.mutable_groups()->push_back(static_cast<char>(requester.bits));
  }
  request.mutable_store_ids()->Assign(store_ids.begin(), store_ids.end());
  return request;
}

}  // namespace

absl::StatusOr<v1::RetentionReport> SupportReportService::GetRetentionReport(
    Call& call, const v1::GetRetentionReportRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const RetentionScope scope, ScopeOf(call, request));
  if (segmentation_ == nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SEGMENTATION_NOT_CONFIGURED",
                     "nobody labels customers: the key `segmentation-address`");
  }
  const std::vector<std::string>& store_ids = call.caller().store_ids;
  v1::RetentionReport report;
  report.set_rfm_policy_id(scope.policy_id.empty() ? "default" : scope.policy_id);
  std::vector<MonthCounts> months;
  for (Date month = scope.first; month <= scope.last; month = AddMonths(month, 1)) {
    ESNAF_ASSIGN_OR_RETURN(const auto requesters, call.Read([&](postgres::Tx& tx) {
      return ReadRequesters(tx, scope.zone.StartOfDay(month), scope.EndOf(month), store_ids, kMostRequesters + 1);
    }));
    if (requesters.size() > kMostRequesters) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "TOO_MANY_REQUESTERS",
                       absl::StrCat("more than ", kMostRequesters, " people asked in ", FormatMonth(month)));
    }
    const segmentation::v1::CountRepeatPurchasesRequest asked = RequestOf(scope, month, store_ids, requesters);
    MonthCounts& counts = months.emplace_back();
    counts.month = month;
    counts.horizons_over = static_cast<std::size_t>(asked.horizon_days_size());
    if (counts.horizons_over == 0) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call.info().deadline - clock_.Now());
    ESNAF_ASSIGN_OR_RETURN(counts.purchases,
                           segmentation_->Call<segmentation::v1::RepeatPurchases>(
                               "/esnaf.segmentation.v1.RfmService/CountRepeatPurchases", asked,
                               {.timeout = std::max(left, std::chrono::milliseconds(1)), .retry_unavailable = true}));
    ESNAF_RETURN_IF_ERROR(CheckAnswer(counts.purchases, counts.horizons_over));
  }
  report.set_first_month(FormatMonth(scope.first));
  report.set_last_month(FormatMonth(scope.last));
  *report.mutable_as_of_time() = api::ToProto(scope.now);
  for (const RetentionExposure exposure : kRetentionExposures) {
    for (std::size_t i = 0; i < kRetentionHorizons.size(); ++i) {
      *report.add_comparisons() = Compare(exposure, i, months);
    }
  }
  return report;
}

}  // namespace esnaf::support
