#pragma once

#include "esnaf/gateway/v1/card.pb.h"

namespace esnaf::cli {

// A customer's card for people, on standard output.
void PrintCard(const gateway::v1::CustomerCard& card);

}  // namespace esnaf::cli
