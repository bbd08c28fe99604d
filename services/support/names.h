#pragma once

// What people call the things that they set up in the desk.
#include <string>

#include "libs/base/error.h"

namespace esnaf::support {

// Adds what is wrong with an id that people choose and a name for display, by the names of the contract below `field`.
void CheckNames(const std::string& id, const std::string& display_name, const std::string& field,
                FieldViolations& violations);

}  // namespace esnaf::support
