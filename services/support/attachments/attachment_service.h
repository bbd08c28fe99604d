#pragma once

// The RPCs of esnaf.support.v1.AttachmentService, and what becomes of files that no message has.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/attachments.pb.h"
#include "libs/files/file_store.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::support {

class AttachmentService {
 public:
  // Without a store nothing is taken in. It outlives the service.
  explicit AttachmentService(files::FileStore* files) : files_(files) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Attachment> CreateAttachment(runtime::Call& call, const v1::CreateAttachmentRequest& request);
  absl::StatusOr<v1::ListAttachmentsResponse> ListAttachments(runtime::Call& call,
                                                              const v1::ListAttachmentsRequest& request);
  absl::StatusOr<api::v1::File> DownloadAttachment(runtime::Call& call, const v1::DownloadAttachmentRequest& request);

  // Forgets what no message named for a day, and the files that nothing names; a worker's tick.
  absl::Status Upkeep(postgres::Connection& connection, Time now);

 private:
  files::FileStore* files_;
};

}  // namespace esnaf::support
