#include "services/support/attachments/attachment_service.h"

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/attachments/attachment_store.h"
#include "services/support/attachments/file_turns.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::chrono::hours kFreeFor{24};
// After the row is forgotten a file stays for longer than any transaction that names it could take.
constexpr std::chrono::hours kUnnamedFor{48};
constexpr int kMostPruned = 10'000;
// Of the six workers that usually answer calls.
constexpr int kMostFileCalls = 2;
constexpr std::chrono::milliseconds kWaitForTurn{500};

// Of the process, as its workers are.
FileTurns& Turns() {
  static FileTurns& turns = *new FileTurns(kMostFileCalls);
  return turns;
}

absl::Status FilesBusy() {
  return MakeError(absl::StatusCode::kUnavailable, "FILES_BUSY",
                   "the place of files answers others still; try again in a moment");
}

v1::Attachment ToProto(const Attachment& attachment) {
  v1::Attachment proto;
  proto.set_id(attachment.id.ToString());
  if (attachment.ticket_id) proto.set_ticket_id(attachment.ticket_id->ToString());
  if (attachment.message_id) proto.set_message_id(attachment.message_id->ToString());
  proto.set_name(attachment.name);
  proto.set_media_type(attachment.media_type);
  proto.set_size_bytes(attachment.size_bytes);
  proto.set_sha256(attachment.sha256);
  *proto.mutable_create_time() = api::ToProto(attachment.create_time);
  return proto;
}

bool MaySee(const Call& call, const FoundAttachment& found) {
  if (!found.attachment.message_id) return found.attachment.actor == call.caller().actor;
  return call.caller().MaySee(found.store_id) && !(found.internal && IsStorefront(call));
}

}  // namespace

runtime::RpcService AttachmentService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.AttachmentService");
  rpcs.Unary("CreateAttachment", this, &AttachmentService::CreateAttachment)
      .Unary("ListAttachments", this, &AttachmentService::ListAttachments)
      .Unary("DownloadAttachment", this, &AttachmentService::DownloadAttachment);
  return rpcs;
}

absl::StatusOr<v1::Attachment> AttachmentService::CreateAttachment(Call& call,
                                                                   const v1::CreateAttachmentRequest& request) {
  FieldViolations violations;
  Attachment given{.id = Uuid::NewV7(call.now()),
                   .name = AttachmentName(request.name()),
                   .media_type = request.media_type().empty() ? "application/octet-stream" : request.media_type(),
                   .size_bytes = static_cast<std::int64_t>(request.content().size()),
                   .actor = call.caller().actor,
                   .create_time = call.now()};
  if (Trim(request.name()).empty()) violations.Add("name", "is empty");
  if (!IsMediaType(given.media_type)) violations.Add("media_type", "is no media type");
  if (const auto why = WhyRefused(given.name, given.media_type, request.content())) violations.Add("content", *why);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  if (files_ == nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "FILES_NOT_KEPT",
                     "this installation has no place for files: the key `files`");
  }
  // Before the row, so that no row names a file that is not there.
  {
    const FileTurns::Turn turn(Turns(), kWaitForTurn);
    if (!turn) return FilesBusy();
    ESNAF_ASSIGN_OR_RETURN(given.sha256, files_->Put(request.content()));
  }
  using Answer = absl::StatusOr<v1::Attachment>;
  return call.Mutate<v1::Attachment>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_RETURN_IF_ERROR(AddAttachment(tx, given));
    return ToProto(given);
  });
}

absl::StatusOr<v1::ListAttachmentsResponse> AttachmentService::ListAttachments(
    Call& call, const v1::ListAttachmentsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket_id(), "ticket_id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListAttachmentsResponse> {
    ESNAF_RETURN_IF_ERROR(VisibleTicket(call, tx, id).status());
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Attachment> attachments,
                           ListTicketAttachments(tx, id, !IsStorefront(call)));
    v1::ListAttachmentsResponse response;
    for (const Attachment& attachment : attachments) *response.add_attachments() = ToProto(attachment);
    return response;
  });
}

absl::StatusOr<api::v1::File> AttachmentService::DownloadAttachment(Call& call,
                                                                    const v1::DownloadAttachmentRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const std::optional<FoundAttachment> found,
                         call.Read([&](postgres::Tx& tx) { return FindAttachment(tx, id); }));
  if (!found || !MaySee(call, *found) || files_ == nullptr) return NotFound("attachment", request.id());
  const FileTurns::Turn turn(Turns(), kWaitForTurn);
  if (!turn) return FilesBusy();
  api::v1::File file;
  ESNAF_ASSIGN_OR_RETURN(*file.mutable_content(), files_->Get(found->attachment.sha256));
  file.set_name(found->attachment.name);
  file.set_media_type(found->attachment.media_type);
  return file;
}

absl::Status AttachmentService::Upkeep(postgres::Connection& connection, Time now) {
  ESNAF_RETURN_IF_ERROR(connection.Run({.autocommit = true},
                                       [&](postgres::Tx& tx) { return ForgetFreeAttachments(tx, now - kFreeFor); }));
  if (files_ == nullptr) return absl::OkStatus();
  return files_
      ->Prune(now - kUnnamedFor, kMostPruned,
              [&](const std::string& sha256) {
                return connection.Run({.autocommit = true, .read_only = true},
                                      [&](postgres::Tx& tx) { return IsFileUsed(tx, sha256); });
              })
      .status();
}

}  // namespace esnaf::support
