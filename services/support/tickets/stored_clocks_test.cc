// Goal: what a ticket's row keeps of its clocks is what they are, and what earlier releases wrote is read.
#include "services/support/tickets/stored_clocks.h"

#include "libs/api/stored_json.h"
#include "libs/testing/catch.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00.000001Z");

std::vector<ClockStatus> SomeClocks() {
  std::vector<ClockStatus> clocks(3);
  clocks[0] = {.metric = SlaMetric::kNextResponse,
               .cycle = 7,
               .start_time = kNow,
               .target = 90min,
               .used = 3s + Duration(5),
               .running = true,
               .due_time = kNow + 1h,
               .warn_time = kNow + 2min,
               .breach_time = kNow + 3h};
  clocks[1] = {.metric = SlaMetric::kResolution, .start_time = kNow, .met_time = kNow + 1s, .ended = true};
  clocks[2] = {.start_time = kNow - Duration(1), .target = 1min, .used = 1s + 500ms};
  return clocks;
}

TEST_CASE("clocks go to JSON and back, all but their stretches") {
  std::vector<ClockStatus> clocks = SomeClocks();
  ESNAF_REQUIRE_VALUE(const std::vector<ClockStatus> read, ClocksFromJson(ClocksToJson(clocks)));
  CHECK(read == clocks);
  clocks[0].stretches = {{{kNow, kNow + 1s}, true, 1s}};
  CHECK(ClocksFromJson(ClocksToJson(clocks))->front().stretches.empty());
}

TEST_CASE("they are stored as the contract writes deadlines, and read as that") {
  v1::Ticket written;
  for (const ClockStatus& clock : SomeClocks()) *written.add_deadlines() = DeadlineToProto(clock);
  CHECK(*ClocksFromJson(api::ToStoredJson(written)) == SomeClocks());
  ESNAF_REQUIRE_VALUE(const v1::Ticket read, api::FromStoredJson<v1::Ticket>(ClocksToJson(SomeClocks())));
  CHECK(read.SerializeAsString() == written.SerializeAsString());
  CHECK(ClocksFromJson("{}")->empty());
  CHECK(ClocksFromJson(ClocksToJson({}))->empty());
}

TEST_CASE("what is no clock is refused") {
  for (const char* stored : {"", "[]", R"({"deadlines": [{}]})", R"({"deadlines": [7]})",
                             R"({"deadlines": [{"metric": "SLA_METRIC_RESOLUTION", "used": "5"}]})",
                             R"({"deadlines": [{"metric": "SLA_METRIC_RESOLUTION", "dueTime": "soon"}]})"}) {
    CHECK_FALSE(ClocksFromJson(stored).ok());
  }
}

}  // namespace
}  // namespace esnaf::support
