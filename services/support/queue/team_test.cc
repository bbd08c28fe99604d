// Goal: a team's ticket goes to who may take it and has room, by the team's own way of sharing work.
#include "services/support/queue/team.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");

AgentLoad Load(const std::string& id, int open, int capacity = 10, std::optional<Time> last = {}) {
  return {.agent = {.id = id, .teams = {"returns"}, .skills = {"german"}, .capacity = capacity},
          .open_tickets = open,
          .last_assign_time = last};
}

std::string Chosen(AssignmentMethod method, std::vector<AgentLoad> agents, const std::set<std::string>& skills = {}) {
  const AgentLoad* chosen = ChooseAgent({.id = "returns", .method = method}, skills, agents);
  return chosen == nullptr ? "nobody" : chosen->agent.id;
}

TEST_CASE("round robin goes to who got one longest ago, first to who never got one") {
  const auto way = AssignmentMethod::kRoundRobin;
  CHECK(Chosen(way, {Load("ali", 0, 10, kNow), Load("bora", 9, 10, kNow - 1h)}) == "bora");
  CHECK(Chosen(way, {Load("ali", 0, 10, kNow), Load("bora", 9)}) == "bora");
  CHECK(Chosen(way, {Load("ali", 5), Load("bora", 4)}) == "bora");
  CHECK(Chosen(way, {Load("bora", 4), Load("ali", 4)}) == "ali");
}

TEST_CASE("least loaded counts parts of the own capacity, not tickets") {
  const auto way = AssignmentMethod::kLeastLoaded;
  CHECK(Chosen(way, {Load("ali", 3, 4), Load("bora", 5, 10)}) == "bora");
  CHECK(Chosen(way, {Load("ali", 2, 4, kNow), Load("bora", 5, 10, kNow - 1h)}) == "bora");
}

TEST_CASE("who is away, full, of another team or without a skill gets nothing, and neither does anybody by hand") {
  const auto way = AssignmentMethod::kLeastLoaded;
  AgentLoad away = Load("ali", 0), full = Load("bora", 10), other = Load("can", 0);
  away.agent.away = true;
  other.agent.teams = {"sales"};
  CHECK(Chosen(way, {away, full, other}) == "nobody");
  CHECK(Chosen(way, {Load("deniz", 0)}, {"german"}) == "deniz");
  CHECK(Chosen(way, {Load("deniz", 0)}, {"german", "legal"}) == "nobody");
  CHECK(Chosen(AssignmentMethod::kManual, {Load("deniz", 0)}) == "nobody");
  CHECK(SkillsOf({"urgent", "skill:german", "skill:legal"}) == std::set<std::string>{"german", "legal"});
}

TEST_CASE("what is wrong with agents and teams is told by its name") {
  FieldViolations violations;
  CheckAgent({.id = "Ali", .teams = {"a", "Ğ"}, .capacity = 0}, "agent", violations);
  CheckTeam({.id = ""}, "team", violations);
  std::string fields;
  for (const auto& [field, description] : ErrorFields(violations.ToStatus())) fields += field + ";";
  CHECK(fields == "agent.id;agent.teams[1];agent.capacity;team.id;");
}

TEST_CASE("least loaded never lets two agents of one capacity differ by more than one, and round robin by one turn") {
  CHECK(rc::check([] {
    const auto method = *rc::gen::element(AssignmentMethod::kLeastLoaded, AssignmentMethod::kRoundRobin);
    std::vector<AgentLoad> agents{Load("ali", 0, 100), Load("bora", 0, 100), Load("can", 0, 100)};
    for (int i = 0; i < *rc::gen::inRange(0, 60); ++i) {
      AgentLoad* chosen = ChooseAgent({.id = "returns", .method = method}, {}, agents);
      ++chosen->open_tickets;
      chosen->last_assign_time = kNow + std::chrono::seconds(i);
    }
    const auto [least, most] = std::minmax_element(
        agents.begin(), agents.end(), [](const auto& a, const auto& b) { return a.open_tickets < b.open_tickets; });
    RC_ASSERT(most->open_tickets - least->open_tickets <= 1);
  }));
}

}  // namespace
}  // namespace esnaf::support
