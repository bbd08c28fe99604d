#pragma once

// The RPCs of esnaf.support.v1.QueueService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/queues.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/queue/assigner.h"

namespace esnaf::support {

class QueueService {
 public:
  explicit QueueService(Assigner& assigner) : assigner_(assigner) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Agent> CreateAgent(runtime::Call& call, const v1::CreateAgentRequest& request);
  absl::StatusOr<v1::Agent> GetAgent(runtime::Call& call, const v1::GetAgentRequest& request);
  absl::StatusOr<v1::ListAgentsResponse> ListAgents(runtime::Call& call, const v1::ListAgentsRequest& request);
  absl::StatusOr<v1::Agent> UpdateAgent(runtime::Call& call, const v1::UpdateAgentRequest& request);
  absl::StatusOr<v1::DeleteAgentResponse> DeleteAgent(runtime::Call& call, const v1::DeleteAgentRequest& request);

  absl::StatusOr<v1::Team> CreateTeam(runtime::Call& call, const v1::CreateTeamRequest& request);
  absl::StatusOr<v1::Team> GetTeam(runtime::Call& call, const v1::GetTeamRequest& request);
  absl::StatusOr<v1::ListTeamsResponse> ListTeams(runtime::Call& call, const v1::ListTeamsRequest& request);
  absl::StatusOr<v1::Team> UpdateTeam(runtime::Call& call, const v1::UpdateTeamRequest& request);
  absl::StatusOr<v1::DeleteTeamResponse> DeleteTeam(runtime::Call& call, const v1::DeleteTeamRequest& request);

  absl::StatusOr<v1::QueueSettings> GetQueueSettings(runtime::Call& call, const v1::GetQueueSettingsRequest& request);
  absl::StatusOr<v1::QueueSettings> UpdateQueueSettings(runtime::Call& call,
                                                        const v1::UpdateQueueSettingsRequest& request);
  absl::StatusOr<v1::ListQueuedTicketsResponse> ListQueuedTickets(runtime::Call& call,
                                                                  const v1::ListQueuedTicketsRequest& request);
  absl::StatusOr<v1::Ticket> TakeQueuedTicket(runtime::Call& call, const v1::TakeQueuedTicketRequest& request);

 private:
  Assigner& assigner_;
};

}  // namespace esnaf::support
