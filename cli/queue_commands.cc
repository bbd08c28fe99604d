#include <CLI/CLI.hpp>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/queues.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

struct Arguments {
  std::string id, name, team = "-", agent, method = "manual";
  std::vector<std::string> teams, skills;
  int capacity = 0, page_size = 50;
};

template <typename Response, typename Request>
absl::StatusOr<Response> Call(Context& context, const std::string& method, const Request& request) {
  return context.client().Call<Response>("support.v1.QueueService/" + method, request);
}

// `4 h 30 min`, in whole minutes.
std::string Hours(const google::protobuf::Duration& duration) {
  const std::int64_t all = duration.seconds() / 60;
  if (all == 0) return "";
  return absl::StrFormat("%s%d h %02d", all < 0 ? "-" : "", std::abs(all) / 60, std::abs(all) % 60);
}

// `ASSIGNMENT_METHOD_ROUND_ROBIN` as it is given on the command line.
std::string MethodText(v1::AssignmentMethod method) {
  return method == v1::ASSIGNMENT_METHOD_ROUND_ROBIN    ? "round-robin"
         : method == v1::ASSIGNMENT_METHOD_LEAST_LOADED ? "least-loaded"
                                                        : "manual";
}

Table AgentTable(const google::protobuf::RepeatedPtrField<v1::Agent>& agents) {
  Table table{{"AGENT", "NAME", "TEAMS", "SKILLS", "OPEN", "CAPACITY", "AWAY"}, {}};
  for (const v1::Agent& agent : agents) {
    table.rows.push_back({agent.id(), agent.display_name(), absl::StrJoin(agent.teams(), " "),
                          absl::StrJoin(agent.skills(), " "), std::to_string(agent.open_ticket_count()),
                          std::to_string(agent.capacity()), agent.away() ? "away" : ""});
  }
  return table;
}

void PrintAgent(Context& context, const absl::StatusOr<v1::Agent>& agent) {
  if (agent.ok()) {
    v1::ListAgentsResponse one;
    *one.add_agents() = *agent;
    Print(context.format, AgentTable(one.agents()), *agent);
  }
  context.Finish(agent.status());
}

void AddAgents(CLI::App& app, Context& context) {
  auto* agents = app.add_subcommand("agents", "Who answers tickets");
  agents->require_subcommand(1);
  agents->add_subcommand("list", "List agents with what they have to do")->callback([&context] {
    v1::ListAgentsRequest request;
    request.set_page_size(1000);
    const auto answer = Call<v1::ListAgentsResponse>(context, "ListAgents", request);
    if (answer.ok()) Print(context.format, AgentTable(answer->agents()), *answer);
    context.Finish(answer.status());
  });
  auto arguments = std::make_shared<Arguments>();
  auto* create = agents->add_subcommand("create", "Add an agent");
  create->add_option("AGENT", arguments->id, "What tickets name as their assignee")->required();
  create->add_option("--name", arguments->name, "What people read");
  create->add_option("--team", arguments->teams, "A team, as often as wanted");
  create->add_option("--skill", arguments->skills, "A skill, as often as wanted");
  create->add_option("--capacity", arguments->capacity, "Up to how many open tickets are given; 20 where not given");
  create->callback([&context, arguments] {
    v1::CreateAgentRequest request;
    v1::Agent& agent = *request.mutable_agent();
    agent.set_id(arguments->id);
    agent.set_display_name(arguments->name);
    agent.mutable_teams()->Assign(arguments->teams.begin(), arguments->teams.end());
    agent.mutable_skills()->Assign(arguments->skills.begin(), arguments->skills.end());
    agent.set_capacity(arguments->capacity);
    PrintAgent(context, Call<v1::Agent>(context, "CreateAgent", request));
  });
  for (const bool away : {true, false}) {
    auto who = std::make_shared<Arguments>();
    auto* command = agents->add_subcommand(
        away ? "away" : "back", away ? "Give an agent no more tickets automatically" : "Give an agent tickets again");
    command->add_option("AGENT", who->id, "The agent")->required();
    command->callback([&context, who, away] {
      v1::UpdateAgentRequest request;
      request.mutable_agent()->set_id(who->id);
      request.mutable_agent()->set_away(away);
      request.mutable_update_mask()->add_paths("away");
      PrintAgent(context, Call<v1::Agent>(context, "UpdateAgent", request));
    });
  }
}

