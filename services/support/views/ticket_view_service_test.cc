// Goal: views answer what they say, for who asks, and count it.
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using testing::kStaff;
using testing::SupportUnderTest;

absl::StatusOr<v1::TicketView> Create(SupportUnderTest& test, const std::string& id, const std::string& filter,
                                      int position = 0, const std::string& team = "") {
  v1::CreateTicketViewRequest request;
  request.mutable_view()->set_id(id);
  request.mutable_view()->set_display_name(id);
  request.mutable_view()->set_filter(filter);
  request.mutable_view()->set_order_by("number desc");
  request.mutable_view()->set_position(position);
  request.mutable_view()->set_team(team);
  return test.CallOther<v1::TicketView>("TicketViewService/CreateTicketView", request);
}

TEST_CASE("a view lists and counts its tickets, those of who asks too") {
  SupportUnderTest test;
  const std::string first = test.Open("Bir").id();
  test.Open("İki");
  v1::AssignTicketRequest assign;
  assign.set_id(first);
  assign.set_assignee("user:ayse");
  REQUIRE_OK(test.Call<v1::Ticket>("AssignTicket", assign));
  REQUIRE_OK(Create(test, "new", "state = NEW", 2));
  REQUIRE_OK(Create(test, "mine", "assignee = \"$me\"", 1));
  REQUIRE_OK(Create(test, "other-team", "", 3, "iade"));
  v1::ListTicketsOfViewRequest list;
  list.set_view_id("new");
  list.set_page_size(1);
  ESNAF_REQUIRE_VALUE(const auto page,
                      test.CallOther<v1::ListTicketsOfViewResponse>("TicketViewService/ListTicketsOfView", list));
  REQUIRE(page.tickets_size() == 1);
  CHECK(page.tickets(0).subject() == "İki");
  list.set_page_token(page.next_page_token());
  CHECK(test.CallOther<v1::ListTicketsOfViewResponse>("TicketViewService/ListTicketsOfView", list)
            ->tickets(0)
            .subject() == "Bir");
  v1::CountTicketViewsRequest count;
  count.set_team("kargo");
  ESNAF_REQUIRE_VALUE(const auto counts,
                      test.CallOther<v1::CountTicketViewsResponse>("TicketViewService/CountTicketViews", count));
  REQUIRE(counts.counts_size() == 2);
  CHECK(counts.counts(0).view_id() == "mine");
  CHECK(counts.counts(0).count() == 1);
  CHECK(counts.counts(1).count() == 2);
  CHECK_FALSE(counts.counts(1).more());
  const testing::ClientCallOptions german{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "user:\"hans\""}, {"esnaf-stores", "de"}}};
  CHECK(test.CallOther<v1::CountTicketViewsResponse>("TicketViewService/CountTicketViews", count, german)
            ->counts(1)
            .count() == 0);
}

TEST_CASE("views are checked when they are saved, change by mask and etag, and go") {
  SupportUnderTest test;
  CHECK_STATUS_IS(Create(test, "wrong", "colour = RED").status(), StatusCode::kInvalidArgument, "view.filter");
  CHECK_STATUS_IS(Create(test, "No id", "").status(), StatusCode::kInvalidArgument, "view.id");
  ESNAF_REQUIRE_VALUE(const auto made, Create(test, "all", ""));
  CHECK(Create(test, "all", "").status().code() == StatusCode::kAlreadyExists);
  v1::UpdateTicketViewRequest update;
  update.mutable_view()->set_id("all");
  update.mutable_view()->set_filter("breached = true");
  ESNAF_REQUIRE_VALUE(const auto updated, test.CallOther<v1::TicketView>("TicketViewService/UpdateTicketView", update));
  CHECK(updated.display_name() == "all");
  CHECK(updated.filter() == "breached = true");
  CHECK(test.CallOther<v1::TicketView>("TicketViewService/UpdateTicketView", update)->etag() == updated.etag());
  update.mutable_view()->set_etag(made.etag());
  update.mutable_view()->set_filter("breached = false");
  CHECK(ErrorReason(test.CallOther<v1::TicketView>("TicketViewService/UpdateTicketView", update).status()) ==
        "ETAG_MISMATCH");
  v1::ListTicketViewsRequest list;
  CHECK(test.CallOther<v1::ListTicketViewsResponse>("TicketViewService/ListTicketViews", list)->views_size() == 1);
  v1::DeleteTicketViewRequest remove;
  remove.set_id("all");
  REQUIRE_OK(test.CallOther<v1::DeleteTicketViewResponse>("TicketViewService/DeleteTicketView", remove));
  CHECK(test.CallOther<v1::DeleteTicketViewResponse>("TicketViewService/DeleteTicketView", remove).status().code() ==
        StatusCode::kNotFound);
  CHECK(
      test.CallOther<v1::CountTicketViewsResponse>("TicketViewService/CountTicketViews", v1::CountTicketViewsRequest())
          ->counts()
          .empty());
}

}  // namespace
}  // namespace esnaf::support
