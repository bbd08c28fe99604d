// Goal: a form makes one ticket, tells its sender nothing but the number, keeps what looks like spam and says why, and
// its page does the same without a script.
#include "services/support/forms/form_service.h"

#include "services/support/articles/article_service.h"
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using testing::kStaff;
using testing::kStorefront;

const runtime::ClientCallOptions kBrowser{.metadata = {{"esnaf-caller-kind", "publishable"}, {"esnaf-actor", "key:9"}}};

struct FormsUnderTest : testing::SupportUnderTest {
  FormsUnderTest() {
    v1::CreateTicketFormRequest request;
    v1::TicketForm& form = *request.mutable_form();
    form.set_id("iletisim");
    form.set_store_id("tr");
    form.set_team("destek");
    form.set_suggest_articles(true);
    for (const auto kind : {v1::TICKET_FORM_FIELD_KIND_EMAIL, v1::TICKET_FORM_FIELD_KIND_MESSAGE,
                            v1::TICKET_FORM_FIELD_KIND_ORDER_NUMBER}) {
      form.add_fields()->set_kind(kind);
    }
    form.mutable_fields(0)->set_required(true);
    auto made = Ask<v1::TicketForm>("CreateTicketForm", request, kStaff);
    REQUIRE_OK(made);
    created = *std::move(made);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request,
                               const runtime::ClientCallOptions& options = kBrowser) {
    return forms_server.channel()->Call<Response>("/esnaf.support.v1.TicketFormService/" + method, request, options);
  }
  v1::OpenTicketFormResponse OpenForm() {
    v1::OpenTicketFormRequest request;
    request.set_id("iletisim");
    auto open = Ask<v1::OpenTicketFormResponse>("OpenTicketForm", request);
    REQUIRE_OK(open);
    return *std::move(open);
  }
  // Of somebody who took 20 seconds.
  v1::SubmitTicketFormRequest Filled(const std::string& message, const std::string& email = "ayse@example.com") {
    v1::SubmitTicketFormRequest request;
    request.set_id("iletisim");
    request.set_token(OpenForm().token());
    (*request.mutable_fields())["email"] = email;
    (*request.mutable_fields())["message"] = message;
    clock.Advance(20s);
    return request;
  }
  absl::StatusOr<v1::SubmitTicketFormResponse> Submit(const v1::SubmitTicketFormRequest& request,
                                                      const runtime::ClientCallOptions& options = kBrowser) {
    return Ask<v1::SubmitTicketFormResponse>("SubmitTicketForm", request, options);
  }
  v1::Ticket TicketOf(const absl::StatusOr<v1::SubmitTicketFormResponse>& sent) {
    REQUIRE_OK(sent);
    v1::ListTicketsRequest request;
    request.set_filter(absl::StrCat("number = ", sent->ticket_number()));
    auto listed = List(request);
    REQUIRE_OK(listed);
    REQUIRE(listed->tickets_size() == 1);
    return listed->tickets(0);
  }
  std::string Reasons(const v1::SubmitTicketFormRequest& request) {
    const v1::Ticket ticket = TicketOf(Submit(request, kStorefront));
    const auto found = ticket.custom_fields().find("spam_reasons");
    CHECK((ticket.state() == v1::TICKET_STATE_SPAM) == (found != ticket.custom_fields().end()));
    return found == ticket.custom_fields().end() ? "" : found->second;
  }
  v1::ServeTicketFormPageResponse Page(const std::string& verb, const std::string& part = "",
                                       const std::string& body = "", const std::string& id = "iletisim") {
    v1::ServeTicketFormPageRequest request;
    request.set_id(id);
    request.set_verb(verb);
    request.set_part(part);
    request.set_query("lang=en");
    request.set_body(body);
    request.set_client_address("192.0.2.7");
    auto page = Ask<v1::ServeTicketFormPageResponse>("ServeTicketFormPage", request,
                                                     {.metadata = {{"esnaf-actor", "service:gateway"}}});
    REQUIRE_OK(page);
    return *std::move(page);
  }
  static std::string TokenOf(const std::string& page) {
    const std::string before = "name=\"token\" value=\"";
    const std::size_t at = page.find(before);
    REQUIRE(at != std::string::npos);
    return page.substr(at + before.size(), 54);
  }

