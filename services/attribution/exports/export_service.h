#pragma once

// The RPCs of exports.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/exports.pb.h"
#include "libs/audience/person.h"
#include "libs/runtime/rpc_service.h"
#include "services/attribution/exports/export_store.h"
#include "services/attribution/exports/sender.h"

namespace esnaf::attribution {

// People with their consents for a purpose; see audience::PeopleSource::Get.
using PeopleOf = std::function<absl::StatusOr<std::vector<audience::AudiencePerson>>(
    const std::vector<std::string>& contact_ids, const std::string& purpose, Time deadline)>;

// What the installation is set up with; null where it is not.
struct ExportSenders {
  std::unique_ptr<ConversionSender> folder;
  std::unique_ptr<ConversionSender> https;
};

class ConversionExportService {
 public:
  ConversionExportService(PeopleOf people_of, ExportSenders senders)
      : people_of_(std::move(people_of)), senders_(std::move(senders)) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ConversionExport> CreateConversionExport(runtime::Call& call,
                                                              const v1::CreateConversionExportRequest& request);
  absl::StatusOr<v1::ConversionExport> SendConversionExport(runtime::Call& call,
                                                            const v1::SendConversionExportRequest& request);
  absl::StatusOr<v1::ConversionExport> GetConversionExport(runtime::Call& call,
                                                           const v1::GetConversionExportRequest& request);
  absl::StatusOr<v1::ListConversionExportsResponse> ListConversionExports(
      runtime::Call& call, const v1::ListConversionExportsRequest& request);

 private:
  // Null where the answer alone carries the files. FAILED_PRECONDITION where it is not set up.
  absl::StatusOr<ConversionSender*> SenderFor(v1::ExportDelivery delivery) const;
  absl::StatusOr<v1::ConversionExport> Deliver(runtime::Call& call, const std::string& id,
                                               ConversionSender* sender) const;

  const PeopleOf people_of_;
  const ExportSenders senders_;
};

}  // namespace esnaf::attribution
