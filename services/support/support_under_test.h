#pragma once

// The service support as Build makes it, for tests through a real channel, with its workers run by hand.
#include <filesystem>
#include <string>
#include <vector>

#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/migrations/support.h"
#include "esnaf/support/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/files/local_files.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"
#include "services/support/attachments/attachment_service.h"
#include "services/support/fake_contacts.h"
#include "services/support/macros/macro_service.h"
#include "services/support/sla/sla_service.h"
#include "services/support/tickets/ticket_service.h"
#include "services/support/views/ticket_view_service.h"

namespace esnaf::support::testing {

using esnaf::testing::TestSchema;
using esnaf::testing::TestServer;
using runtime::ClientCallOptions;

inline const ClientCallOptions kStorefront{.metadata = {{"esnaf-caller-kind", "storefront"}, {"esnaf-actor", "key:1"}}};
inline const ClientCallOptions kStaff{.metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "user:ayse"}}};

// A folder that is gone after the test.
struct TestFolder {
  TestFolder() : path(std::filesystem::temp_directory_path() / ("esnaf-support-" + HexEncode(RandomBytes(8)))) {}
  ~TestFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

struct SupportUnderTest {
  // Promises that count day and night: a first response in 60 minutes, a next one in 120, a solution in 600.
  SupportUnderTest() {
    v1::CreateSlaPolicyRequest request;
    request.mutable_policy()->set_id("always");
    v1::SlaTargets& targets = *request.mutable_policy()->mutable_targets();
    targets.set_first_response_minutes(60);
    targets.set_next_response_minutes(120);
    targets.set_resolution_minutes(600);
    REQUIRE_OK(server.channel()->Call<v1::SlaPolicy>("/esnaf.support.v1.SlaService/CreateSlaPolicy", request));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const ClientCallOptions& options = kStaff) {
    return server.channel()->Call<Response>("/esnaf.support.v1.TicketService/" + method, request, options);
  }

  // Of another service of support.
  template <typename Response, typename Request>
  absl::StatusOr<Response> CallOther(const std::string& method, const Request& request,
                                     const ClientCallOptions& options = kStaff) {
    return server.channel()->Call<Response>("/esnaf.support.v1." + method, request, options);
  }

  v1::CreateTicketRequest Request(const std::string& subject, const std::string& text = "Merhaba") {
    v1::CreateTicketRequest request;
    request.mutable_ticket()->set_subject(subject);
    request.mutable_ticket()->set_store_id("tr");
    request.mutable_ticket()->set_channel(contacts::v1::CHANNEL_WEB_FORM);
    request.mutable_message()->set_text(text);
    return request;
  }
  // A ticket that a customer opened.
  v1::Ticket Open(const std::string& subject = "Kargo nerede?") {
    clock.Advance(std::chrono::milliseconds(1));
    auto ticket = Call<v1::Ticket>("CreateTicket", Request(subject), kStorefront);
    REQUIRE_OK(ticket);
    return *std::move(ticket);
  }
  v1::Ticket Get(const std::string& id) {
    v1::GetTicketRequest request;
    request.set_id(id);
    auto ticket = Call<v1::Ticket>("GetTicket", request);
    REQUIRE_OK(ticket);
    return *std::move(ticket);
  }
  // A verb whose request has nothing but the id.
  template <typename Request>
  absl::StatusOr<v1::Ticket> Verb(const std::string& method, const std::string& id, const std::string& etag = "") {
    Request request;
    request.set_id(id);
    request.set_etag(etag);
    return Call<v1::Ticket>(method, request);
  }
  absl::StatusOr<v1::TicketMessage> Reply(const std::string& id, const std::string& text,
                                          const ClientCallOptions& options = kStaff,
                                          v1::TicketState next_state = v1::TICKET_STATE_UNSPECIFIED) {
    v1::ReplyToTicketRequest request;
    request.set_id(id);
    request.mutable_message()->set_text(text);
    request.set_next_state(next_state);
    // So that messages are in the order in which they were said.
    clock.Advance(std::chrono::milliseconds(1));
    return Call<v1::TicketMessage>("ReplyToTicket", request, options);
  }
  absl::StatusOr<v1::ListTicketsResponse> List(const v1::ListTicketsRequest& request,
                                               const ClientCallOptions& options = kStaff) {
    return Call<v1::ListTicketsResponse>("ListTickets", request, options);
  }
  // The subjects of what a list answers, each followed by a semicolon.
  std::string Subjects(const v1::ListTicketsRequest& request, const ClientCallOptions& options = kStaff) {
    auto listed = List(request, options);
    REQUIRE_OK(listed);
    std::string subjects;
    for (const v1::Ticket& ticket : listed->tickets()) subjects += ticket.subject() + ";";
    return subjects;
  }
  std::string Search(const std::string& query, const ClientCallOptions& options = kStaff) {
    v1::ListTicketsRequest request;
    request.set_query(query);
    request.set_order_by("number");
    return Subjects(request, options);
  }
  // Runs the workers until nothing is left to do.
  void Tick() {
    for (bool more = true; more;) {
      auto told = schema.connection().Run({}, [&](postgres::Tx& tx) { return writer.TellSomeDue(tx, clock.Now()); });
      REQUIRE_OK(told);
      auto woken = schema.connection().Run({}, [&](postgres::Tx& tx) { return writer.WakeSome(tx, clock.Now()); });
      REQUIRE_OK(woken);
      more = *told || *woken;
    }
  }
  // How many events of a type there are.
  std::int64_t Count(const std::string& type) {
    return schema.Sql("SELECT count(*) FROM outbox WHERE type = 'esnaf.support.v1." + type + "'")[0].Get<std::int64_t>(
        0);
  }

  TestSchema schema{"support",
                    {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::support()},
                    {"runtime", "events", "identity", "support"}};
  ManualClock clock{*ParseRfc3339("2026-11-23T07:00:00Z")};
  SlaService sla;
  TicketWriter writer;
  std::shared_ptr<FakeContacts> contacts = std::make_shared<FakeContacts>();
  Requesters requesters{contacts, SystemClock()};
  TicketService tickets{writer, requesters};
  TicketViewService views;
  MacroService macros{writer, contacts};
  TestFolder folder;
  files::LocalFileStore files = *files::LocalFileStore::Open(folder.path);
  AttachmentService attachments{&files};
  TestServer server{schema,
                    {sla.Rpcs(), tickets.Rpcs(), views.Rpcs(), macros.Rpcs(), attachments.Rpcs()},
                    {.name = "support", .clock = &clock}};
};

}  // namespace esnaf::support::testing
