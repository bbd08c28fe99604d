#pragma once

// The RPCs of esnaf.support.v1.ChatService.
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/chats.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/chat/chat_desk.h"
#include "services/support/chat/chat_hub.h"
#include "services/support/tickets/requesters.h"

namespace esnaf::support {

class ChatService {
 public:
  // All outlive the service.
  ChatService(ChatDesk& desk, ChatHub& hub, Requesters& requesters) : desk_(desk), hub_(hub), requesters_(requesters) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::ChatWelcome> GetChatWelcome(runtime::Call& call, const v1::GetChatWelcomeRequest& request);
  absl::StatusOr<v1::Chat> CreateChat(runtime::Call& call, const v1::CreateChatRequest& request);
  absl::StatusOr<v1::Chat> GetChat(runtime::Call& call, const v1::GetChatRequest& request);
  absl::StatusOr<v1::ListChatsResponse> ListChats(runtime::Call& call, const v1::ListChatsRequest& request);
  absl::StatusOr<v1::ChatEvent> SendChatMessage(runtime::Call& call, const v1::SendChatMessageRequest& request);
  absl::StatusOr<v1::SignalChatResponse> SignalChat(runtime::Call& call, const v1::SignalChatRequest& request);
  absl::StatusOr<v1::IdentifyChatVisitorResponse> IdentifyChatVisitor(runtime::Call& call,
                                                                      const v1::IdentifyChatVisitorRequest& request);
  absl::StatusOr<v1::Chat> TakeChat(runtime::Call& call, const v1::TakeChatRequest& request);
  absl::StatusOr<v1::Chat> HandBackChat(runtime::Call& call, const v1::HandBackChatRequest& request);
  absl::StatusOr<v1::Chat> CloseChat(runtime::Call& call, const v1::CloseChatRequest& request);
  absl::Status WatchChat(runtime::Call& call, const v1::WatchChatRequest& request,
                         runtime::StreamWriter<v1::ChatUpdate>& writer);
  absl::Status WatchChats(runtime::Call& call, const v1::WatchChatsRequest& request,
                          runtime::StreamWriter<v1::ChatInboxUpdate>& writer);
  absl::StatusOr<v1::ChatSettings> GetChatSettings(runtime::Call& call, const v1::GetChatSettingsRequest& request);
  absl::StatusOr<v1::ChatSettings> UpdateChatSettings(runtime::Call& call,
                                                      const v1::UpdateChatSettingsRequest& request);

 private:
  // A chat with its ticket, both locked, and who asks.
  struct Locked {
    Ticket ticket;
    Chat chat;
    bool visitor = false;
    Cause cause;
  };
  absl::StatusOr<Locked> Lock(runtime::Call& call, postgres::Tx& tx, const std::string& id, const std::string& token);
  // Changes a locked chat, and wakes its streams.
  using Change = std::function<absl::StatusOr<Chat>(postgres::Tx&, Locked&)>;
  template <typename Request>
  absl::StatusOr<v1::Chat> ChangeChat(runtime::Call& call, const Request& request, const std::string& token,
                                      const Change& change);

  ChatDesk& desk_;
  ChatHub& hub_;
  Requesters& requesters_;
};

}  // namespace esnaf::support
