#include "services/gateway/route_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "esnaf/api/v1/access.pb.h"
#include "esnaf/api/v1/beacon.pb.h"
#include "esnaf/api/v1/browser_stream.pb.h"
#include "esnaf/api/v1/public_data.pb.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "libs/base/macros.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

absl::Status Broken(const MethodDescriptor& method, const std::string& problem) {
  return absl::FailedPreconditionError(absl::StrCat("the contract of ", method.full_name(), " ", problem));
}

std::optional<Upstream> UpstreamOf(const std::string& package) {
  for (int i = 0; i < kUpstreamCount; ++i) {
    const auto upstream = static_cast<Upstream>(i);
    if (package == absl::StrCat("esnaf.", UpstreamName(upstream), ".v1")) return upstream;
  }
  return std::nullopt;
}

// Null for a path that names no field that holds one value.
const FieldDescriptor* FindSingular(const google::protobuf::Descriptor* message, std::string_view path) {
  const FieldDescriptor* field = nullptr;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    if (field != nullptr) message = field->message_type();
    if (message == nullptr) return nullptr;
    field = message->FindFieldByName(std::string(path.substr(0, dot)));
    if (field == nullptr || field->is_repeated()) return nullptr;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return field;
}

absl::StatusOr<HttpBinding> ParseBinding(const MethodDescriptor& method, const google::api::HttpRule& rule) {
  HttpBinding binding;
  std::string path;
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      binding.verb = "GET";
      path = rule.get();
      break;
    case google::api::HttpRule::kPut:
      binding.verb = "PUT";
      path = rule.put();
      break;
    case google::api::HttpRule::kPost:
      binding.verb = "POST";
      path = rule.post();
      break;
    case google::api::HttpRule::kDelete:
      binding.verb = "DELETE";
      path = rule.delete_();
      break;
    case google::api::HttpRule::kPatch:
      binding.verb = "PATCH";
      path = rule.patch();
      break;
    default:
      return Broken(method, "has an HTTP rule without a usual verb");
  }
  ESNAF_ASSIGN_OR_RETURN(binding.path, PathTemplate::Parse(path));
  for (const std::string& variable : binding.path.variables()) {
    const FieldDescriptor* field = FindSingular(method.input_type(), variable);
    if (field == nullptr || field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Broken(method, absl::StrCat("binds the path to ", variable, ", which is no scalar field"));
    }
  }
  binding.body = rule.body();
  if (!binding.body.empty() && binding.body != "*") {
    const FieldDescriptor* field = method.input_type()->FindFieldByName(binding.body);
    if (field == nullptr || field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return Broken(method, absl::StrCat("takes ", binding.body, " from the body, which is no message field"));
    }
  }
  if (!rule.response_body().empty()) return Broken(method, "has a response_body, which is not supported");
  return binding;
}

