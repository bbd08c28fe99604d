#include "services/support/support.h"

#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "services/support/articles/article_service.h"
#include "services/support/attachments/attachment_service.h"
#include "services/support/attachments/open_files.h"
#include "services/support/automations/automation_runner.h"
#include "services/support/automations/automation_service.h"
#include "services/support/automations/webhook_sender.h"
#include "services/support/automations/webhook_service.h"
#include "services/support/chat/build_chat.h"
#include "services/support/contacts_consumer.h"
#include "services/support/forms/form_service.h"
#include "services/support/history/requester_history_service.h"
#include "services/support/inbound/inbound_service.h"
#include "services/support/inbound/phone_call_service.h"
#include "services/support/macros/macro_service.h"
#include "services/support/mail/mail_worker.h"
#include "services/support/mail/mailbox_service.h"
#include "services/support/queue/assigner.h"
#include "services/support/queue/queue_service.h"
#include "services/support/queue/standing_source.h"
#include "services/support/reports/report_service.h"
#include "services/support/sla/sla_service.h"
#include "services/support/states/state_service.h"
#include "services/support/surveys/survey_asker.h"
#include "services/support/surveys/survey_segments.h"
#include "services/support/surveys/survey_service.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_service.h"
#include "services/support/tickets/ticket_writer.h"
#include "services/support/views/ticket_view_service.h"

namespace esnaf::support {
namespace {

constexpr std::chrono::milliseconds kTimerPeriod{1000};
constexpr std::chrono::seconds kAtOnce{5};
constexpr std::chrono::hours kUpkeepPeriod{1};
// How many webhooks are called at a time.
constexpr int kWebhookThreads = 4;

// Ends the streams of the queue when the program stops.
class WatchCloser final : public runtime::Background {
 public:
  explicit WatchCloser(SupportReportService& service) : service_(service) {}
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop() override { service_.Close(); }

 private:
  SupportReportService& service_;
};

// Takes steps, and tells of the events that each wrote.
absl::Status TakeTellingSteps(runtime::App& app, postgres::Connection& own,
                              const std::function<absl::StatusOr<bool>()>& step) {
  return runtime::TakeSteps(kAtOnce, [&]() -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const bool more, step());
    if (own.last_event_xact()) app.NotifyEvents(*own.last_event_xact());
    return more;
  });
}

absl::Status RunSteps(runtime::App& app, postgres::Connection& own,
                      const std::function<absl::StatusOr<bool>(postgres::Tx&)>& step) {
  return TakeTellingSteps(app, own, [&] { return own.Run({}, step); });
}

// Null where the installation has none.
std::shared_ptr<runtime::Channel> SegmentationOf(runtime::App& app) {
  return app.config().Text("segmentation-address").empty() ? nullptr : app.channel("segmentation");
}

// Agents, teams, and the queue that tickets wait in.
void AddQueue(runtime::App& app, TicketWriter& writer) {
  Assigner& assigner = app.Make<Assigner>(writer);
  app.AddRpcs(app.Make<QueueService>(assigner).Rpcs());
  app.AddWorker("ticket-assign", kTimerPeriod, [&app, &assigner](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return assigner.ShareSome(tx, app.clock().Now()); });
  });
  const std::shared_ptr<runtime::Channel> segmentation = SegmentationOf(app);
  if (segmentation == nullptr) return;
  StandingSource& source = app.Make<StandingSource>(segmentation);
  app.AddWorker("customer-standing", kTimerPeriod,
                [&app, &source](postgres::Connection& own) { return source.AskSome(own, app.clock().Now()); });
  SurveySegments& segments = app.Make<SurveySegments>(segmentation);
  app.AddWorker("survey-segments", kTimerPeriod, [&segments](postgres::Connection& own) {
    return runtime::TakeSteps(kAtOnce, [&] { return segments.AskSome(own); });
  });
}

// What the desk does by itself, and whom it calls then.
absl::Status AddAutomations(runtime::App& app, TicketWriter& writer) {
  app.AddRpcs(app.Make<AutomationService>(writer).Rpcs());
  AutomationRunner& runner = app.Make<AutomationRunner>(writer, app.channel("contacts"));
  app.AddWorker("automations", kTimerPeriod, [&app, &runner](postgres::Connection& own) {
    return TakeTellingSteps(app, own, [&] { return runner.HandleSome(own, app.clock().Now()); });
  });
  AutomationRunner& timers = app.Make<AutomationRunner>(writer, app.channel("contacts"));
  app.AddWorker("automation-timers", kTimerPeriod, [&app, &timers](postgres::Connection& own) {
    return TakeTellingSteps(app, own, [&] { return timers.HandleTimers(own, app.clock().Now()); });
  });
  app.AddWorker("automation-upkeep", kUpkeepPeriod, [&app](postgres::Connection& own) {
    ESNAF_RETURN_IF_ERROR(
        RunSteps(app, own, [&](postgres::Tx& tx) { return PruneRuns(tx, app.clock().Now() - kKeepRuns); }));
    ESNAF_RETURN_IF_ERROR(own.Run({}, [&](postgres::Tx& tx) { return EndLostCalls(tx, app.clock().Now()); }));
    ESNAF_RETURN_IF_ERROR(RunSteps(app, own, [](postgres::Tx& tx) { return ForgetMarksOfDone(tx); }));
    return RunSteps(app, own, [&](postgres::Tx& tx) { return PruneWebhookCalls(tx, app.clock().Now() - kKeepRuns); });
  });
  ESNAF_ASSIGN_OR_RETURN(const bool allow_private, app.config().Boolean("webhook-private-addresses"));
  writer.OnEscalation(QueueEscalationCalls);
  app.AddRpcs(app.Make<WebhookService>(allow_private).Rpcs());
  WebhookSender& sender = app.Make<WebhookSender>(allow_private);
  for (int i = 1; i <= kWebhookThreads; ++i) {
    app.AddWorker(absl::StrCat("webhook-out-", i), kTimerPeriod, [&app, &sender](postgres::Connection& own) {
      return runtime::TakeSteps(kAtOnce, [&] { return sender.SendNext(own, app.clock()); });
    });
  }
  return absl::OkStatus();
}

