#include "services/support/queue/team.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/store_id.h"
#include "services/support/names.h"

namespace esnaf::support {
namespace {

constexpr std::string_view kSkillTag = "skill:";
constexpr std::size_t kMostOfList = 50;
constexpr int kMostCapacity = 1000;

void CheckWords(const std::vector<std::string>& words, const std::string& field, FieldViolations& violations) {
  if (words.size() > kMostOfList) violations.Add(field, absl::StrCat("are more than ", kMostOfList));
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!IsStoreId(words[i])) {
      violations.Add(absl::StrCat(field, "[", i, "]"), "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
    }
  }
}

// Open tickets in parts of the capacity, compared without dividing.
bool LessLoaded(const AgentLoad& a, const AgentLoad& b) {
  return static_cast<std::int64_t>(a.open_tickets) * b.agent.capacity <
         static_cast<std::int64_t>(b.open_tickets) * a.agent.capacity;
}
// Who never got one comes first.
bool LongerWithout(const AgentLoad& a, const AgentLoad& b) { return a.last_assign_time < b.last_assign_time; }

bool ComesBefore(AssignmentMethod method, const AgentLoad& a, const AgentLoad& b) {
  const bool by_load = method == AssignmentMethod::kLeastLoaded;
  for (const auto& less : {by_load ? LessLoaded : LongerWithout, by_load ? LongerWithout : LessLoaded}) {
    if (less(a, b)) return true;
    if (less(b, a)) return false;
  }
  return a.agent.id < b.agent.id;
}

bool Holds(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

void CheckAgent(const Agent& agent, const std::string& field, FieldViolations& violations) {
  CheckNames(agent.id, agent.display_name, field, violations);
  CheckWords(agent.teams, field + ".teams", violations);
  CheckWords(agent.skills, field + ".skills", violations);
  if (agent.capacity < 1 || agent.capacity > kMostCapacity) {
    violations.Add(field + ".capacity", absl::StrCat("is not within 1 to ", kMostCapacity));
  }
}

void CheckTeam(const Team& team, const std::string& field, FieldViolations& violations) {
  CheckNames(team.id, team.display_name, field, violations);
}

std::set<std::string> SkillsOf(const std::vector<std::string>& tags) {
  std::set<std::string> skills;
  for (const std::string& tag : tags) {
    if (tag.starts_with(kSkillTag)) skills.insert(tag.substr(kSkillTag.size()));
  }
  return skills;
}

bool HasRoom(const AgentLoad& load) { return !load.agent.away && load.open_tickets < load.agent.capacity; }

bool MayTake(const Agent& agent, const std::string& team, const std::set<std::string>& skills) {
  return Holds(agent.teams, team) && std::all_of(skills.begin(), skills.end(),
                                                 [&](const std::string& skill) { return Holds(agent.skills, skill); });
}

AgentLoad* ChooseAgent(const Team& team, const std::set<std::string>& skills, std::vector<AgentLoad>& agents) {
  if (team.method == AssignmentMethod::kManual) return nullptr;
  AgentLoad* chosen = nullptr;
  for (AgentLoad& load : agents) {
    if (!HasRoom(load) || !MayTake(load.agent, team.id, skills)) continue;
    if (chosen == nullptr || ComesBefore(team.method, load, *chosen)) chosen = &load;
  }
  return chosen;
}

}  // namespace esnaf::support