  TicketFormService forms{writer, requesters};
  ArticleService articles;
  testing::TestServer forms_server{schema, {forms.Rpcs(), articles.Rpcs()}, {.name = "support", .clock = &clock}};
  v1::TicketForm created;
};

TEST_CASE("a form makes a ticket of somebody whom nothing proves, and answers its number alone") {
  FormsUnderTest test;
  v1::SubmitTicketFormRequest request = test.Filled("Kargom nerede?");
  (*request.mutable_fields())["order_number"] = "1001";
  const auto sent = test.Submit(request);
  const v1::Ticket ticket = test.TicketOf(sent);
  CHECK(ticket.state() == v1::TICKET_STATE_NEW);
  CHECK(ticket.subject() == "Kargom nerede?");
  CHECK(ticket.store_id() == "tr");
  CHECK(ticket.team() == "destek");
  CHECK(ticket.channel() == contacts::v1::CHANNEL_WEB_FORM);
  CHECK(ticket.custom_fields().at("order_number") == "1001");
  CHECK(ticket.contact_id() == testing::FakeContacts::ContactOf("ayse@example.com").ToString());
  CHECK(test.Submit(request)->ticket_number() == sent->ticket_number());
  // Nobody is thanked for what is not kept.
  (*request.mutable_fields())["message"] = "Başka bir şey";
  CHECK(ErrorReason(test.Submit(request).status()) == "FORM_SENT");
  CHECK(test.Get(ticket.id()).message_count() == 1);
}

TEST_CASE("what is wrong is named by its key, and makes no ticket") {
  FormsUnderTest test;
  v1::SubmitTicketFormRequest request = test.Filled("", "ayse");
  (*request.mutable_fields())["x"] = "y";
  const absl::Status wrong = test.Submit(request).status();
  CHECK_STATUS_IS(wrong, StatusCode::kInvalidArgument, "fields.email");
  request = test.Filled("Kargom nerede?");
  request.set_token(request.token().substr(1) + "A");
  CHECK_STATUS_IS(test.Submit(request).status(), StatusCode::kInvalidArgument, "token");
  request = test.Filled("Kargom nerede?");
  request.set_id("none");
  CHECK(test.Submit(request).status().code() == StatusCode::kNotFound);
  request = test.Filled("Kargom nerede?");
  test.clock.Advance(24h);
  CHECK(ErrorReason(test.Submit(request).status()) == "FORM_EXPIRED");
  CHECK(test.schema.Sql("SELECT count(*) FROM ticket")[0].Get<std::int64_t>(0) == 0);
}

TEST_CASE("what looks like spam is a ticket that says why, and its sender becomes nobody and is told nothing") {
  FormsUnderTest test;
  v1::SubmitTicketFormRequest request = test.Filled("Kargom nerede?");
  request.set_website("https://spam.example");
  const auto sent = test.Submit(request);
  const v1::Ticket ticket = test.TicketOf(sent);
  CHECK(ticket.state() == v1::TICKET_STATE_SPAM);
  CHECK(ticket.custom_fields().at("spam_reasons") == "HONEYPOT");
  CHECK(ticket.contact_id().empty());
  CHECK(test.schema.Sql("SELECT count(*) FROM ticket_requester")[0].Get<std::int64_t>(0) == 0);
  v1::ListTicketEventsRequest list;
  list.set_ticket_id(ticket.id());
  ESNAF_REQUIRE_VALUE(const auto events, test.Call<v1::ListTicketEventsResponse>("ListTicketEvents", list));
  REQUIRE(events.events_size() == 2);
  CHECK(events.events(1).author() == v1::TICKET_AUTHOR_SYSTEM);
  CHECK(events.events(1).details().at("spam_reasons") == "HONEYPOT");
  // Who was taken for it wrongly is looked for after all.
  CHECK_OK(test.Verb<v1::UnmarkTicketSpamRequest>("UnmarkTicketSpam", ticket.id()));
  CHECK(test.schema.Sql("SELECT count(*) FROM ticket_requester WHERE body::text LIKE '%ayse@example.com%'")[0]
            .Get<std::int64_t>(0) == 1);
  v1::ListTicketFormsRequest forms;
  ESNAF_REQUIRE_VALUE(const auto page, test.Ask<v1::ListTicketFormsResponse>("ListTicketForms", forms, kStaff));
  CHECK(page.forms(0).spam_count() == 1);
  CHECK(page.forms(0).ticket_count() == 0);
}

