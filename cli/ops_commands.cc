#include <CLI/CLI.hpp>

#include "absl/strings/str_join.h"
#include "cli/command_line.h"
#include "esnaf/gateway/v1/operations.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = gateway::v1;
using api::v1::Consumer;

std::string HealthOf(const Consumer& consumer) {
  if (!consumer.has_stop()) return "ok";
  return consumer.stop().skip_requested() ? "skipping" : "stopped";
}

template <typename Consumers>
Table ConsumerTable(const Consumers& consumers) {
  Table table{{"SERVICE", "SOURCE", "POSITION", "LAG s", "HEALTH", "SINCE", "EVENT", "WHY"}, {}};
  for (const Consumer& consumer : consumers) {
    const std::string position =
        consumer.has_position()
            ? absl::StrCat(consumer.position().epoch(), ".", consumer.position().xact(), ".", consumer.position().seq())
            : "";
    table.rows.push_back({consumer.service(), consumer.source(), position, std::to_string(consumer.lag().seconds()),
                          HealthOf(consumer), ShowTime(consumer.stop().stop_time()), consumer.stop().event_id(),
                          consumer.stop().message()});
  }
  return table;
}

void Show(Context& context, const absl::StatusOr<Consumer>& consumer) {
  if (consumer.ok()) Print(context.format, ConsumerTable(std::vector<Consumer>{*consumer}), *consumer);
  context.Finish(consumer.status());
}

}  // namespace

void AddOpsCommands(CLI::App& app, Context& context) {
  auto* ops = app.add_subcommand("ops", "What operators look after; needs an admin key");
  ops->require_subcommand(1);
  struct Arguments {
    std::string service, source, event;
  };
  auto arguments = std::make_shared<Arguments>();
  const auto name_consumer = [arguments](CLI::App* command) {
    command->add_option("--service", arguments->service, "The service that consumes, for example contacts")->required();
    command->add_option("--source", arguments->source, "The service whose events they are, for example orders")
        ->required();
  };

  auto* consumers = ops->add_subcommand("consumers", "How each service's consumers of others' events stand");
  consumers->callback([&context] {
    const auto answer = context.client().Call<v1::ListServiceConsumersResponse>(
        "gateway.v1.OperationsService/ListServiceConsumers", v1::ListServiceConsumersRequest());
    if (!answer.ok()) return context.Finish(answer.status());
    Print(context.format, ConsumerTable(answer->consumers()), *answer);
    if (answer->unreachable().empty()) return context.Finish(absl::OkStatus());
    context.Finish(
        absl::UnavailableError(absl::StrCat("did not answer: ", absl::StrJoin(answer->unreachable(), ", "))));
  });

  auto* skip = ops->add_subcommand("skip", "Pass over the event that a consumer stands still on, for good");
  name_consumer(skip);
  skip->add_option("--event", arguments->event, "The event's id, as `esnaf ops consumers` shows it")->required();
  skip->callback([&context, arguments] {
    v1::SkipConsumerEventRequest request;
    request.set_service(arguments->service);
    request.set_source(arguments->source);
    request.set_event_id(arguments->event);
    Show(context, context.client().Call<Consumer>("gateway.v1.OperationsService/SkipConsumerEvent", request, false));
  });

  auto* reset =
      ops->add_subcommand("reset", "Begin anew where the source refuses the position (EPOCH_CHANGED, POSITION_PRUNED)");
  name_consumer(reset);
  reset->callback([&context, arguments] {
    v1::ResetServiceConsumerRequest request;
    request.set_service(arguments->service);
    request.set_source(arguments->source);
    Show(context, context.client().Call<Consumer>("gateway.v1.OperationsService/ResetServiceConsumer", request, false));
  });
}

}  // namespace esnaf::cli
