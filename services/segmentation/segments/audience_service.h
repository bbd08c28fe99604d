#pragma once

// The RPC of esnaf.segmentation.v1.SegmentService that writes audiences.
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/segments.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/segmentation/segments/audience.h"

namespace esnaf::segmentation {

// Gives the people of these contacts, in any order, with their consents for the purpose.
using PeopleOf = std::function<absl::StatusOr<std::vector<AudiencePerson>>(const std::vector<std::string>& contact_ids,
                                                                           const std::string& purpose, Time deadline)>;

class AudienceService {
 public:
  explicit AudienceService(PeopleOf people_of) : people_of_(std::move(people_of)) {}

  void Bind(runtime::RpcService& rpc);

  absl::StatusOr<v1::ExportAudienceResponse> ExportAudience(runtime::Call& call,
                                                            const v1::ExportAudienceRequest& request);

 private:
  PeopleOf people_of_;
};

}  // namespace esnaf::segmentation