TEST_CASE("speed, links, repetition and rates are signs of spam, each by its name") {
  FormsUnderTest test;
  v1::SubmitTicketFormRequest request = test.Filled("Bir");
  request.set_token(test.OpenForm().token());
  CHECK(test.Reasons(request) == "TOO_FAST");
  CHECK(test.Reasons(test.Filled("http://a.example https://b.example www.c.example")) == "LINKS");
  CHECK(test.Reasons(test.Filled("İki")).empty());
  CHECK(test.Reasons(test.Filled("iki")) == "DUPLICATE");
  test.clock.Advance(10min);
  CHECK(test.Reasons(test.Filled("İki")).empty());
}

TEST_CASE("an address that sends too much is suspected, then refused, and forgotten when the day is over") {
  FormsUnderTest test;
  v1::UpdateTicketFormRequest update;
  update.mutable_form()->set_id("iletisim");
  update.mutable_form()->mutable_guard()->set_most_per_address(2);
  update.mutable_update_mask()->add_paths("guard");
  REQUIRE_OK(test.Ask<v1::TicketForm>("UpdateTicketForm", update, kStaff));
  const auto from = [&](const std::string& address, int i) {
    v1::SubmitTicketFormRequest request = test.Filled(absl::StrCat("Mesaj ", i));
    request.set_client_address(address);
    return request;
  };
  for (int i = 0; i < 2; ++i) CHECK(test.Reasons(from("192.0.2.1", i)).empty());
  for (int i = 2; i < 8; ++i) CHECK(test.Reasons(from("192.0.2.1", i)) == "ADDRESS_RATE");
  const absl::Status refused = test.Submit(from("192.0.2.1", 8), kStorefront).status();
  CHECK(ErrorReason(refused) == "TOO_MANY_FORMS");
  CHECK(test.Reasons(from("192.0.2.2", 9)).empty());
  // A page can say of itself what it likes.
  CHECK(test.TicketOf(test.Submit(from("192.0.2.1", 10))).state() == v1::TICKET_STATE_NEW);
  test.clock.Advance(25h);
  CHECK(test.Reasons(from("192.0.2.1", 11)).empty());
  CHECK_OK(
      test.schema.connection().Run({}, [&](postgres::Tx& tx) { return ForgetFormAddresses(tx, test.clock.Now()); }));
  CHECK(test.schema.Sql("SELECT count(*) FROM form_submission WHERE address_hash <> ''")[0].Get<std::int64_t>(0) == 1);
}

TEST_CASE("a flood by a key, or of what is suspected, takes the store's forms from nobody else") {
  FormsUnderTest test;
  v1::UpdateTicketFormRequest update;
  update.mutable_form()->set_id("iletisim");
  update.mutable_form()->mutable_guard()->set_most_per_store(4);
  update.mutable_update_mask()->add_paths("guard");
  REQUIRE_OK(test.Ask<v1::TicketForm>("UpdateTicketForm", update, kStaff));
  const auto by_key = [&](int i) {
    const v1::Ticket ticket = test.TicketOf(test.Submit(test.Filled(absl::StrCat("Anahtar ", i))));
    const auto found = ticket.custom_fields().find("spam_reasons");
    return found == ticket.custom_fields().end() ? "" : found->second;
  };
  for (int i = 0; i < 2; ++i) CHECK(by_key(i).empty());
  for (int i = 2; i < 8; ++i) CHECK(by_key(i) == "ADDRESS_RATE");
  CHECK(ErrorReason(test.Submit(test.Filled("Anahtar 8")).status()) == "TOO_MANY_FORMS");
  for (int i = 0; i < 2; ++i) CHECK(test.Reasons(test.Filled(absl::StrCat("Sunucu ", i))).empty());
  CHECK(test.Reasons(test.Filled("Sunucu 2")) == "STORE_RATE");
}

