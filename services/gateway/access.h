#pragma once

// What a contract says of a method: who may call it.
#include <string>

namespace esnaf::gateway {

// From the least to the most trusted; each may call what those before it may, if its scopes allow.
enum class Audience { kStorefront = 1, kStaff = 2, kAdmin = 3 };

struct Access {
  Audience audience = Audience::kAdmin;
  std::string scope;            // `orders.write`; empty only for kAdmin
  bool publishable = false;     // whether a key that sits in a browser may call it too
  bool beacon = false;          // whether over HTTP the key may come in the request and nothing is answered
  bool public_data = false;     // whether what it answers a publishable key is for everybody to read
  bool browser_stream = false;  // whether over HTTP the key of a stream may come in the request
};

}  // namespace esnaf::gateway