void AddTeams(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* teams = app.add_subcommand("teams", "Groups of agents, and how they share work");
  teams->require_subcommand(1);
  auto* create = teams->add_subcommand("create", "Add a team");
  create->add_option("TEAM", arguments->id, "What tickets name as their team")->required();
  create->add_option("--name", arguments->name, "What people read");
  create->add_option("--assign", arguments->method, "manual, round-robin or least-loaded")
      ->check(CLI::IsMember({"manual", "round-robin", "least-loaded"}))
      ->capture_default_str();
  const auto table = [](const auto& teams) {
    Table table{{"TEAM", "NAME", "ASSIGNMENT"}, {}};
    for (const v1::Team& team : teams) {
      table.rows.push_back({team.id(), team.display_name(), MethodText(team.assignment_method())});
    }
    return table;
  };
  create->callback([&context, arguments, table] {
    v1::CreateTeamRequest request;
    request.mutable_team()->set_id(arguments->id);
    request.mutable_team()->set_display_name(arguments->name);
    request.mutable_team()->set_assignment_method(arguments->method == "round-robin" ? v1::ASSIGNMENT_METHOD_ROUND_ROBIN
                                                  : arguments->method == "least-loaded"
                                                      ? v1::ASSIGNMENT_METHOD_LEAST_LOADED
                                                      : v1::ASSIGNMENT_METHOD_MANUAL);
    const auto team = Call<v1::Team>(context, "CreateTeam", request);
    if (team.ok()) Print(context.format, table(std::vector{*team}), *team);
    context.Finish(team.status());
  });
  teams->add_subcommand("list", "List teams")->callback([&context, table] {
    v1::ListTeamsRequest request;
    request.set_page_size(1000);
    const auto answer = Call<v1::ListTeamsResponse>(context, "ListTeams", request);
    if (answer.ok()) Print(context.format, table(answer->teams()), *answer);
    context.Finish(answer.status());
  });
}

void AddQueue(CLI::App& app, Context& context) {
  auto* queue = app.add_subcommand("queue", "Tickets that wait for somebody, who comes first first");
  queue->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  auto* list = queue->add_subcommand("list", "List who waits, and why each has its place");
  list->add_option("TEAM", arguments->team, "The team; all tickets where not given");
  list->add_option("--page-size", arguments->page_size, "The most tickets")->capture_default_str();
  list->callback([&context, arguments] {
    v1::ListQueuedTicketsRequest request;
    request.set_team(arguments->team);
    request.set_page_size(arguments->page_size);
    const auto answer = Call<v1::ListQueuedTicketsResponse>(context, "ListQueuedTickets", request);
    if (answer.ok()) {
      Table table{{"#", "NUMBER", "SUBJECT", "DUE", "VALUE", "CHURN", "PRIORITY", "COUNTS AS DUE", "ID"}, {}};
      for (const v1::QueuedTicket& queued : answer->tickets()) {
        const v1::QueuePosition& place = queued.position();
        table.rows.push_back({std::to_string(place.position()), std::to_string(queued.ticket().number()),
                              queued.ticket().subject(), ShowTime(place.due_time()), Hours(place.value_lead()),
                              Hours(place.churn_lead()), Hours(place.priority_lead()),
                              ShowTime(place.counted_due_time()), queued.ticket().id()});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
  auto taken = std::make_shared<Arguments>();
  auto* take = queue->add_subcommand("take", "Give an agent the next ticket of a team");
  take->add_option("TEAM", taken->team, "The team")->required();
  take->add_option("AGENT", taken->agent, "The agent")->required();
  take->callback([&context, taken] {
    v1::TakeQueuedTicketRequest request;
    request.set_team(taken->team);
    request.set_agent(taken->agent);
    const auto ticket = Call<v1::Ticket>(context, "TakeQueuedTicket", request);
    if (ticket.ok()) {
      const Table table{{"NUMBER", "ASSIGNEE", "SUBJECT", "ID"},
                        {{std::to_string(ticket->number()), ticket->assignee(), ticket->subject(), ticket->id()}}};
      Print(context.format, table, *ticket);
    }
    context.Finish(ticket.status());
  });
}

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  AddAgents(app, context);
  AddTeams(app, context);
  AddQueue(app, context);
}

}  // namespace esnaf::cli
