#pragma once

// Attachments as they are stored, without their bytes.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/attachments/attachment.h"

namespace esnaf::support {

// With the message where it is given.
absl::Status AddAttachment(postgres::Tx& tx, const Attachment& attachment);
// Gives the message those that the actor took in and that no message has. INVALID_ARGUMENT unless all of them are such.
absl::Status TakeAttachments(postgres::Tx& tx, const Uuid& message_id, const std::vector<Uuid>& ids,
                             const std::string& actor);

struct FoundAttachment {
  Attachment attachment;
  std::string store_id;   // of the ticket
  bool internal = false;  // of an internal note
};
absl::StatusOr<std::optional<FoundAttachment>> FindAttachment(postgres::Tx& tx, const Uuid& id);
// Of the ticket's messages and of those merged into it, also where a split copied the message; oldest first.
absl::StatusOr<std::vector<Attachment>> ListTicketAttachments(postgres::Tx& tx, const Uuid& ticket_id,
                                                              bool internal_too);
// In the order in which they were taken in.
absl::StatusOr<std::vector<Attachment>> ListMessageAttachments(postgres::Tx& tx, const Uuid& message_id);

// Forgets those without a message from before `before`.
absl::Status ForgetFreeAttachments(postgres::Tx& tx, Time before);
absl::StatusOr<bool> IsFileUsed(postgres::Tx& tx, const std::string& sha256);

}  // namespace esnaf::support
