#pragma once

// What requests of reports have in common.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/report.pb.h"
#include "libs/runtime/call.h"
#include "services/attribution/credit/credit_store.h"
#include "services/attribution/credit/report_store.h"

namespace esnaf::attribution {

// The days that a request names, both included; 30 days to today where it names none.
struct Days {
  Date from, to;
};
absl::StatusOr<Days> DaysOf(const std::string& from, const std::string& to, Date today, int most_days);

// The stores that a report covers: the one that was named, or all that the caller may see (empty: all there are).
absl::StatusOr<std::vector<std::string>> StoresOf(const runtime::Call& call, const std::string& store_id);

// Fills the currency where the request named none, and answers how many orders are in others.
absl::StatusOr<std::int64_t> ChooseCurrency(postgres::Tx& tx, ReportQuery& query);

v1::ReportMetrics ToProto(const Metrics& metrics);

}  // namespace esnaf::attribution
