#pragma once

// A contract for tests of what the real ones do not use yet: streams both ways, and every kind of field.
#include <memory>
#include <string>

#include "esnaf/api/v1/access.pb.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/base/check.h"
#include "services/gateway/route_table.h"

namespace esnaf::gateway::testing {

inline constexpr char kTestContract[] = R"pb(
  name: "probe.proto"
  package: "esnaf.orders.v1"
  syntax: "proto3"
  dependency: "esnaf/api/v1/access.proto"
  dependency: "google/api/annotations.proto"
  dependency: "google/protobuf/timestamp.proto"
  dependency: "google/protobuf/field_mask.proto"
  enum_type {
    name: "ProbeState"
    value { name: "PROBE_STATE_UNSPECIFIED" number: 0 }
    value { name: "PROBE_STATE_ON" number: 1 }
  }
  message_type {
    name: "Probe"
    field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "id" }
    field { name: "given_name" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "givenName" }
    field { name: "tags" number: 3 type: TYPE_STRING label: LABEL_REPEATED json_name: "tags" }
    field { name: "big" number: 4 type: TYPE_INT64 label: LABEL_OPTIONAL json_name: "big" }
    field { name: "small" number: 5 type: TYPE_INT32 label: LABEL_OPTIONAL json_name: "small" }
    field { name: "flag" number: 6 type: TYPE_BOOL label: LABEL_OPTIONAL json_name: "flag" }
    field { name: "ratio" number: 7 type: TYPE_DOUBLE label: LABEL_OPTIONAL json_name: "ratio" }
    field {
      name: "state"
      number: 8
      type: TYPE_ENUM
      type_name: ".esnaf.orders.v1.ProbeState"
      label: LABEL_OPTIONAL
      json_name: "state"
    }
    field {
      name: "states"
      number: 9
      type: TYPE_ENUM
      type_name: ".esnaf.orders.v1.ProbeState"
      label: LABEL_REPEATED
      json_name: "states"
    }
    field {
      name: "create_time"
      number: 10
      type: TYPE_MESSAGE
      type_name: ".google.protobuf.Timestamp"
      label: LABEL_OPTIONAL
      json_name: "createTime"
    }
    field {
      name: "child"
      number: 11
      type: TYPE_MESSAGE
      type_name: ".esnaf.orders.v1.Probe"
      label: LABEL_OPTIONAL
      json_name: "child"
    }
    field {
      name: "children"
      number: 12
      type: TYPE_MESSAGE
      type_name: ".esnaf.orders.v1.Probe"
      label: LABEL_REPEATED
      json_name: "children"
    }
    field { name: "data" number: 13 type: TYPE_BYTES label: LABEL_OPTIONAL json_name: "data" }
    field { name: "count" number: 14 type: TYPE_UINT64 label: LABEL_OPTIONAL json_name: "count" }
  }
  message_type {
    name: "GetProbeRequest"
    field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "id" }
    field { name: "store_id" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "storeId" }
  }
  message_type {
    name: "UpdateProbeRequest"
    field {
      name: "probe"
      number: 1
      type: TYPE_MESSAGE
      type_name: ".esnaf.orders.v1.Probe"
      label: LABEL_OPTIONAL
      json_name: "probe"
    }
    field {
      name: "update_mask"
      number: 2
      type: TYPE_MESSAGE
      type_name: ".google.protobuf.FieldMask"
      label: LABEL_OPTIONAL
      json_name: "updateMask"
    }
    field { name: "validate_only" number: 3 type: TYPE_BOOL label: LABEL_OPTIONAL json_name: "validateOnly" }
  }
  message_type {
    name: "DoProbeRequest"
    field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "id" }
    field { name: "reason" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "reason" }
    field {
      name: "probe"
      number: 3
      type: TYPE_MESSAGE
      type_name: ".esnaf.orders.v1.Probe"
      label: LABEL_OPTIONAL
      json_name: "probe"
    }
  }
  service {
    name: "ProbeService"
    method {
      name: "Get"
      input_type: ".esnaf.orders.v1.GetProbeRequest"
      output_type: ".esnaf.orders.v1.Probe"
      options {
        idempotency_level: NO_SIDE_EFFECTS
        [google.api.http] {
          get: "/v1/probes/{id}"
          additional_bindings { get: "/v1/stores/{store_id}/probes/{id}" }
        }
        [esnaf.api.v1.access] { audience: AUDIENCE_STOREFRONT scope: "orders.read" }
      }
    }
    method {
      name: "Update"
      input_type: ".esnaf.orders.v1.UpdateProbeRequest"
      output_type: ".esnaf.orders.v1.Probe"
      options {
        [google.api.http] { patch: "/v1/probes/{probe.id}" body: "probe" }
        [esnaf.api.v1.access] { audience: AUDIENCE_STOREFRONT scope: "orders.write" publishable: true }
      }
    }
    method {
      name: "Search"
      input_type: ".esnaf.orders.v1.Probe"
      output_type: ".esnaf.orders.v1.Probe"
      options {
        idempotency_level: NO_SIDE_EFFECTS
        [google.api.http] { get: "/v1/probes:search" }
        [esnaf.api.v1.access] { audience: AUDIENCE_STOREFRONT scope: "orders.read" }
      }
    }
    method {
      name: "Do"
      input_type: ".esnaf.orders.v1.DoProbeRequest"
      output_type: ".esnaf.orders.v1.Probe"
      options {
        [google.api.http] { post: "/v1/probes/{id}:do" body: "*" }
        [esnaf.api.v1.access] { audience: AUDIENCE_STAFF scope: "orders.write" }
      }
    }
    method {
      name: "Watch"
      input_type: ".esnaf.orders.v1.GetProbeRequest"
      output_type: ".esnaf.orders.v1.Probe"
      server_streaming: true
      options {
        idempotency_level: NO_SIDE_EFFECTS
        [google.api.http] { get: "/v1/probes:watch" }
        [esnaf.api.v1.access] { audience: AUDIENCE_STOREFRONT scope: "orders.read" }
      }
    }
    method {
      name: "Upload"
      input_type: ".esnaf.orders.v1.Probe"
      output_type: ".esnaf.orders.v1.Probe"
      client_streaming: true
      options {
        [esnaf.api.v1.access] { audience: AUDIENCE_STOREFRONT scope: "orders.write" }
      }
    }
    method {
      name: "Chat"
      input_type: ".esnaf.orders.v1.Probe"
      output_type: ".esnaf.orders.v1.Probe"
      client_streaming: true
      server_streaming: true
      options {
        [esnaf.api.v1.access] { audience: AUDIENCE_STOREFRONT scope: "orders.write" }
      }
    }
    method {
      name: "Hidden"
      input_type: ".esnaf.orders.v1.Probe"
      output_type: ".esnaf.orders.v1.Probe"
      options {
        [google.api.http] { post: "/v1/probes:hidden" body: "*" }
      }
    }
    method {
      name: "Inside"
      input_type: ".esnaf.orders.v1.Probe"
      output_type: ".esnaf.orders.v1.Probe"
      options {
        [google.api.http] { post: "/v1/probes:inside" body: "*" }
        [esnaf.api.v1.access] { audience: AUDIENCE_INTERNAL }
      }
    }
  }
)pb";

