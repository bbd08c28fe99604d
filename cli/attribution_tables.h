#pragma once

// Attribution as tables and small charts.
#include <string>

#include "cli/output.h"
#include "esnaf/attribution/v1/credit.pb.h"
#include "esnaf/attribution/v1/report.pb.h"

namespace esnaf::cli {

Table ReportTable(const attribution::v1::AttributionReport& report);
// Net against spend, row by row, of the first rows: `Yaz Çanta  ███▌ 1200.00 TRY  █ 100.00 TRY spent`.
std::string ReportChart(const attribution::v1::AttributionReport& report);
Table ComparisonTable(const attribution::v1::ModelComparison& comparison);
Table PathsTable(const attribution::v1::ConversionPaths& paths);
// How many orders took so many days, or so many touches: a row each.
Table CountsTable(const std::string& what,
                  const google::protobuf::RepeatedPtrField<attribution::v1::ConversionCount>& counts);
// How often each channel was the last one of an order's path, and how often it helped.
Table AssistsTable(const attribution::v1::ConversionPaths& paths);
Table CohortsTable(const attribution::v1::AcquisitionCohorts& cohorts);
Table ExplanationTable(const attribution::v1::CreditExplanation& explanation);

// `last_non_direct`; as the option --model takes it.
std::string ModelWord(attribution::v1::AttributionModel model);

}  // namespace esnaf::cli