TEST_CASE("only the form's origins send it from a page, and only a store's back end brings files") {
  FormsUnderTest test;
  v1::UpdateTicketFormRequest update;
  update.mutable_form()->set_id("iletisim");
  update.mutable_form()->add_allowed_origins("https://shop.example");
  update.mutable_form()->set_store_id("other");
  ESNAF_REQUIRE_VALUE(const auto updated, test.Ask<v1::TicketForm>("UpdateTicketForm", update, kStaff));
  CHECK(updated.store_id() == "tr");
  CHECK(updated.etag() == "2");
  v1::SubmitTicketFormRequest request = test.Filled("Kargom nerede?");
  CHECK_STATUS_IS(test.Submit(request).status(), StatusCode::kInvalidArgument, "origin");
  request.set_origin("https://shop.example");
  request.add_attachment_ids(Uuid::NewV7(test.clock.Now()).ToString());
  CHECK_STATUS_IS(test.Submit(request).status(), StatusCode::kInvalidArgument, "attachment_ids");
  request.clear_attachment_ids();
  CHECK_OK(test.Submit(request));
  update.mutable_form()->set_etag("1");
  CHECK(ErrorReason(test.Ask<v1::TicketForm>("UpdateTicketForm", update, kStaff).status()) == "ETAG_MISMATCH");
}

TEST_CASE("while contacts is away a form is taken all the same") {
  FormsUnderTest test;
  test.contacts->SetAway(true);
  CHECK(test.TicketOf(test.Submit(test.Filled("Kargom nerede?"))).contact_id().empty());
  CHECK(test.schema.Sql("SELECT count(*) FROM ticket_requester")[0].Get<std::int64_t>(0) == 1);
}

TEST_CASE("a form is made once, disabled, and deleted; what is disabled nobody sends") {
  FormsUnderTest test;
  v1::CreateTicketFormRequest again;
  *again.mutable_form() = test.created;
  CHECK(test.Ask<v1::TicketForm>("CreateTicketForm", again, kStaff).status().code() == StatusCode::kAlreadyExists);
  v1::SubmitTicketFormRequest request = test.Filled("Kargom nerede?");
  v1::UpdateTicketFormRequest update;
  update.mutable_form()->set_id("iletisim");
  update.mutable_form()->set_disabled(true);
  REQUIRE_OK(test.Ask<v1::TicketForm>("UpdateTicketForm", update, kStaff));
  CHECK(test.Submit(request).status().code() == StatusCode::kNotFound);
  CHECK(test.Page("GET").http_status() == 404);
  v1::DeleteTicketFormRequest drop;
  drop.set_id("iletisim");
  CHECK_OK(test.Ask<v1::DeleteTicketFormResponse>("DeleteTicketForm", drop, kStaff));
  v1::GetTicketFormRequest get;
  get.set_id("iletisim");
  CHECK(test.Ask<v1::TicketForm>("GetTicketForm", get, kStaff).status().code() == StatusCode::kNotFound);
}