absl::Status CheckBeacon(const MethodDescriptor& method, const Access& access) {
  if (!access.publishable) return Broken(method, "is a beacon, which is for publishable keys");
  for (const char* name : {"key", "user_agent"}) {
    const FieldDescriptor* field = FindSingular(method.input_type(), name);
    if (field == nullptr || field->type() != FieldDescriptor::TYPE_STRING) {
      return Broken(method, absl::StrCat("is a beacon whose request has no text ", name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBrowserStream(const MethodDescriptor& method, const Access& access) {
  const bool streams = method.server_streaming() && !method.client_streaming();
  if (!streams || !access.publishable || !access.public_data) {
    return Broken(method, "is a stream for browsers, which is a server stream of public data for publishable keys");
  }
  const FieldDescriptor* key = FindSingular(method.input_type(), "key");
  if (key != nullptr && key->type() == FieldDescriptor::TYPE_STRING) return absl::OkStatus();
  return Broken(method, "is a stream for browsers whose request has no text key");
}

std::string ShapeOf(std::size_t segments, std::string_view verb) {
  return absl::StrCat(segments, ":", std::string(verb));
}

}  // namespace

const char* UpstreamName(Upstream upstream) {
  switch (upstream) {
    case Upstream::kContacts:
      return "contacts";
    case Upstream::kOrders:
      return "orders";
    case Upstream::kSegmentation:
      return "segmentation";
    case Upstream::kAttribution:
      return "attribution";
    case Upstream::kSupport:
      return "support";
    case Upstream::kGateway:
      break;
  }
  return "gateway";
}

std::span<const Upstream> ServicesBehind() {
  static const std::vector<Upstream> kServices = [] {
    std::vector<Upstream> services;
    for (int i = 0; i < kUpstreamCount; ++i) {
      if (const auto upstream = static_cast<Upstream>(i); upstream != Upstream::kGateway) services.push_back(upstream);
    }
    return services;
  }();
  return kServices;
}

std::optional<Upstream> UpstreamCalled(std::string_view name) {
  for (const Upstream upstream : ServicesBehind()) {
    if (name == UpstreamName(upstream)) return upstream;
  }
  return std::nullopt;
}

absl::StatusOr<RouteTable> RouteTable::Build(const std::vector<const google::protobuf::ServiceDescriptor*>& services,
                                             google::protobuf::MessageFactory& messages) {
  RouteTable table;
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) ESNAF_RETURN_IF_ERROR(table.Add(*service->method(i), messages));
  }
  ESNAF_RETURN_IF_ERROR(table.IndexHttp());
  return table;
}

absl::StatusOr<RouteTable> RouteTable::BuildLinked() {
  return Build(LinkedServices(), *google::protobuf::MessageFactory::generated_factory());
}

absl::Status RouteTable::Add(const MethodDescriptor& method, google::protobuf::MessageFactory& messages) {
  const api::v1::Access& access = method.options().GetExtension(api::v1::access);
  if (access.audience() == api::v1::AUDIENCE_UNSPECIFIED || access.audience() == api::v1::AUDIENCE_INTERNAL) {
    return absl::OkStatus();
  }
  auto route = std::make_unique<Route>();
  route->method = absl::StrCat("/", method.service()->full_name(), "/", method.name());
  route->index = static_cast<int>(routes_.size());
  route->descriptor = &method;
  route->request = messages.GetPrototype(method.input_type());
  route->response = messages.GetPrototype(method.output_type());
  route->access = {static_cast<Audience>(access.audience()),
                   access.scope(),
                   access.publishable(),
                   method.options().GetExtension(api::v1::beacon),
                   method.options().GetExtension(api::v1::public_data),
                   method.options().GetExtension(api::v1::browser_stream)};
  if (access.scope().empty() && route->access.audience != Audience::kAdmin) return Broken(method, "names no scope");
  const std::optional<Upstream> upstream = UpstreamOf(method.file()->package());
  if (!upstream) return Broken(method, "is of a package that no service of this gateway owns");
  route->upstream = *upstream;
  route->client_streaming = method.client_streaming();
  route->server_streaming = method.server_streaming();
  const bool only_unary = route->access.publishable && !route->access.browser_stream;
  if (only_unary && !route->unary()) return Broken(method, "is a stream, which browsers may not call");
  route->mutates = method.options().idempotency_level() != google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
  if (route->access.publishable && !route->mutates && !route->access.public_data) {
    return Broken(method, "reads, which a publishable key may not");
  }
  const bool is_file = method.output_type()->full_name() == "esnaf.api.v1.File";
  if (route->access.publishable && is_file && !route->access.public_data) {
    return Broken(method, "answers a file, which a publishable key may not read");
  }
  if (route->access.browser_stream) ESNAF_RETURN_IF_ERROR(CheckBrowserStream(method, route->access));
  if (route->access.beacon) ESNAF_RETURN_IF_ERROR(CheckBeacon(method, route->access));
  if (method.options().HasExtension(google::api::http)) {
    if (method.client_streaming()) return Broken(method, "streams requests, which HTTP/JSON cannot");
    const google::api::HttpRule& rule = method.options().GetExtension(google::api::http);
    ESNAF_ASSIGN_OR_RETURN(HttpBinding first, ParseBinding(method, rule));
    route->bindings.push_back(std::move(first));
    for (const google::api::HttpRule& additional : rule.additional_bindings()) {
      ESNAF_ASSIGN_OR_RETURN(HttpBinding binding, ParseBinding(method, additional));
      route->bindings.push_back(std::move(binding));
    }
  }
  by_method_.emplace(route->method, route.get());
  routes_.push_back(std::move(route));
  return absl::OkStatus();
}

absl::Status RouteTable::IndexHttp() {
  std::unordered_map<std::string, const Route*> taken;
  for (const auto& route : routes_) {
    for (const HttpBinding& binding : route->bindings) {
      // Two templates that differ only in the names of their variables match the same paths.
      std::string pattern = absl::StrCat(binding.verb, " ");
      bool inside = false;
      for (char c : binding.path.text()) {
        if (c == '}') inside = false;
        if (!inside) pattern.push_back(c);
        if (c == '{') inside = true;
      }
      if (const auto [other, fresh] = taken.emplace(pattern, route.get()); !fresh) {
        return Broken(*route->descriptor, absl::StrCat("is on the same path as ", other->second->method));
      }
      by_shape_[ShapeOf(binding.path.segment_count(), binding.path.verb())].push_back({route.get(), &binding});
    }
  }
  for (auto& [shape, entries] : by_shape_) {
    std::stable_sort(entries.begin(), entries.end(), [](const HttpEntry& a, const HttpEntry& b) {
      return a.binding->path.literal_count() > b.binding->path.literal_count();
    });
  }
  return absl::OkStatus();
}

const Route* RouteTable::Find(std::string_view method) const {
  const auto found = by_method_.find(method);
  return found == by_method_.end() ? nullptr : found->second;
}

std::optional<HttpMatch> RouteTable::FindHttp(std::string_view verb, const SplitPath& path,
                                              std::string* allowed) const {
  const auto shape = by_shape_.find(ShapeOf(path.segments.size(), path.verb));
  if (shape == by_shape_.end()) return std::nullopt;
  for (const HttpEntry& entry : shape->second) {
    std::optional<Captures> captures = entry.binding->path.Match(path);
    if (!captures) continue;
    if (entry.binding->verb == verb) return HttpMatch{entry.route, entry.binding, *std::move(captures)};
    if (allowed->find(entry.binding->verb) == std::string::npos) {
      absl::StrAppend(allowed, allowed->empty() ? "" : ", ", entry.binding->verb);
    }
  }
  return std::nullopt;
}

}  // namespace esnaf::gateway
