// Goal: a firm's own names of states mean what their types mean, are kept as long as the state stays, and are in the
// trail, in lists, bulk updates and macros.
#include "services/support/states/state_service.h"

#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using testing::kStaff;

struct StatesUnderTest : testing::SupportUnderTest {
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request) {
    return states_server.channel()->Call<Response>("/esnaf.support.v1.TicketStateService/" + method, request, kStaff);
  }
  absl::StatusOr<v1::NamedTicketState> Create(const std::string& id, v1::TicketState type, bool is_default = false,
                                              const std::string& store_id = "") {
    v1::CreateTicketStateRequest request;
    request.mutable_state()->set_id(id);
    request.mutable_state()->set_name_tr(id + " tr");
    request.mutable_state()->set_name_en(id + " en");
    request.mutable_state()->set_type(type);
    request.mutable_state()->set_store_id(store_id);
    request.mutable_state()->set_default_(is_default);
    return Ask<v1::NamedTicketState>("CreateTicketState", request);
  }
  absl::StatusOr<v1::Ticket> Move(const std::string& ticket, const std::string& state) {
    v1::MoveTicketRequest request;
    request.set_id(ticket);
    request.set_state_id(state);
    clock.Advance(1ms);
    return Ask<v1::Ticket>("MoveTicket", request);
  }
  absl::StatusOr<v1::NamedTicketState> Update(const std::string& id,
                                              const std::function<void(v1::NamedTicketState&)>& set,
                                              const std::string& path) {
    v1::UpdateTicketStateRequest request;
    request.mutable_state()->set_id(id);
    set(*request.mutable_state());
    request.mutable_update_mask()->add_paths(path);
    return Ask<v1::NamedTicketState>("UpdateTicketState", request);
  }
  absl::Status Delete(const std::string& id) {
    v1::DeleteTicketStateRequest request;
    request.set_id(id);
    return Ask<v1::DeleteTicketStateResponse>("DeleteTicketState", request).status();
  }
  v1::TicketEvent LastEvent(const std::string& ticket) {
    v1::ListTicketEventsRequest request;
    request.set_ticket_id(ticket);
    auto page = Call<v1::ListTicketEventsResponse>("ListTicketEvents", request);
    REQUIRE_OK(page);
    return *page->events().rbegin();
  }

  TicketStateService states{writer};
  testing::TestServer states_server{schema, {states.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("a ticket goes to a named state by the verb of its type, and the trail says both") {
  StatesUnderTest test;
  REQUIRE_OK(test.Create("kargo", v1::TICKET_STATE_PENDING_INTERNAL));
  REQUIRE_OK(test.Create("depo", v1::TICKET_STATE_PENDING_INTERNAL));
  const std::string id = test.Open().id();
  ESNAF_REQUIRE_VALUE(const auto moved, test.Move(id, "kargo"));
  CHECK(moved.state() == v1::TICKET_STATE_PENDING_INTERNAL);
  CHECK(moved.state_id() == "kargo");
  CHECK(moved.state_name_tr() == "kargo tr");
  CHECK(moved.state_name_en() == "kargo en");
  CHECK(test.Get(id).SerializeAsString() == moved.SerializeAsString());
  CHECK(test.LastEvent(id).kind() == "state");
  CHECK(test.LastEvent(id).details().at("state_id") == "kargo");
  CHECK(test.LastEvent(id).details().at("verb") == "await internal");
  ESNAF_REQUIRE_VALUE(const auto renamed, test.Move(id, "depo"));
  CHECK(renamed.state() == v1::TICKET_STATE_PENDING_INTERNAL);
  CHECK(test.LastEvent(id).kind() == "state_named");
  CHECK(test.LastEvent(id).details().at("previous_state_id") == "kargo");
  CHECK(test.Move(id, "depo")->etag() == renamed.etag());
}

TEST_CASE("a name is lost with its state, and clocks go by the type alone") {
  StatesUnderTest test;
  REQUIRE_OK(test.Create("kargo", v1::TICKET_STATE_PENDING_INTERNAL));
  const std::string id = test.Open().id();
  REQUIRE_OK(test.Verb<v1::AwaitTicketInternalRequest>("AwaitTicketInternal", id));
  const v1::Ticket plain = test.Get(id);
  ESNAF_REQUIRE_VALUE(const auto named, test.Move(id, "kargo"));
  REQUIRE(named.deadlines_size() == plain.deadlines_size());
  for (int i = 0; i < named.deadlines_size(); ++i) {
    CHECK(named.deadlines(i).running() == plain.deadlines(i).running());
    CHECK(named.deadlines(i).due_time().seconds() == plain.deadlines(i).due_time().seconds());
  }
  REQUIRE_OK(test.Verb<v1::OpenTicketRequest>("OpenTicket", id));
  CHECK(test.Get(id).state_id().empty());
  CHECK(test.Get(id).state_name_tr().empty());
}

TEST_CASE("solving, reopening and holding by a name do what the verbs do") {
  StatesUnderTest test;
  REQUIRE_OK(test.Create("iade-edildi", v1::TICKET_STATE_SOLVED));
  REQUIRE_OK(test.Create("yeniden", v1::TICKET_STATE_OPEN));
  REQUIRE_OK(test.Create("randevu", v1::TICKET_STATE_ON_HOLD));
  REQUIRE_OK(test.Create("yeni", v1::TICKET_STATE_NEW));
  const std::string id = test.Open().id();
  CHECK(test.Move(id, "iade-edildi")->has_solve_time());
  ESNAF_REQUIRE_VALUE(const auto reopened, test.Move(id, "yeniden"));
  CHECK(reopened.reopen_count() == 1);
  CHECK(reopened.state_id() == "yeniden");
  CHECK_STATUS_IS(test.Move(id, "randevu").status(), StatusCode::kInvalidArgument, "hold_until_time");
  v1::MoveTicketRequest hold;
  hold.set_id(id);
  hold.set_state_id("randevu");
  *hold.mutable_hold_until_time() = api::ToProto(test.clock.Now() + 1h);
  ESNAF_REQUIRE_VALUE(const auto held, test.Ask<v1::Ticket>("MoveTicket", hold));
  CHECK(held.state() == v1::TICKET_STATE_ON_HOLD);
  CHECK(held.state_id() == "randevu");
  test.clock.Advance(61min);
  test.Tick();
  CHECK(test.Get(id).state() == v1::TICKET_STATE_OPEN);
  CHECK(test.Get(id).state_id().empty());
  CHECK_STATUS_IS(test.Move(id, "yeni").status(), StatusCode::kInvalidArgument, "state_id");
  CHECK_STATUS_IS(test.Move(id, "none").status(), StatusCode::kInvalidArgument, "state_id");
}

TEST_CASE("a state in use is archived and not deleted, and an archived one is given to nobody") {
  StatesUnderTest test;
  REQUIRE_OK(test.Create("kargo", v1::TICKET_STATE_PENDING_INTERNAL));
  const std::string id = test.Open().id();
  REQUIRE_OK(test.Move(id, "kargo"));
  CHECK(ErrorReason(test.Delete("kargo")) == "TICKET_STATE_IN_USE");
  REQUIRE_OK(test.Update(
      "kargo", [](v1::NamedTicketState& state) { state.set_archived(true); }, "archived"));
  CHECK(ErrorReason(test.Move(test.Open().id(), "kargo").status()) == "TICKET_STATE_ARCHIVED");
  CHECK(test.Get(id).state_name_tr() == "kargo tr");
  v1::ListTicketStatesRequest list;
  CHECK(test.Ask<v1::ListTicketStatesResponse>("ListTicketStates", list)->states().empty());
  list.set_show_archived(true);
  CHECK(test.Ask<v1::ListTicketStatesResponse>("ListTicketStates", list)->states_size() == 1);
  REQUIRE_OK(test.Verb<v1::OpenTicketRequest>("OpenTicket", id));
  CHECK_OK(test.Delete("kargo"));
  CHECK(test.Delete("kargo").code() == StatusCode::kNotFound);
}

TEST_CASE("a renamed state is read by its new name, its type and store never change, and there is one default") {
  StatesUnderTest test;
  REQUIRE_OK(test.Create("kargo", v1::TICKET_STATE_PENDING_INTERNAL, true, "tr"));
  const std::string id = test.Open().id();
  REQUIRE_OK(test.Move(id, "kargo"));
  ESNAF_REQUIRE_VALUE(const auto renamed, test.Update(
                                              "kargo",
                                              [](v1::NamedTicketState& state) {
                                                state.set_name_tr("Kargo bekleniyor");
                                                state.set_type(v1::TICKET_STATE_SOLVED);
                                              },
                                              "name_tr"));
  CHECK(renamed.type() == v1::TICKET_STATE_PENDING_INTERNAL);
  CHECK(renamed.etag() == "2");
  CHECK(test.Get(id).state_name_tr() == "Kargo bekleniyor");
  CHECK(ErrorReason(test.Create("depo", v1::TICKET_STATE_PENDING_INTERNAL, true, "tr").status()) ==
        "TICKET_STATE_DEFAULT");
  CHECK_OK(test.Create("depo", v1::TICKET_STATE_PENDING_INTERNAL, true, "de"));
  CHECK_STATUS_IS(test.Move(id, "depo").status(), StatusCode::kInvalidArgument, "another store");
  CHECK(test.Create("depo", v1::TICKET_STATE_OPEN).status().code() == StatusCode::kAlreadyExists);
  CHECK_STATUS_IS(test.Create("x", v1::TICKET_STATE_MERGED).status(), StatusCode::kInvalidArgument, "state.type");
}

TEST_CASE("lists find tickets by named states, and bulk updates put them there") {
  StatesUnderTest test;
  REQUIRE_OK(test.Create("kargo", v1::TICKET_STATE_PENDING_INTERNAL));
  REQUIRE_OK(test.Create("kapandi", v1::TICKET_STATE_CLOSED));
  v1::BulkUpdateTicketsRequest bulk;
  bulk.add_ids(test.Open("bir").id());
  bulk.add_actions()->set_state_id("kargo");
  ESNAF_REQUIRE_VALUE(const auto done, test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", bulk));
  CHECK(done.results(0).ticket().state_id() == "kargo");
  test.Open("iki");
  v1::ListTicketsRequest list;
  list.set_filter("state_id = \"kargo\" AND state = PENDING_INTERNAL");
  CHECK(test.Subjects(list) == "bir;");
  bulk.mutable_actions(0)->set_state_id("kapandi");
  CHECK(test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", bulk)->results(0).has_error());
  bulk.mutable_actions(0)->set_state_id("Kargo bekliyor");
  CHECK_STATUS_IS(test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", bulk).status(),
                  StatusCode::kInvalidArgument, "actions[0]");
}

TEST_CASE("a macro puts a ticket in a named state") {
  StatesUnderTest test;
  REQUIRE_OK(test.Create("kargo", v1::TICKET_STATE_PENDING_INTERNAL));
  v1::CreateMacroRequest macro;
  macro.mutable_macro()->set_id("kargoya-sor");
  macro.mutable_macro()->set_display_name("Kargoya sor");
  macro.mutable_macro()->add_actions()->set_state_id("kargo");
  REQUIRE_OK(test.CallOther<v1::Macro>("MacroService/CreateMacro", macro));
  v1::ApplyMacroRequest apply;
  apply.set_id(test.Open().id());
  apply.set_macro_id("kargoya-sor");
  ESNAF_REQUIRE_VALUE(const auto applied, test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply));
  CHECK(applied.ticket().state_id() == "kargo");
  CHECK(applied.ticket().state() == v1::TICKET_STATE_PENDING_INTERNAL);
}

}  // namespace
}  // namespace esnaf::support
