#pragma once

// Who answers: agents, the teams that they are in, and how a team's tickets find their agent.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/time.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1, and stored.
enum class AssignmentMethod {
  kManual = 1,       // people assign, or take what is first in the queue
  kRoundRobin = 2,   // to who got the last one longest ago
  kLeastLoaded = 3,  // to who has the smallest part of the own capacity in use
};

struct Agent {
  std::string id;  // what tickets name as their assignee
  std::string display_name;
  std::vector<std::string> teams;
  std::vector<std::string> skills;
  int capacity = 20;  // open tickets at once; automatic assignment goes no further
  bool away = false;  // gets nothing by automatic assignment
  bool operator==(const Agent&) const = default;
};

struct Team {
  std::string id;  // what tickets name as their team
  std::string display_name;
  AssignmentMethod method = AssignmentMethod::kManual;
  bool operator==(const Team&) const = default;
};

// Adds what is wrong, by the names of the contract below `field`.
void CheckAgent(const Agent& agent, const std::string& field, FieldViolations& violations);
void CheckTeam(const Team& team, const std::string& field, FieldViolations& violations);

// What an agent has to do at the moment.
struct AgentLoad {
  Agent agent;
  int open_tickets = 0;
  std::optional<Time> last_assign_time;
};

// The skills that a ticket asks for: its tags of the form `skill:<skill>`.
std::set<std::string> SkillsOf(const std::vector<std::string>& tags);

// Whether automatic assignment may give another ticket.
bool HasRoom(const AgentLoad& load);
bool MayTake(const Agent& agent, const std::string& team, const std::set<std::string>& skills);

// Whom a ticket of the team is given to: who may take it, is not away and has room, by the team's method; ties by the
// other method, then by id. Null where there is nobody, and for kManual.
AgentLoad* ChooseAgent(const Team& team, const std::set<std::string>& skills, std::vector<AgentLoad>& agents);

}  // namespace esnaf::support
