#pragma once

// Takes new tickets in: those of one call, or of several calls together, which then share a transaction and are found
// their requesters in one statement. Each call keeps its own rights, answer and error.
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class TicketIntake {
 public:
  TicketIntake(TicketWriter& writer, Requesters& requesters) : writer_(writer), requesters_(requesters) {}

  // As the contract says of CreateTicket.
  absl::StatusOr<v1::Ticket> Create(runtime::Call& call, const v1::CreateTicketRequest& request);

  using Asked = runtime::AskedCall<v1::CreateTicketRequest, v1::Ticket>;
  // Answers each as Create does.
  void CreateTogether(std::vector<Asked>& asked);

 private:
  struct Wanted;

  void CreateAlone(Asked& one);
  void CreateSome(std::span<Asked* const> asked);
  // Answers all but those that it names, who have to be answered alone.
  absl::StatusOr<std::vector<Asked*>> RecordTogether(std::span<Asked* const> asked);
  // Gives each its requester. Leaves out those who name a contact that the own copy has not heard of.
  absl::StatusOr<identity::Links> FindRequesters(std::vector<Wanted>& wanted, std::vector<Asked*>& alone);
  absl::Status Record(postgres::Tx& tx, const std::vector<Wanted>& wanted, const identity::Links& links,
                      std::vector<std::optional<v1::Ticket>>& answers);

  TicketWriter& writer_;
  Requesters& requesters_;
};

}  // namespace esnaf::support
