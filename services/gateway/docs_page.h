#pragma once

#include <string>

namespace esnaf::gateway {

// A page that shows /openapi.json, in one file without anything from elsewhere.
const std::string& DocsPage();

}  // namespace esnaf::gateway
