#pragma once

// Lists and counts of touches as they were recorded.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "libs/api/list_query.h"
#include "libs/postgres/connection.h"

namespace esnaf::attribution {

// By what lists of touches can be filtered and sorted.
const api::FieldTable& TouchFields();

// A page of touches of these stores; of all where there are none.
absl::StatusOr<v1::ListTouchpointsResponse> ListTouches(postgres::Tx& tx, const api::ListQuery& query,
                                                        const std::vector<std::string>& store_ids);

struct CountQuery {
  Time from;
  Time until;                          // excluded
  std::vector<std::string> store_ids;  // empty: all
};

absl::StatusOr<v1::CountTouchpointsResponse> CountTouches(postgres::Tx& tx, const CountQuery& query);

}  // namespace esnaf::attribution
