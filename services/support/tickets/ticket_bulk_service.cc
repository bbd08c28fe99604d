// The RPCs about many tickets at once, and about who is at one.
#include "libs/base/absl_compat.h"
#include "services/support/states/state_store.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_action.h"
#include "services/support/tickets/ticket_service.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr int kMostTickets = 500;
constexpr std::chrono::milliseconds kWatchPoll{500};

// One of the tickets on its way.
struct BulkItem {
  absl::Status status;
  Ticket ticket;
  std::vector<TicketEvent> events;
};

absl::StatusOr<std::vector<Uuid>> IdsOf(const v1::BulkUpdateTicketsRequest& request) {
  if (request.ids().empty() || request.ids_size() > kMostTickets) {
    return InvalidField("ids", absl::StrCat("are not 1 to ", kMostTickets));
  }
  std::vector<Uuid> ids;
  for (int i = 0; i < request.ids_size(); ++i) {
    const std::string at = absl::StrCat("ids[", i, "]");
    ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ids(i), at));
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) return InvalidField(at, "comes twice");
    ids.push_back(id);
  }
  return ids;
}

bool IsSolvedBy(const BulkItem& item) {
  return item.status.ok() && item.ticket.state == TicketState::kSolved && !item.events.empty() &&
         item.events.back().kind == "state";
}

// What is solved has no parts that are still to be worked on, unless these are solved along with it.
absl::Status RefuseOpenParts(postgres::Tx& tx, std::vector<BulkItem>& items) {
  std::vector<Uuid> solved;
  for (const BulkItem& item : items) {
    if (IsSolvedBy(item)) solved.push_back(item.ticket.id);
  }
  if (solved.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const auto open, CountOpenParts(tx, solved));
  // A part that is refused itself leaves its whole with an open one, so this goes on until nobody else is refused.
  for (bool refused = true; refused;) {
    refused = false;
    auto left = open;
    for (const BulkItem& item : items) {
      if (!IsSolvedBy(item) || !item.ticket.parent_id) continue;
      if (const auto whole = left.find(*item.ticket.parent_id); whole != left.end()) --whole->second;
    }
    for (BulkItem& item : items) {
      const auto count = left.find(item.ticket.id);
      if (!IsSolvedBy(item) || count == left.end() || count->second <= 0) continue;
      item.status = OpenParts(item.ticket.id, count->second);
      refused = true;
    }
  }
  return absl::OkStatus();
}

// The first event of each ticket, then the second of each that has one, and so on: few statements, however many
// tickets.
absl::Status RecordRounds(postgres::Tx& tx, TicketWriter& writer, const Cause& cause, std::vector<BulkItem>& items) {
  for (std::size_t round = 0;; ++round) {
    std::vector<TicketWriter::Happening> happenings;
    for (BulkItem& item : items) {
      if (item.status.ok() && round < item.events.size()) {
        happenings.push_back({&item.ticket, item.events[round], nullptr});
      }
    }
    if (happenings.empty()) return absl::OkStatus();
    ESNAF_RETURN_IF_ERROR(writer.RecordAll(tx, cause, std::move(happenings)));
  }
}

v1::TicketPresence PresenceOf(const Uuid& id, const std::vector<TicketViewer>& viewers) {
  v1::TicketPresence presence;
  presence.set_ticket_id(id.ToString());
  for (const TicketViewer& viewer : viewers) {
    v1::TicketViewer& added = *presence.add_viewers();
    added.set_actor(viewer.actor);
    added.set_activity(static_cast<v1::TicketActivity>(viewer.activity));
  }
  return presence;
}

}  // namespace

absl::StatusOr<v1::BulkUpdateTicketsResponse> TicketService::BulkUpdateTickets(
    Call& call, const v1::BulkUpdateTicketsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, IdsOf(request));
  FieldViolations violations;
  const std::vector<TicketAction> actions = ActionsFromProto(request.actions(), "actions", violations);
  if (request.actions().empty()) violations.Add("actions", "are none");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  using Answer = absl::StatusOr<v1::BulkUpdateTicketsResponse>;
  return call.Mutate<v1::BulkUpdateTicketsResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, ids));
        const Cause cause = CauseOf(call);
        std::vector<BulkItem> items(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) {
          BulkItem& item = items[i];
          absl::StatusOr<Ticket> ticket = TakeVisible(call, locked, ids[i]);
          item.status = ticket.status();
          if (!ticket.ok()) continue;
          item.ticket = *std::move(ticket);
          const auto resolved = WithStates(tx, actions, item.ticket.store_id);
          item.status = resolved.status();
          if (!resolved.ok()) continue;
          auto events = ApplyActions(item.ticket, *resolved, cause.actor, MomentOf(item.ticket, cause.now));
          item.status = events.status();
          if (events.ok()) item.events = *std::move(events);
        }
        ESNAF_RETURN_IF_ERROR(RefuseOpenParts(tx, items));
        ESNAF_RETURN_IF_ERROR(RecordRounds(tx, writer_, cause, items));
        v1::BulkUpdateTicketsResponse response;
        for (std::size_t i = 0; i < ids.size(); ++i) {
          v1::BulkUpdateTicketsResult& result = *response.add_results();
          result.set_id(request.ids(static_cast<int>(i)));
          if (items[i].status.ok()) {
            *result.mutable_ticket() = TicketToProto(items[i].ticket);
          } else {
            result.mutable_error()->ParseFromString(SerializeStatus(items[i].status));
          }
        }
        return response;
      });
}

absl::Status TicketService::WatchTicket(Call& call, const v1::WatchTicketRequest& request,
                                        runtime::StreamWriter<v1::TicketPresence>& writer) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) { return VisibleTicket(call, tx, id).status(); }));
  const std::string actor = call.caller().actor;
  presence_.Enter(id, actor);
  std::optional<std::vector<TicketViewer>> told;
  bool gone = false;
  while (!gone && !call.cancelled()) {
    std::vector<TicketViewer> others = presence_.Others(id, actor, call.clock().Now());
    if (others != told) {
      gone = !writer.Write(PresenceOf(id, others));
      told = std::move(others);
    } else {
      // Expiry comes without news.
      presence_.Wait(kWatchPoll);
    }
  }
  presence_.Leave(id, actor);
  return absl::CancelledError("nobody watches any more");
}

absl::StatusOr<v1::TicketPresence> TicketService::TouchTicket(Call& call, const v1::TouchTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  if (!v1::TicketActivity_IsValid(request.activity())) return InvalidField("activity", "is no activity");
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) { return VisibleTicket(call, tx, id).status(); }));
  const bool typing = request.activity() == v1::TICKET_ACTIVITY_TYPING;
  const std::string actor = call.caller().actor;
  presence_.Touch(id, actor, typing ? TicketActivity::kTyping : TicketActivity::kViewing, call.now());
  return PresenceOf(id, presence_.Others(id, actor, call.now()));
}

}  // namespace esnaf::support
