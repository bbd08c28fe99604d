#pragma once

#include "cli/output.h"
#include "esnaf/segmentation/v1/values.pb.h"

namespace esnaf::cli {

// What `esnaf value` shows, as tables and small text charts.
Table ValueTable(const segmentation::v1::ContactValue& value);
Table TopTable(const segmentation::v1::ListContactValuesResponse& page);
Table ModelTable(const std::vector<segmentation::v1::ValueModel>& models);
Table FitTable(const std::vector<segmentation::v1::ValueModelFit>& fits);
// One row a cohort: the share of its customers who bought in each month after the first.
Table CohortTable(const segmentation::v1::RetentionCohorts& cohorts);

// The parameters of a fit with their errors, and what the held out days said.
std::string DescribeFit(const segmentation::v1::ValueModelFit& fit);
// A heat map of the cohorts, darker for more, and a bar of churn and win-back for each month.
std::string CohortChart(const segmentation::v1::RetentionCohorts& cohorts);

}  // namespace esnaf::cli
