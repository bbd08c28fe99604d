#pragma once

// Which addresses are everybody's: what others than the operator may set must not lead into the own network.
#include <sys/socket.h>

namespace esnaf::https {

// Whether an address of IPv4 or IPv6, as long as its family says, is of the public internet: of no private network, no
// machine's own, no group's. Nothing else is.
bool IsPublicAddress(const sockaddr* address);

}  // namespace esnaf::https