TEST_CASE("the page is shown, keeps what was typed where something is wrong, and sends") {
  FormsUnderTest test;
  const auto shown = test.Page("GET");
  CHECK(shown.http_status() == 200);
  const std::string token = test.TokenOf(shown.html());
  test.clock.Advance(20s);
  const auto wrong = test.Page("POST", "", "token=" + token + "&website=&email=ayse&message=Nerede%3F&order_number=");
  CHECK(wrong.http_status() == 400);
  CHECK(wrong.html().find("Enter a valid e-mail address.") != std::string::npos);
  CHECK(wrong.html().find(">\nNerede?</textarea>") != std::string::npos);
  CHECK(test.TokenOf(wrong.html()) == token);
  const std::string good = "token=" + token + "&website=&email=ayse%40example.com&message=Nerede%3F&order_number=";
  const auto sent = test.Page("POST", "", good);
  CHECK(sent.http_status() == 200);
  CHECK(sent.html().find("<strong>#") != std::string::npos);
  CHECK(test.Page("POST", "", good).html() == sent.html());
  CHECK(test.schema.Sql("SELECT count(*) FROM ticket")[0].Get<std::int64_t>(0) == 1);
  // Who goes back and writes something else is told so, and sends it by another token, however fast.
  const auto other = test.Page("POST", "", "token=" + token + "&email=ayse%40example.com&message=Baska&gone=1");
  CHECK(other.http_status() == 400);
  CHECK(other.html().find("This form was sent before.") != std::string::npos);
  CHECK(test.TokenOf(other.html()) != token);
  const std::string second = "token=" + test.TokenOf(other.html()) + "&email=ayse%40example.com&message=Baska&gone=1";
  CHECK(test.Page("POST", "", second).http_status() == 200);
  CHECK(test.schema.Sql("SELECT count(*) FROM form_submission WHERE cardinality(suspicions) = 0")[0].Get<std::int64_t>(
            0) == 2);
  const auto forged = test.Page("POST", "", "token=x&email=ayse%40example.com&message=Yine");
  CHECK(forged.http_status() == 400);
  CHECK(forged.html().find(">\nYine</textarea>") != std::string::npos);
  CHECK(test.Page("GET", "", "", "none").http_status() == 404);
}

TEST_CASE("a page that was open for too long is sent again with what was typed, and is no spam for that") {
  FormsUnderTest test;
  const std::string token = test.TokenOf(test.Page("GET").html());
  test.clock.Advance(25h);
  const std::string typed = "&email=ayse%40example.com&message=Nerede";
  const auto expired = test.Page("POST", "", "token=" + token + typed);
  CHECK(expired.http_status() == 400);
  CHECK(expired.html().find("The form was open for too long.") != std::string::npos);
  CHECK(test.Page("POST", "", "token=" + test.TokenOf(expired.html()) + typed).http_status() == 200);
  CHECK(test.schema.Sql("SELECT count(*) FROM form_submission WHERE cardinality(suspicions) = 0")[0].Get<std::int64_t>(
            0) == 1);
}

TEST_CASE("the page suggests articles, and one that was read and asked about all the same spared nothing") {
  FormsUnderTest test;
  v1::CreateArticleRequest create;
  create.mutable_article()->set_id("iade");
  create.mutable_article()->mutable_turkish()->set_title("İade nasıl yapılır?");
  create.mutable_article()->mutable_turkish()->set_body("Üç adımda iade.");
  const auto call = [&](const std::string& method, const auto& request) {
    return test.forms_server.channel()->Call<v1::Article>("/esnaf.support.v1.ArticleService/" + method, request,
                                                          kStaff);
  };
  REQUIRE_OK(call("CreateArticle", create));
  v1::PublishArticleRequest publish;
  publish.set_id("iade");
  REQUIRE_OK(call("PublishArticle", publish));
  const std::string token = test.TokenOf(test.Page("GET").html());
  const auto suggested = test.Page("POST", "suggest", "token=" + token + "&text=iade+etmek+istiyorum");
  CHECK(suggested.http_status() == 200);
  CHECK(suggested.html().find("data-article=\"iade\"") != std::string::npos);
  CHECK(test.Page("POST", "suggest", "token=x&text=iade").http_status() == 400);
  CHECK(test.Page("POST", "read", "token=" + token + "&article=iade").http_status() == 204);
  CHECK(test.Page("POST", "read", "token=" + token + "&article=none").http_status() == 404);
  CHECK(test.Page("GET", "script").html().find("'use strict'") == 0);
  // Somebody else reads it, and asks nothing.
  const std::string other = test.TokenOf(test.Page("GET").html());
  CHECK(test.Page("POST", "read", "token=" + other + "&article=iade").http_status() == 204);
  test.clock.Advance(20s);
  CHECK(test.Page("POST", "", "token=" + token + "&email=ayse%40example.com&message=iade").http_status() == 200);
  test.clock.Advance(61min);
  v1::GetArticleRequest get;
  get.set_id("iade");
  ESNAF_REQUIRE_VALUE(const auto article, call("GetArticle", get));
  CHECK(article.reading_count() == 2);
  CHECK(article.deflection_count() == 1);
}

}  // namespace
}  // namespace esnaf::support
