#pragma once

// Every method that the contracts open to the outside, with what the gateway must know to forward a call to it.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "services/gateway/access.h"
#include "services/gateway/path_template.h"

namespace esnaf::gateway {

// Where calls are forwarded to. kGateway is the gateway's own internal server.
enum class Upstream : std::uint8_t { kContacts, kOrders, kSegmentation, kAttribution, kSupport, kGateway };
inline constexpr int kUpstreamCount = 6;
const char* UpstreamName(Upstream upstream);
// All but the gateway itself.
std::span<const Upstream> ServicesBehind();
// Nullopt where no service behind the gateway is called that.
std::optional<Upstream> UpstreamCalled(std::string_view name);

// One way in which a method is called over HTTP.
struct HttpBinding {
  std::string verb;  // GET, POST, PUT, PATCH, DELETE
  PathTemplate path;
  std::string body;  // `*`, a field's name, or empty
};

struct Route {
  std::string method;  // `/esnaf.contacts.v1.ContactService/GetContact`
  int index = 0;       // its place among all routes
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  const google::protobuf::Message* request = nullptr;  // default instances
  const google::protobuf::Message* response = nullptr;
  Access access;
  Upstream upstream = Upstream::kGateway;
  bool client_streaming = false;
  bool server_streaming = false;
  bool mutates = true;  // unless the contract says NO_SIDE_EFFECTS
  std::vector<HttpBinding> bindings;

  bool unary() const { return !client_streaming && !server_streaming; }
};

struct HttpMatch {
  const Route* route;
  const HttpBinding* binding;
  Captures captures;
};

class RouteTable {
 public:
  // The routes of these services. Methods without the access option and those of INTERNAL are left out.
  // FAILED_PRECONDITION naming the method whose contract cannot be kept: a package without an upstream, a template or a
  // body that does not fit the request, two methods on one path, no scope where one is needed.
  static absl::StatusOr<RouteTable> Build(const std::vector<const google::protobuf::ServiceDescriptor*>& services,
                                          google::protobuf::MessageFactory& messages);
  // Of every service that this program is linked with.
  static absl::StatusOr<RouteTable> BuildLinked();

  // Null for methods that cannot be reached from outside.
  const Route* Find(std::string_view method) const;
  // nullopt where nothing is on that path with that verb; `allowed` then lists the verbs that are.
  std::optional<HttpMatch> FindHttp(std::string_view verb, const SplitPath& path, std::string* allowed) const;
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct HttpEntry {
    const Route* route;
    const HttpBinding* binding;
  };
  absl::Status Add(const google::protobuf::MethodDescriptor& method, google::protobuf::MessageFactory& messages);
  absl::Status IndexHttp();

  std::vector<std::unique_ptr<Route>> routes_;
  std::unordered_map<std::string, const Route*, Hash, std::equal_to<>> by_method_;
  // By the number of segments and the verb behind the colon; templates with more literals first.
  std::unordered_map<std::string, std::vector<HttpEntry>> by_shape_;
};

// Every service of the linked contracts, also those that are not reachable.
std::vector<const google::protobuf::ServiceDescriptor*> LinkedServices();

}  // namespace esnaf::gateway
