// The RPCs that stream chats. A stream holds a thread and a queue; the hub's feeder reads the store for all of them.
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/support/chat/chat_access.h"
#include "services/support/chat/chat_service.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

using runtime::Call;
using Steady = std::chrono::steady_clock;

// How soon a stream learns that its reader is gone.
constexpr std::chrono::milliseconds kLook{250};
constexpr std::chrono::seconds kLookUp{5};
// So that whatever stands in between keeps the connection, and a reader who is gone is noticed.
constexpr std::chrono::seconds kSilence{15};
// Then a visitor's stream ends; who is still there comes back.
constexpr std::chrono::minutes kVisitorSilence{5};

// Writes what comes until the reader is gone, the stream ends, or nothing came for `longest`.
template <typename Stream, typename Update>
absl::Status Pump(Call& call, ChatHub& hub, const std::shared_ptr<Stream>& stream,
                  runtime::StreamWriter<Update>& writer, std::optional<std::chrono::minutes> longest) {
  Steady::time_point written_at = Steady::now(), news_at = written_at;
  std::vector<Update> updates;
  while (!call.cancelled()) {
    if (!hub.Next(stream, kLook, updates)) {
      return hub.closed() ? absl::UnavailableError("the service stops") : absl::OkStatus();
    }
    for (const Update& update : updates) {
      if (!writer.Write(update)) return absl::CancelledError("nobody watches any more");
    }
    if (!updates.empty()) written_at = news_at = Steady::now();
    if (longest && Steady::now() - news_at > *longest) return absl::OkStatus();
    if (Steady::now() - written_at < kSilence) continue;
    if (!writer.Write(Update())) return absl::CancelledError("nobody watches any more");
    written_at = Steady::now();
  }
  return absl::CancelledError("nobody watches any more");
}

}  // namespace

absl::Status ChatService::WatchChat(Call& call, const v1::WatchChatRequest& request,
                                    runtime::StreamWriter<v1::ChatUpdate>& writer) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  if (request.after_sequence() < 0) return InvalidField("after_sequence", "is negative");
  const bool visitor = SpeaksAsVisitor(call, request.token());
  const std::shared_ptr<ChatHub::Watch> watch = hub_.Join(id, request.after_sequence(), visitor);
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Chat> chat, hub_.Look(watch, kLookUp));
  if (!chat) return NotFound("chat", request.id());
  ESNAF_RETURN_IF_ERROR(CheckChatAccess(call, *chat, request.token(), hub_.secret()));
  hub_.Admit(watch);
  return Pump(call, hub_, watch, writer, visitor ? std::optional(kVisitorSilence) : std::nullopt);
}

absl::Status ChatService::WatchChats(Call& call, const v1::WatchChatsRequest& request,
                                     runtime::StreamWriter<v1::ChatInboxUpdate>& writer) {
  std::vector<std::string> stores = call.caller().store_ids;
  if (!request.store_id().empty()) {
    if (!IsStoreId(request.store_id())) return InvalidField("store_id", "is no id of a store");
    if (!call.caller().MaySee(request.store_id())) return NotFound("store", request.store_id());
    stores = {request.store_id()};
  }
  const std::string agent = request.agent().empty() ? call.caller().actor : request.agent();
  if (!IsCleanUtf8(agent) || agent.size() > kMaxClientIdBytes) return InvalidField("agent", "is no agent's id");
  const std::shared_ptr<ChatHub::Inbox> inbox = hub_.JoinInbox(agent, std::move(stores));
  return Pump(call, hub_, inbox, writer, std::nullopt);
}

}  // namespace esnaf::support
