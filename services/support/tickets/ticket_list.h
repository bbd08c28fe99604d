#pragma once

// Lists of tickets: what can be asked for, and the one way in which a list, a view and a search are answered.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "libs/api/fields.h"
#include "libs/runtime/call.h"

namespace esnaf::support {

// What filters and orders can name, of `ticket t`.
const api::FieldTable& TicketFields();

// What a filter that can be read says anyway, in words by which the indexes of open and of breached tickets are known:
// plans are made without the values of parameters. Begins with AND; empty where it says neither.
std::string ImpliedCondition(const std::string& filter);

// The words of a search, folded, as patterns; INVALID_ARGUMENT naming `query` where one is too short, or they are many.
absl::StatusOr<std::vector<std::string>> WordsOf(const std::string& query);

// The page of tickets that the caller may see.
absl::StatusOr<v1::ListTicketsResponse> ListPage(runtime::Call& call, const v1::ListTicketsRequest& request);

}  // namespace esnaf::support
