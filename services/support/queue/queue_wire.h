#pragma once

// Agents, teams and the queue between messages, the store's JSON and domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/queues.pb.h"
#include "services/support/queue/queue_rank.h"
#include "services/support/queue/team.h"

namespace esnaf::support {

// INVALID_ARGUMENT naming each field below `agent`, `team` or `settings` that is wrong, their rules included.
absl::StatusOr<Agent> AgentFromProto(const v1::Agent& message);
absl::StatusOr<Team> TeamFromProto(const v1::Team& message);
absl::StatusOr<QueueSettings> SettingsFromProto(const v1::QueueSettings& message);

v1::Agent AgentToProto(const Agent& agent);
v1::Team TeamToProto(const Team& team);
v1::QueueSettings SettingsToProto(const QueueSettings& settings);

v1::QueuePosition PositionToProto(const QueueRank& rank, int position, const std::optional<Standing>& standing);

std::string AgentToJson(const Agent& agent);
absl::StatusOr<Agent> AgentFromJson(std::string_view json);
std::string TeamToJson(const Team& team);
absl::StatusOr<Team> TeamFromJson(std::string_view json);
std::string SettingsToJson(const QueueSettings& settings);
absl::StatusOr<QueueSettings> SettingsFromJson(std::string_view json);

}  // namespace esnaf::support
