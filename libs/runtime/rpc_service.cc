#include "libs/runtime/rpc_service.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace esnaf::runtime {
namespace {

absl::Status Broken(const std::string& service, const std::string& method, const std::string& problem) {
  return absl::FailedPreconditionError(absl::StrCat(service, "/", method, " ", problem));
}

bool KindMatches(const google::protobuf::MethodDescriptor& contract, RpcKind kind) {
  return contract.client_streaming() == (kind == RpcKind::kClientStream) &&
         contract.server_streaming() == (kind == RpcKind::kServerStream);
}

}  // namespace

absl::Status RpcService::CheckAgainstContract() const {
  const auto* contract = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(full_name_);
  if (contract == nullptr) return Broken(full_name_, "*", "is no service of a contract in this program");
  std::set<std::string> bound;
  for (const RpcMethod& method : methods_) {
    const auto* rpc = contract->FindMethodByName(method.name);
    if (rpc == nullptr) return Broken(full_name_, method.name, "is not in the contract");
    if (!bound.insert(method.name).second) return Broken(full_name_, method.name, "is bound twice");
    if (!KindMatches(*rpc, method.kind)) return Broken(full_name_, method.name, "is bound with another kind of stream");
    if (rpc->input_type() != method.request->GetDescriptor()) {
      return Broken(full_name_, method.name,
                    absl::StrCat("takes ", rpc->input_type()->full_name(), " by contract, not ",
                                 method.request->GetDescriptor()->full_name()));
    }
    if (rpc->output_type() != method.response->GetDescriptor()) {
      return Broken(full_name_, method.name,
                    absl::StrCat("gives ", rpc->output_type()->full_name(), " by contract, not ",
                                 method.response->GetDescriptor()->full_name()));
    }
  }
  for (int i = 0; i < contract->method_count(); ++i) {
    if (!bound.contains(contract->method(i)->name()))
      return Broken(full_name_, contract->method(i)->name(), "is not bound");
  }
  return absl::OkStatus();
}

}  // namespace esnaf::runtime
