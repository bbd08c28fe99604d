// Goal: what a filter says of being open or breached is known only where it is said for every ticket that it finds.
#include "services/support/tickets/ticket_list.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

TEST_CASE("a filter implies that tickets are open or breached where each of its ways says so") {
  const std::string open = " AND t.state <= 5", breached = " AND t.breached";
  CHECK(ImpliedCondition("state = OPEN") == open);
  CHECK(ImpliedCondition("assignee = \"x\" AND (state = NEW OR state = ON_HOLD)") == open);
  CHECK(ImpliedCondition("breached = true AND state = OPEN") == open + breached);
  CHECK(ImpliedCondition("state = OPEN OR state = SOLVED").empty());
  CHECK(ImpliedCondition("state = OPEN OR team = \"x\"").empty());
  CHECK(ImpliedCondition("NOT state = OPEN").empty());
  CHECK(ImpliedCondition("state != OPEN").empty());
  CHECK(ImpliedCondition("breached = false").empty());
  CHECK(ImpliedCondition("").empty());
}

TEST_CASE("a word of a search has two characters at least, however many bytes they are") {
  CHECK_STATUS_IS(WordsOf("a").status(), absl::StatusCode::kInvalidArgument, "query");
  CHECK_STATUS_IS(WordsOf("%").status(), absl::StatusCode::kInvalidArgument, "query");
  CHECK_STATUS_IS(WordsOf("\u5b57").status(), absl::StatusCode::kInvalidArgument, "query");
  CHECK(*WordsOf("\u5b57\u5b57 KIRIK") == std::vector<std::string>{"%\u5b57\u5b57%", "%kirik%"});
  CHECK(*WordsOf("%_") == std::vector<std::string>{"%\\%\\_%"});
  CHECK(WordsOf("").value().empty());
}

}  // namespace
}  // namespace esnaf::support
