#pragma once

// The RPCs of esnaf.support.v1.TicketService.
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_intake.h"
#include "services/support/tickets/ticket_presence.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class TicketService {
 public:
  TicketService(TicketWriter& writer, Requesters& requesters)
      : writer_(writer), requesters_(requesters), intake_(writer, requesters) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Ticket> GetTicket(runtime::Call& call, const v1::GetTicketRequest& request);
  absl::StatusOr<v1::ListTicketsResponse> ListTickets(runtime::Call& call, const v1::ListTicketsRequest& request);
  absl::StatusOr<v1::Ticket> UpdateTicket(runtime::Call& call, const v1::UpdateTicketRequest& request);
  absl::StatusOr<v1::ListTicketMessagesResponse> ListTicketMessages(runtime::Call& call,
                                                                    const v1::ListTicketMessagesRequest& request);
  absl::StatusOr<v1::ListTicketEventsResponse> ListTicketEvents(runtime::Call& call,
                                                                const v1::ListTicketEventsRequest& request);
  absl::StatusOr<v1::ExplainTicketDeadlinesResponse> ExplainTicketDeadlines(
      runtime::Call& call, const v1::ExplainTicketDeadlinesRequest& request);
  absl::StatusOr<v1::ContactSupportSummary> GetContactSupportSummary(
      runtime::Call& call, const v1::GetContactSupportSummaryRequest& request);

  absl::StatusOr<v1::TicketMessage> ReplyToTicket(runtime::Call& call, const v1::ReplyToTicketRequest& request);
  absl::StatusOr<v1::TicketMessage> AddTicketNote(runtime::Call& call, const v1::AddTicketNoteRequest& request);

  absl::StatusOr<v1::Ticket> OpenTicket(runtime::Call& call, const v1::OpenTicketRequest& request);
  absl::StatusOr<v1::Ticket> AwaitTicketCustomer(runtime::Call& call, const v1::AwaitTicketCustomerRequest& request);
  absl::StatusOr<v1::Ticket> AwaitTicketInternal(runtime::Call& call, const v1::AwaitTicketInternalRequest& request);
  absl::StatusOr<v1::Ticket> HoldTicket(runtime::Call& call, const v1::HoldTicketRequest& request);
  absl::StatusOr<v1::Ticket> SolveTicket(runtime::Call& call, const v1::SolveTicketRequest& request);
  absl::StatusOr<v1::Ticket> ReopenTicket(runtime::Call& call, const v1::ReopenTicketRequest& request);
  absl::StatusOr<v1::Ticket> CloseTicket(runtime::Call& call, const v1::CloseTicketRequest& request);
  absl::StatusOr<v1::Ticket> MarkTicketSpam(runtime::Call& call, const v1::MarkTicketSpamRequest& request);
  absl::StatusOr<v1::Ticket> UnmarkTicketSpam(runtime::Call& call, const v1::UnmarkTicketSpamRequest& request);
  absl::StatusOr<v1::Ticket> AssignTicket(runtime::Call& call, const v1::AssignTicketRequest& request);
  absl::StatusOr<v1::Ticket> SetTicketPriority(runtime::Call& call, const v1::SetTicketPriorityRequest& request);
  absl::StatusOr<v1::Ticket> MergeTicket(runtime::Call& call, const v1::MergeTicketRequest& request);
  absl::StatusOr<v1::Ticket> SplitTicket(runtime::Call& call, const v1::SplitTicketRequest& request);
  absl::StatusOr<v1::Ticket> LinkTickets(runtime::Call& call, const v1::LinkTicketsRequest& request);
  absl::StatusOr<v1::Ticket> UnlinkTickets(runtime::Call& call, const v1::UnlinkTicketsRequest& request);

  absl::StatusOr<v1::BulkUpdateTicketsResponse> BulkUpdateTickets(runtime::Call& call,
                                                                  const v1::BulkUpdateTicketsRequest& request);
  absl::Status WatchTicket(runtime::Call& call, const v1::WatchTicketRequest& request,
                           runtime::StreamWriter<v1::TicketPresence>& writer);
  absl::StatusOr<v1::TicketPresence> TouchTicket(runtime::Call& call, const v1::TouchTicketRequest& request);

 private:
  // Changes a locked ticket and says what happened; nothing where that changes nothing.
  using Change = std::function<absl::StatusOr<std::optional<TicketEvent>>(postgres::Tx&, Ticket&, const Cause&)>;
  // Locks the ticket, compares the etag, changes it and records that.
  template <typename Request>
  absl::StatusOr<v1::Ticket> ChangeTicket(runtime::Call& call, const Request& request, const Change& change);
  template <typename Request>
  absl::StatusOr<v1::Ticket> Verb(runtime::Call& call, const Request& request, TicketVerb verb);
  absl::StatusOr<v1::TicketMessage> Say(runtime::Call& call, postgres::Tx& tx, const std::string& id,
                                        TicketMessage message, v1::TicketState next_state);
  // What the requester writes of a closed ticket that nothing follows yet opens one that does.
  absl::StatusOr<v1::TicketMessage> SayInFollowUp(postgres::Tx& tx, const Cause& cause, Ticket& closed,
                                                  TicketMessage message);
  template <typename Request>
  absl::StatusOr<v1::Ticket> Relink(runtime::Call& call, const Request& request, bool link);

  TicketWriter& writer_;
  Requesters& requesters_;
  TicketIntake intake_;
  TicketPresence presence_;
};

}  // namespace esnaf::support
