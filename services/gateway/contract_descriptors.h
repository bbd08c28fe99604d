#pragma once

#include <string_view>

namespace esnaf::gateway {

// A serialized google.protobuf.FileDescriptorSet of every contract, with the comments that the linked descriptors lack.
// The build generates it (CMakeLists.txt).
std::string_view ContractDescriptors();

}  // namespace esnaf::gateway
