#pragma once

#include <string>

#include "services/gateway/route_table.h"

namespace esnaf::gateway {

// The OpenAPI 3.0 document of every method that has a path, made from the contracts and their comments.
std::string OpenApiJson(const RouteTable& routes);

}  // namespace esnaf::gateway
