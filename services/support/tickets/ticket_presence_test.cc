#include "services/support/tickets/ticket_presence.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using Viewers = std::vector<TicketViewer>;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");
const Uuid kTicket = Uuid::FromName("test", "ticket");

TEST_CASE("who types is seen by the others until it is long ago, and not by himself") {
  TicketPresence presence;
  presence.Touch(kTicket, "user:ayse", TicketActivity::kTyping, kNow);
  CHECK(presence.Others(kTicket, "user:ayse", kNow).empty());
  CHECK(presence.Others(kTicket, "user:ali", kNow) == Viewers{{"user:ayse", TicketActivity::kTyping}});
  CHECK(presence.Others(Uuid::FromName("test", "other"), "user:ali", kNow).empty());
  CHECK(presence.Others(kTicket, "user:ali", kNow + kPresenceExpiry - 1us).size() == 1);
  CHECK(presence.Others(kTicket, "user:ali", kNow + kPresenceExpiry).empty());
}

TEST_CASE("who watches is there as long as he watches, by each of his windows") {
  TicketPresence presence;
  presence.Enter(kTicket, "user:ayse");
  presence.Enter(kTicket, "user:ayse");
  presence.Touch(kTicket, "user:ayse", TicketActivity::kTyping, kNow);
  presence.Leave(kTicket, "user:ayse");
  CHECK(presence.Others(kTicket, "", kNow) == Viewers{{"user:ayse", TicketActivity::kTyping}});
  CHECK(presence.Others(kTicket, "", kNow + 1h) == Viewers{{"user:ayse", TicketActivity::kViewing}});
  presence.Leave(kTicket, "user:ayse");
  CHECK(presence.Others(kTicket, "", kNow + 1h).empty());
}

}  // namespace
}  // namespace esnaf::support