// What comes and goes by e-mail.
void BuildMail(runtime::App& app, TicketWriter& writer, files::FileStore* files) {
  writer.OnMessage(QueueReply);
  MailReceiver& receiver = app.Make<MailReceiver>(writer, files);
  app.AddRpcs(app.Make<MailboxService>(receiver).Rpcs());
  auto transport = std::shared_ptr<MailTransport>(MakeCurlTransport());
  app.Own(transport);
  MailWorker& worker = app.Make<MailWorker>(receiver, *transport, files, app.config().Text("mail-secrets"));
  app.AddWorker("mail-in", kTimerPeriod, [&app, &worker](postgres::Connection& own) {
    return TakeTellingSteps(app, own, [&] { return worker.FetchNext(own, app.clock()); });
  });
  app.AddWorker("mail-out", kTimerPeriod, [&app, &worker](postgres::Connection& own) {
    return TakeTellingSteps(app, own, [&] { return worker.SendNext(own, app.clock()); });
  });
}

}  // namespace

std::vector<runtime::ConfigKey> Keys() {
  std::vector<runtime::ConfigKey> keys = {
      {.name = "contacts-address", .help = "Where contacts listens.", .required = true},
      {.name = "segmentation-address",
       .help = "Where segmentation listens; without it the queue does not count what customers are worth."},
      {.name = "mail-secrets", .help = "The folder with the mailboxes' passwords, one a file."},
      {.name = "webhook-private-addresses",
       .default_value = "false",
       .help = "Whether webhooks may call addresses of private networks, and by http."}};
  for (runtime::ConfigKey& key : FileKeys()) keys.push_back(std::move(key));
  for (runtime::ConfigKey& key : ChatKeys()) keys.push_back(std::move(key));
  return keys;
}

absl::Status Build(runtime::App& app) {
  app.AddRpcs(app.Make<SlaService>().Rpcs());
  TicketWriter& writer = app.Make<TicketWriter>();
  writer.OnEvent(PlanSurveys);
  Requesters& requesters = app.Make<Requesters>(app.channel("contacts"), app.clock());
  app.AddRpcs(app.Make<TicketService>(writer, requesters).Rpcs());
  app.AddRpcs(app.Make<RequesterHistoryService>().Rpcs());
  app.AddRpcs(app.Make<TicketStateService>(writer).Rpcs());
  app.AddRpcs(app.Make<TicketViewService>().Rpcs());
  app.AddRpcs(app.Make<MacroService>(writer, app.channel("contacts")).Rpcs());
  ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<files::FileStore> kept_files, OpenFiles(app.config()));
  app.Own(kept_files);
  files::FileStore* const files = kept_files.get();
  AttachmentService& attachments = app.Make<AttachmentService>(files);
  app.AddRpcs(attachments.Rpcs());
  app.AddWorker("attachments-upkeep", kUpkeepPeriod,
                [&app, &attachments](postgres::Connection& own) { return attachments.Upkeep(own, app.clock().Now()); });
  BuildMail(app, writer, files);
  writer.OnMessage(OfferReply);
  app.AddRpcs(app.Make<InboundService>(writer, requesters).Rpcs());
  app.AddRpcs(app.Make<PhoneCallService>(writer, requesters).Rpcs());
  app.AddRpcs(app.Make<TicketFormService>(writer, requesters).Rpcs());
  app.AddWorker("form-upkeep", kUpkeepPeriod, [&app](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return ForgetFormAddresses(tx, app.clock().Now()); });
  });
  app.AddWorker("ticket-deadlines", kTimerPeriod, [&app, &writer](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return writer.TellSomeDue(tx, app.clock().Now()); });
  });
  app.AddWorker("ticket-wake", kTimerPeriod, [&app, &writer](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return writer.WakeSome(tx, app.clock().Now()); });
  });
  app.AddWorker("ticket-linker", kTimerPeriod, [&app, &writer, &requesters](postgres::Connection& own) {
    return TakeTellingSteps(app, own, [&] { return requesters.LinkSome(own, writer, app.clock().Now()); });
  });
  AddQueue(app, writer);
  ESNAF_RETURN_IF_ERROR(BuildChat(app, writer, requesters));
  ESNAF_RETURN_IF_ERROR(AddAutomations(app, writer));
  app.AddRpcs(app.Make<ArticleService>().Rpcs());
  app.AddRpcs(app.Make<SurveyService>().Rpcs());
  SupportReportService& reports = app.Make<SupportReportService>(SegmentationOf(app), app.clock());
  app.AddRpcs(reports.Rpcs());
  app.AddBackground(std::make_unique<WatchCloser>(reports));
  app.AddWorker("survey-asking", kTimerPeriod, [&app](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return AskSomeDue(tx, app.clock().Now()); });
  });
  events::ServeFeed(app);
  events::Consume(app, "contacts", ApplyContacts);
  return absl::OkStatus();
}

}  // namespace esnaf::support
