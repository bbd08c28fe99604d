#include "services/support/support.h"

#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "services/support/contacts_consumer.h"
#include "services/support/macros/macro_service.h"
#include "services/support/queue/assigner.h"
#include "services/support/queue/queue_service.h"
#include "services/support/queue/standing_source.h"
#include "services/support/sla/sla_service.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_service.h"
#include "services/support/tickets/ticket_writer.h"
#include "services/support/views/ticket_view_service.h"

namespace esnaf::support {
namespace {

constexpr std::chrono::milliseconds kTimerPeriod{1000};
constexpr std::chrono::seconds kAtOnce{5};

absl::Status RunSteps(runtime::App& app, postgres::Connection& own,
                      const std::function<absl::StatusOr<bool>(postgres::Tx&)>& step) {
  return runtime::TakeSteps(kAtOnce, [&]() -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const bool more, own.Run({}, step));
    if (own.last_event_xact()) app.NotifyEvents(*own.last_event_xact());
    return more;
  });
}

// Agents, teams, and the queue that tickets wait in.
void AddQueue(runtime::App& app, TicketWriter& writer) {
  Assigner& assigner = app.Make<Assigner>(writer);
  app.AddRpcs(app.Make<QueueService>(assigner).Rpcs());
  app.AddWorker("ticket-assign", kTimerPeriod, [&app, &assigner](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return assigner.ShareSome(tx, app.clock().Now()); });
  });
  if (app.config().Text("segmentation-address").empty()) return;
  StandingSource& source = app.Make<StandingSource>(app.channel("segmentation"));
  app.AddWorker("customer-standing", kTimerPeriod, [&app, &source](postgres::Connection& own) {
    return runtime::TakeSteps(kAtOnce, [&] { return source.AskSome(own, app.clock().Now()); });
  });
}

}  // namespace

absl::Status Build(runtime::App& app) {
  app.AddRpcs(app.Make<SlaService>().Rpcs());
  TicketWriter& writer = app.Make<TicketWriter>();
  Requesters& requesters = app.Make<Requesters>(app.channel("contacts"), app.clock());
  app.AddRpcs(app.Make<TicketService>(writer, requesters).Rpcs());
  app.AddRpcs(app.Make<TicketViewService>().Rpcs());
  app.AddRpcs(app.Make<MacroService>(writer, app.channel("contacts")).Rpcs());
  app.AddWorker("ticket-deadlines", kTimerPeriod, [&app, &writer](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return writer.TellSomeDue(tx, app.clock().Now()); });
  });
  app.AddWorker("ticket-wake", kTimerPeriod, [&app, &writer](postgres::Connection& own) {
    return RunSteps(app, own, [&](postgres::Tx& tx) { return writer.WakeSome(tx, app.clock().Now()); });
  });
  app.AddWorker("ticket-linker", kTimerPeriod, [&app, &writer, &requesters](postgres::Connection& own) {
    return runtime::TakeSteps(kAtOnce, [&]() -> absl::StatusOr<bool> {
      ESNAF_ASSIGN_OR_RETURN(const bool more, requesters.LinkSome(own, writer, app.clock().Now()));
      if (own.last_event_xact()) app.NotifyEvents(*own.last_event_xact());
      return more;
    });
  });
  AddQueue(app, writer);
  events::ServeFeed(app);
  events::Consume(app, "contacts", ApplyContacts);
  return absl::OkStatus();
}

}  // namespace esnaf::support
