// Talks with visitors of the web site: who waits, what is said, and answering.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/chats.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

const std::string kService = "support.v1.ChatService/";

struct Arguments {
  std::string id, text, filter, agent, store;
  std::int64_t after = 0;
  bool keep_open = false;
};
using SharedArguments = std::shared_ptr<Arguments>;

// `CHAT_STATE_WAITING` as people read it.
std::string StateText(v1::ChatState state) {
  return absl::AsciiStrToLower(v1::ChatState_Name(state).substr(std::string("CHAT_STATE_").size()));
}
std::string AuthorText(v1::ChatAuthor author) {
  return absl::AsciiStrToLower(v1::ChatAuthor_Name(author).substr(std::string("CHAT_AUTHOR_").size()));
}

template <typename Chats>
Table ChatTable(const Chats& chats) {
  Table table{{"ID", "STORE", "STATE", "AGENT", "VISITOR", "EVENTS", "OPENED", "LAST"}, {}};
  for (const v1::Chat& chat : chats) {
    table.rows.push_back({chat.id(), chat.store_id(), StateText(chat.state()), chat.agent(), chat.visitor_name(),
                          std::to_string(chat.last_sequence()), ShowTime(chat.create_time()),
                          ShowTime(chat.update_time())});
  }
  return table;
}

void PrintOne(Context& context, const absl::StatusOr<v1::Chat>& chat) {
  if (chat.ok()) Print(context.format, ChatTable(std::vector<v1::Chat>{*chat}), *chat);
  context.Finish(chat.status());
}

void PrintEvent(const v1::ChatEvent& event) {
  const std::string who = event.author_name().empty() ? AuthorText(event.author()) : event.author_name();
  std::cout << event.sequence() << " " << ShowTime(event.create_time()) << " " << who << ": ";
  if (event.kind() == v1::CHAT_EVENT_KIND_STATE) std::cout << "[" << StateText(event.state()) << "] ";
  std::cout << event.text() << std::endl;
}

void AddReading(CLI::App& chats, Context& context, const SharedArguments& arguments) {
  auto* list = chats.add_subcommand("list", "The chats, newest first");
  list->add_option("--filter", arguments->filter, "For example: state = WAITING AND store_id = web");
  list->callback([&context, arguments] {
    v1::ListChatsRequest request;
    request.set_filter(arguments->filter);
    const auto page = context.client().Call<v1::ListChatsResponse>(kService + "ListChats", request);
    if (page.ok()) Print(context.format, ChatTable(page->chats()), *page);
    context.Finish(page.status());
  });
  auto* watch =
      chats.add_subcommand("watch", "A chat as it goes on, or without ID the inbox, in which you then are there");
  watch->add_option("ID", arguments->id, "The chat");
  watch->add_option("--after", arguments->after, "Only behind the event of this number");
  watch->add_option("--store", arguments->store, "The inbox of this store alone");
  watch->callback([&context, arguments] {
    if (arguments->id.empty()) {
      v1::WatchChatsRequest request;
      request.set_store_id(arguments->store);
      const auto show = [](const v1::ChatInboxUpdate& update) {
        if (update.has_chat()) {
          std::cout << ShowTime(update.chat().update_time()) << " " << update.chat().id() << " "
                    << StateText(update.chat().state()) << " " << update.chat().agent() << std::endl;
        }
        return true;
      };
      return context.Finish(context.client().Stream<v1::ChatInboxUpdate>(kService + "WatchChats", request, show));
    }
    v1::WatchChatRequest request;
    request.set_id(arguments->id);
    request.set_after_sequence(arguments->after);
    const auto show = [](const v1::ChatUpdate& update) {
      if (update.has_event()) PrintEvent(update.event());
      // What ends does not go on.
      return update.event().state() != v1::CHAT_STATE_CLOSED;
    };
    context.Finish(context.client().Stream<v1::ChatUpdate>(kService + "WatchChat", request, show));
  });
}

void AddAnswering(CLI::App& chats, Context& context, const SharedArguments& arguments) {
  auto* reply = chats.add_subcommand("reply", "Say something, and take the chat where nobody has it");
  reply->add_option("ID", arguments->id, "The chat")->required();
  reply->add_option("TEXT", arguments->text, "What to say")->required();
  reply->callback([&context, arguments] {
    v1::SendChatMessageRequest request;
    request.set_id(arguments->id);
    request.set_text(arguments->text);
    const auto said = context.client().Call<v1::ChatEvent>(kService + "SendChatMessage", request, false);
    if (said.ok()) PrintEvent(*said);
    context.Finish(said.status());
  });
  auto* take = chats.add_subcommand("take", "Take a chat");
  take->add_option("ID", arguments->id, "The chat")->required();
  take->add_option("--agent", arguments->agent, "For this agent; you where it is left out");
  take->callback([&context, arguments] {
    v1::TakeChatRequest request;
    request.set_id(arguments->id);
    request.set_agent(arguments->agent);
    PrintOne(context, context.client().Call<v1::Chat>(kService + "TakeChat", request, false));
  });
  auto* close = chats.add_subcommand("close", "End a chat and solve its ticket");
  close->add_option("ID", arguments->id, "The chat")->required();
  close->add_flag("--keep-open", arguments->keep_open, "Leave the ticket as it is");
  close->callback([&context, arguments] {
    v1::CloseChatRequest request;
    request.set_id(arguments->id);
    request.set_keep_ticket_open(arguments->keep_open);
    PrintOne(context, context.client().Call<v1::Chat>(kService + "CloseChat", request, false));
  });
}

}  // namespace

void AddChatCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* chats = app.add_subcommand("chats", "Talks with visitors of the web site");
  chats->require_subcommand(1);
  AddReading(*chats, context, arguments);
  AddAnswering(*chats, context, arguments);
}

}  // namespace esnaf::cli
