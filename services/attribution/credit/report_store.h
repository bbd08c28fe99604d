#pragma once

// What reports are made of.
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/model.h"
#include "services/attribution/credit/report.h"

namespace esnaf::attribution {

// Which credit and spend a report reads.
struct ReportQuery {
  Date from, to;  // both included
  Model model = Model::kLastNonDirect;
  Level level = Level::kCampaign;
  Period period = Period::kWhole;
  bool by_store = false;
  std::vector<std::string> store_ids;  // empty: all
  std::string currency_code;
  std::optional<bool> new_customers;  // only of new, or of returning ones
  std::optional<Time> as_known_time;
};

// Days that stand still come from their sums, the others are added up: reads must share one snapshot.
absl::StatusOr<std::vector<ReportLine>> LoadCredit(postgres::Tx& tx, const ReportQuery& query);
absl::StatusOr<std::vector<ReportLine>> LoadSpend(postgres::Tx& tx, const ReportQuery& query);
// Paid campaigns that touches named, and their channels.
absl::StatusOr<std::vector<CampaignChannel>> LoadCampaignChannels(postgres::Tx& tx);

// How many orders of days are in which currency, the most first.
struct CurrencyCount {
  std::string currency_code;
  std::int64_t orders = 0;
};
absl::StatusOr<std::vector<CurrencyCount>> CountCurrencies(postgres::Tx& tx, const ReportQuery& query);
// How many people wait to be credited anew, at most 10,000.
absl::StatusOr<std::int64_t> CountPending(postgres::Tx& tx);

}  // namespace esnaf::attribution
