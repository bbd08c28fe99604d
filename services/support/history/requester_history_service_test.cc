// Goal: who writes again need not tell the same twice, whatever way the person wrote before.
#include "services/support/history/requester_history_service.h"

#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using testing::SupportUnderTest;

struct HistoryUnderTest : SupportUnderTest {
  HistoryUnderTest() {
    schema.Sql("INSERT INTO contact_alias (original, canonical) VALUES ($1, $2)",
               {Person("ayse-phone"), Person("ayse")});
  }
  static Uuid Person(const std::string& name) { return Uuid::FromName("test", name); }
  v1::Ticket Ask(const std::string& person, const std::string& text,
                 contacts::v1::Channel channel = contacts::v1::CHANNEL_EMAIL, const std::string& store = "tr") {
    v1::CreateTicketRequest request = Request(text, text);
    request.mutable_ticket()->set_store_id(store);
    request.mutable_ticket()->set_channel(channel);
    if (!person.empty()) request.mutable_ticket()->set_contact_id(Person(person).ToString());
    clock.Advance(std::chrono::milliseconds(1));
    auto ticket = Call<v1::Ticket>("CreateTicket", request);
    REQUIRE_OK(ticket);
    return *std::move(ticket);
  }
  absl::StatusOr<v1::ListRequesterMessagesResponse> History(
      const std::string& id, int page_size = 0, const std::string& token = "",
      const runtime::ClientCallOptions& options = testing::kStaff) {
    v1::ListRequesterMessagesRequest request;
    request.set_ticket_id(id);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return other.channel()->Call<v1::ListRequesterMessagesResponse>(
        "/esnaf.support.v1.RequesterHistoryService/ListRequesterMessages", request, options);
  }
  // The texts, each followed by a semicolon.
  std::string Texts(const std::string& id) {
    auto history = History(id);
    REQUIRE_OK(history);
    std::string texts;
    for (const v1::TicketMessage& message : history->messages()) texts += message.text() + ";";
    return texts;
  }

  RequesterHistoryService history;
  testing::TestServer other{schema, {history.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("what a person said elsewhere is at the ticket, by whatever way and contact it came") {
  HistoryUnderTest test;
  const v1::Ticket mail = test.Ask("ayse", "Kargom gelmedi");
  REQUIRE_OK(test.Reply(mail.id(), "Yarın gelir"));
  const v1::Ticket call = test.Ask("ayse-phone", "Hâlâ gelmedi", contacts::v1::CHANNEL_PHONE);
  const v1::Ticket other = test.Ask("ali", "Fatura");
  const v1::Ticket form = test.Ask("ayse", "Artık istemiyorum", contacts::v1::CHANNEL_WEB_FORM);
  CHECK(test.Texts(form.id()) == "Hâlâ gelmedi;Yarın gelir;Kargom gelmedi;");
  CHECK(test.Texts(call.id()) == "Artık istemiyorum;Yarın gelir;Kargom gelmedi;");
  CHECK(test.Texts(other.id()).empty());
  CHECK(test.Texts(test.Ask("", "Kimim?").id()).empty());

  ESNAF_REQUIRE_VALUE(const auto first, test.History(form.id(), 2));
  CHECK(first.tickets_size() == 2);
  CHECK(first.tickets(0).number() == call.number());
  CHECK(first.tickets(0).channel() == contacts::v1::CHANNEL_PHONE);
  CHECK(first.tickets(1).number() == mail.number());
  ESNAF_REQUIRE_VALUE(const auto second, test.History(form.id(), 2, first.next_page_token()));
  CHECK(second.messages(0).text() == "Kargom gelmedi");
  CHECK(second.next_page_token().empty());
}

TEST_CASE("what was split off is told once, wherever the person is looked at") {
  HistoryUnderTest test;
  const v1::Ticket mail = test.Ask("ayse", "Kargom gelmedi");
  ESNAF_REQUIRE_VALUE(const v1::TicketMessage said, test.Reply(mail.id(), "Fatura da yok"));
  v1::SplitTicketRequest request;
  request.set_id(mail.id());
  request.add_message_ids(said.id());
  ESNAF_REQUIRE_VALUE(const v1::Ticket split, test.Call<v1::Ticket>("SplitTicket", request));
  CHECK(test.Texts(split.id()) == "Kargom gelmedi;");
  CHECK(test.Texts(mail.id()).empty());
  const v1::Ticket last = test.Ask("ayse", "Yine ben");
  CHECK(test.Texts(last.id()) == "Fatura da yok;Kargom gelmedi;");
  // Where it was said is nobody's history any more.
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", mail.id()));
  CHECK(test.Texts(last.id()) == "Fatura da yok;");
}

TEST_CASE("what stands in the ticket already, spam and other stores are no history") {
  HistoryUnderTest test;
  const v1::Ticket first = test.Ask("ayse", "Kargom gelmedi");
  const v1::Ticket spam = test.Ask("ayse", "Ucuz saat");
  const v1::Ticket abroad = test.Ask("ayse", "Where is it", contacts::v1::CHANNEL_EMAIL, "de");
  const v1::Ticket last = test.Ask("ayse", "Yine ben");
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", spam.id()));
  CHECK(test.Texts(last.id()) == "Where is it;Kargom gelmedi;");
  v1::MergeTicketRequest merge;
  merge.set_id(first.id());
  merge.set_into_id(last.id());
  REQUIRE_OK(test.Call<v1::Ticket>("MergeTicket", merge));
  CHECK(test.Texts(last.id()) == "Where is it;");

  runtime::ClientCallOptions turkish = testing::kStaff;
  turkish.metadata.emplace_back("esnaf-stores", "tr");
  ESNAF_REQUIRE_VALUE(const auto seen, test.History(last.id(), 0, "", turkish));
  CHECK(seen.messages().empty());
  CHECK_STATUS_IS(test.History(abroad.id(), 0, "", turkish).status(), StatusCode::kNotFound, "there is no ticket");
  CHECK_STATUS_IS(test.History(Uuid::FromName("test", "none").ToString()).status(), StatusCode::kNotFound,
                  "there is no ticket");
  CHECK_STATUS_IS(test.History("x").status(), StatusCode::kInvalidArgument, "ticket_id");
}

}  // namespace
}  // namespace esnaf::support
