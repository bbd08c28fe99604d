#include "services/support/chat/build_chat.h"

#include "libs/base/macros.h"
#include "services/support/chat/chat_bot.h"
#include "services/support/chat/chat_desk.h"
#include "services/support/chat/chat_hub.h"
#include "services/support/chat/chat_service.h"

namespace esnaf::support {
namespace {

constexpr std::chrono::milliseconds kTimerPeriod{1000};
constexpr std::chrono::milliseconds kBotPeriod{100};
constexpr std::chrono::milliseconds kFeedPeriod{10};
constexpr std::chrono::seconds kAtOnce{5};
// A slow bot holds up no more than its own worker.
constexpr int kBotWorkers = 4;

// Ends the chats' streams when the program stops.
class HubCloser final : public runtime::Background {
 public:
  explicit HubCloser(ChatHub& hub) : hub_(hub) {}
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop() override { hub_.Close(); }

 private:
  ChatHub& hub_;
};

// Takes steps, and tells of the events that each wrote.
absl::Status TakeSteps(runtime::App& app, postgres::Connection& own,
                       const std::function<absl::StatusOr<bool>()>& step) {
  return runtime::TakeSteps(kAtOnce, [&]() -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const bool more, step());
    if (own.last_event_xact()) app.NotifyEvents(*own.last_event_xact());
    return more;
  });
}

}  // namespace

std::vector<runtime::ConfigKey> ChatKeys() {
  return {{.name = "chat-secrets", .help = "The folder with the secrets of chats' bots, one a file."},
          {.name = "chat-bot-private-addresses",
           .default_value = "false",
           .help = "Whether chats' bots may be at addresses of private networks and of this machine."}};
}

absl::Status BuildChat(runtime::App& app, TicketWriter& writer, Requesters& requesters) {
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t streams, app.config().Integer("stream-limit", 1, 4096));
  ESNAF_ASSIGN_OR_RETURN(const bool private_bots, app.config().Boolean("chat-bot-private-addresses"));
  // A third of the streams stays for people of the firm and other services.
  ChatHub& hub = app.Make<ChatHub>(static_cast<int>(streams * 2 / 3));
  ChatDesk& desk = app.Make<ChatDesk>(writer);
  app.AddRpcs(app.Make<ChatService>(desk, hub, requesters).Rpcs());
  app.AddBackground(std::make_unique<HubCloser>(hub));
  app.AddWorker("chat-feed", kFeedPeriod,
                [&app, &hub](postgres::Connection& own) { return hub.Feed(own, app.clock()); });
  app.AddWorker("chat-timers", kTimerPeriod, [&app, &desk, &hub](postgres::Connection& own) {
    return TakeSteps(app, own, [&]() -> absl::StatusOr<bool> {
      ESNAF_ASSIGN_OR_RETURN(const bool more, desk.TimeOutNext(own, app.clock().Now()));
      if (more) hub.Wake();
      return more;
    });
  });
  ChatBot& bot = app.Make<ChatBot>(desk, hub, app.config().Text("chat-secrets"), private_bots);
  for (int i = 1; i <= kBotWorkers; ++i) {
    app.AddWorker(absl::StrCat("chat-bot-", i), kBotPeriod, [&app, &bot](postgres::Connection& own) {
      return TakeSteps(app, own, [&] { return bot.AnswerNext(own, app.clock()); });
    });
  }
  return absl::OkStatus();
}

}  // namespace esnaf::support