// Where `from` is given, it is replaced by `to` in the contract's text first: for contracts that must be refused.
class TestContract {
 public:
  explicit TestContract(const std::string& from = {}, const std::string& to = {}) {
    std::string text = kTestContract;
    if (!from.empty()) {
      ESNAF_CHECK(text.find(from) != std::string::npos);
      text.replace(text.find(from), from.size(), to);
    }
    google::protobuf::FileDescriptorProto file;
    ESNAF_CHECK(google::protobuf::TextFormat::ParseFromString(text, &file));
    // The options' types must be linked before the pool below them looks for them.
    api::v1::Access::descriptor();
    google::api::Http::descriptor();
    google::protobuf::Timestamp::descriptor();
    google::protobuf::FieldMask::descriptor();
    file_ = pool_.BuildFile(file);
    ESNAF_CHECK(file_ != nullptr);
  }
  const google::protobuf::ServiceDescriptor* service() const { return file_->service(0); }
  const google::protobuf::Descriptor* message(const std::string& name) const {
    return file_->FindMessageTypeByName(name);
  }
  absl::StatusOr<RouteTable> Routes() { return RouteTable::Build({service()}, messages_); }

 private:
  google::protobuf::DescriptorPool pool_{google::protobuf::DescriptorPool::generated_pool()};
  google::protobuf::DynamicMessageFactory messages_;
  const google::protobuf::FileDescriptor* file_ = nullptr;
};

}  // namespace esnaf::gateway::testing
