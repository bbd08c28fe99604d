#include "services/support/mail/mail_under_test.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

using testing::MailOf;
using testing::MailUnderTest;

TEST_CASE("a thread of five mails both ways is one ticket") {
  MailUnderTest desk;
  const v1::DeliverMailResponse opened = desk.Taken(MailOf("m1", "Kargom gelmedi."));
  CHECK(opened.outcome() == v1::MAIL_OUTCOME_TICKET);
  const std::string id = opened.ticket_id();
  CHECK(desk.SendAll().automatic);

  desk.Reply(id, "Bakıyoruz.");
  const mail::Mail first = desk.SendAll();
  CHECK(first.text == "Bakıyoruz.");
  CHECK(first.subject == "Re: Kargo nerede?");
  CHECK(first.in_reply_to == std::vector<std::string>{"m1@example.com"});
  CHECK_FALSE(first.automatic);
  REQUIRE(first.reply_to);

  // A program that keeps the thread's marks, but not the address.
  const v1::DeliverMailResponse second = desk.Taken(
      MailOf("m2", "Teşekkürler\r\n\r\nOn Mon, 23 Nov 2026 at 10:00 Destek <d@m.example> wrote:\r\n> Bakıyoruz.",
             "In-Reply-To: <" + first.message_id + ">\r\n"));
  CHECK(second.outcome() == v1::MAIL_OUTCOME_MESSAGE);
  CHECK(second.ticket_id() == id);
  desk.Reply(id, "Yolda.");
  const mail::Mail third = desk.SendAll();
  CHECK(third.in_reply_to == std::vector<std::string>{"m2@example.com"});
  CHECK(third.references.front() == "m1@example.com");

  // One that keeps the address alone.
  const v1::DeliverMailResponse last = desk.Taken(MailOf("m3", "Geldi!", "Cc: " + third.reply_to->address + "\r\n"));
  CHECK(last.ticket_id() == id);
  CHECK(desk.CountTickets() == 1);
  const auto messages = desk.Messages(id);
  REQUIRE(messages.size() == 5);
  CHECK(messages[0].text() == "Kargom gelmedi.");
  CHECK(messages[2].text() == "Teşekkürler");
  CHECK(messages[4].text() == "Geldi!");
  CHECK(messages[4].author() == v1::TICKET_AUTHOR_CUSTOMER);
  const v1::Ticket ticket = desk.Get(id);
  CHECK(ticket.channel() == contacts::v1::CHANNEL_EMAIL);
  CHECK(ticket.custom_fields().at("requester_email") == "ayse@example.com");
  CHECK(ticket.state() == v1::TICKET_STATE_OPEN);
  CHECK(desk.Mails(id).size() == 6);
}

TEST_CASE("a mail has an effect once, however often it comes") {
  MailUnderTest desk;
  const v1::DeliverMailResponse first = desk.Taken(MailOf("m1", "x"));
  const v1::DeliverMailResponse again = desk.Taken(MailOf("m1", "x"));
  CHECK(again.repeated());
  CHECK(again.ticket_id() == first.ticket_id());
  CHECK(again.outcome() == v1::MAIL_OUTCOME_TICKET);
  const std::string nameless = "From: a@b.example\r\n\r\nx\r\n";
  CHECK(desk.Taken(nameless).ticket_id() == desk.Taken(nameless).ticket_id());
  CHECK(desk.CountTickets() == 2);
}

TEST_CASE("a loop of automatic answers stops") {
  MailUnderTest desk;
  // One that says what it is changes nothing but a note, and is not answered.
  const std::string id = desk.Taken(MailOf("m1", "x")).ticket_id();
  const mail::Mail acknowledged = desk.SendAll();
  REQUIRE(acknowledged.automatic);
  const v1::DeliverMailResponse answered = desk.Taken(MailOf(
      "m2", "Ofis dışındayım", "Auto-Submitted: auto-replied\r\nIn-Reply-To: <" + acknowledged.message_id + ">\r\n"));
  CHECK(answered.outcome() == v1::MAIL_OUTCOME_NOTE);
  CHECK(desk.Get(id).state() == v1::TICKET_STATE_NEW);
  desk.SendAll();
  CHECK(desk.transport.sent.size() == 1);
  CHECK(desk.Taken(MailOf("m3", "x", "Auto-Submitted: auto-generated\r\n")).outcome() == v1::MAIL_OUTCOME_IGNORED);
  // One that hides it and opens ticket after ticket is answered three times.
  for (int i = 0; i < 10; ++i) desk.Taken(MailOf("loop" + std::to_string(i), "x"));
  desk.SendAll();
  CHECK(desk.transport.sent.size() == 3);
  // And what the mailbox wrote itself is nothing.
  CHECK(desk.Taken("From: destek@magaza.example\r\nMessage-ID: <a@b>\r\n\r\nx\r\n").outcome() ==
        v1::MAIL_OUTCOME_IGNORED);
}

TEST_CASE("what the desk says by itself is marked as automatic, and counts") {
  MailUnderTest desk;
  const std::string id = desk.Taken(MailOf("m1", "x")).ticket_id();
  const auto say = [&desk, &id](AuthorKind author) {
    REQUIRE_OK(desk.schema.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
      const auto ticket = FindTicket(tx, *Uuid::Parse(id));
      REQUIRE_OK(ticket);
      const Cause cause{{author, "automation:greet"}, "", desk.clock.Now()};
      const TicketMessage message{.id = Uuid::NewV7(cause.now),
                                  .ticket_id = (*ticket)->id,
                                  .kind = MessageKind::kReply,
                                  .author = author,
                                  .text = "Merhaba",
                                  .channel = contacts::v1::CHANNEL_EMAIL,
                                  .create_time = cause.now};
      ESNAF_RETURN_IF_ERROR(AddMessages(tx, {message}));
      return QueueReply(tx, cause, **ticket, message);
    }));
  };
  desk.SendAll();
  for (int i = 0; i < 5; ++i) say(AuthorKind::kSystem);
  CHECK(desk.SendAll().automatic);
  // With the acknowledgement.
  CHECK(desk.transport.sent.size() == static_cast<std::size_t>(kMostAutomaticAnswers));
  say(AuthorKind::kAgent);
  CHECK_FALSE(desk.SendAll().automatic);
  CHECK(desk.transport.sent.size() == static_cast<std::size_t>(kMostAutomaticAnswers) + 1);
}

TEST_CASE("a bounce is noted in its ticket, once, and its mail is marked") {
  MailUnderTest desk;
  const std::string id = desk.Taken(MailOf("m1", "x", "Precedence: bulk\r\n")).ticket_id();
  desk.Reply(id, "Merhaba");
  const std::string message_id = desk.SendAll().message_id;
  const std::string bounce =
      "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nMessage-ID: <b1@mx.example>\r\nContent-Type: "
      "multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\nContent-Type: "
      "message/delivery-status\r\n\r\nFinal-Recipient: rfc822; ayse@example.com\r\nStatus: 5.1.1\r\nDiagnostic-Code: "
      "smtp; "
      "550 no such user\r\n\r\n--r\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <" +
      message_id + ">\r\nFrom: destek@magaza.example\r\n\r\nMerhaba\r\n--r--\r\n";
  CHECK(desk.Taken(bounce).outcome() == v1::MAIL_OUTCOME_BOUNCE);
  desk.Taken(bounce);
  const auto messages = desk.Messages(id);
  REQUIRE(messages.size() == 3);
  CHECK(messages[2].kind() == v1::TICKET_MESSAGE_KIND_INTERNAL_NOTE);
  CHECK(messages[2].text().find("550 no such user") != std::string::npos);
  CHECK(desk.Mails(id)[1].state() == v1::OUTGOING_MAIL_STATE_BOUNCED);
}

TEST_CASE("attachments come in and go out; programs are left out and named") {
  MailUnderTest desk;
  const std::string id =
      desk.Taken(
              "From: a@b.example\r\nMessage-ID: <m1@b.example>\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n"
              "--p\r\n\r\nEkte\r\n--p\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: "
              "base64\r\n\r\niVBORw0KGgo=\r\n--p\r\nContent-Type: application/octet-stream; "
              "name=virus.exe\r\n\r\nMZ\r\n--p--\r\n")
          .ticket_id();
  const auto messages = desk.Messages(id);
  REQUIRE(messages.at(0).attachment_ids_size() == 1);
  CHECK(messages[0].text() == "Ekte\n[Ek alınmadı: virus.exe]");
  v1::CreateAttachmentRequest upload;
  upload.set_name("iade.pdf");
  upload.set_media_type("application/pdf");
  upload.set_content("%PDF");
  const auto file = desk.Ask<v1::Attachment>("AttachmentService/CreateAttachment", upload);
  REQUIRE_OK(file);
  v1::ReplyToTicketRequest reply;
  reply.set_id(id);
  reply.mutable_message()->set_text("İade formu");
  reply.mutable_message()->add_attachment_ids(file->id());
  // Behind the acknowledgement, which is sent too.
  desk.clock.Advance(std::chrono::milliseconds(1));
  REQUIRE_OK(desk.Ask<v1::TicketMessage>("TicketService/ReplyToTicket", reply));
  const mail::Mail& sent = desk.SendAll();
  REQUIRE(sent.attachments.size() == 1);
  CHECK(sent.attachments[0] == mail::Attachment{"iade.pdf", "application/pdf", "%PDF"});
}

TEST_CASE("who answers a closed ticket opens one that follows it; spam stays spam") {
  MailUnderTest desk;
  const std::string id = desk.Taken(MailOf("m1", "x")).ticket_id();
  const std::string answer = "In-Reply-To: <m1@example.com>\r\n";
  desk.schema.Sql("UPDATE ticket SET state = 7");
  const v1::DeliverMailResponse follow_up = desk.Taken(MailOf("m2", "y", answer));
  CHECK(follow_up.outcome() == v1::MAIL_OUTCOME_TICKET);
  CHECK(desk.Get(follow_up.ticket_id()).follow_up_of_id() == id);
  // The next answer to the old mail goes where the ticket goes on.
  const v1::DeliverMailResponse next = desk.Taken(MailOf("m4", "w", answer));
  CHECK(next.outcome() == v1::MAIL_OUTCOME_MESSAGE);
  CHECK(next.ticket_id() == follow_up.ticket_id());
  desk.schema.Sql("UPDATE ticket SET state = 9");
  CHECK(desk.Taken(MailOf("m3", "z", answer)).outcome() == v1::MAIL_OUTCOME_IGNORED);
}

TEST_CASE("mails that are too large or broken are refused without losing the rest") {
  MailUnderTest desk;
  std::string tree = "From: a@b.example\r\n";
  for (int i = 0; i < 3000; ++i) {
    const std::string boundary = std::to_string(i);
    tree += "Content-Type: multipart/mixed; boundary=b" + boundary + "\r\n\r\n--b" + boundary + "\r\n";
  }
  desk.transport.folder = {
      {3, MailOf("m1", "bir")}, {5, "x"}, {6, tree}, {8, "Subject: x\r\n\r\ny\r\n"}, {9, MailOf("m2", "iki")}};
  desk.transport.claimed_sizes = {{5, 30 << 20}};
  desk.FetchAll();
  CHECK(desk.CountTickets() == 2);
  CHECK(desk.transport.last_password == "gizli");
  std::map<std::string, std::string> reasons;
  for (const v1::DeadMail& dead : desk.Dead()) reasons[dead.source()] = dead.reason();
  CHECK(reasons == std::map<std::string, std::string>{{"imap 7/5", "MAIL_TOO_LARGE"},
                                                      {"imap 7/6", "MAIL_TOO_DEEP"},
                                                      {"imap 7/8", "MAIL_WITHOUT_SENDER"}});
  CHECK_STATUS_IS(desk.Deliver("Subject: z\r\n\r\ny\r\n").status(), absl::StatusCode::kInvalidArgument, "nobody");
  CHECK(desk.Dead().size() == 4);
}

TEST_CASE("fetching goes on where it ended, also under another UIDVALIDITY and after failures") {
  MailUnderTest desk;
  desk.transport.folder = {{1, MailOf("m1", "bir")}};
  desk.FetchAll();
  desk.transport.folder[2] = MailOf("m2", "iki");
  desk.transport.fetch_failure = absl::UnavailableError("no answer");
  desk.clock.Advance(std::chrono::minutes(1));
  desk.FetchAll();
  v1::GetMailboxRequest request;
  request.set_id("destek");
  CHECK(desk.Ask<v1::Mailbox>("MailboxService/GetMailbox", request)->fetch_failure() == "no answer");
  desk.transport.fetch_failure = absl::OkStatus();
  desk.clock.Advance(std::chrono::minutes(2));
  desk.FetchAll();
  CHECK(desk.Ask<v1::Mailbox>("MailboxService/GetMailbox", request)->fetch_failure().empty());
  CHECK(desk.CountTickets() == 2);
  desk.transport.uid_validity = 8;
  desk.transport.folder = {{1, MailOf("m2", "iki")}, {2, MailOf("m1", "bir")}, {3, MailOf("m3", "üç")}};
  desk.clock.Advance(std::chrono::minutes(1));
  desk.FetchAll();
  CHECK(desk.CountTickets() == 3);
}

TEST_CASE("a mail that cannot be sent is tried again, and given up where the server refuses it") {
  MailUnderTest desk;
  const std::string id = desk.Taken(MailOf("m1", "x", "Precedence: bulk\r\n")).ticket_id();
  desk.Reply(id, "Merhaba");
  desk.transport.send_failure = absl::UnavailableError("busy");
  REQUIRE_OK(desk.worker.SendNext(desk.schema.connection(), desk.clock));
  CHECK_FALSE(*desk.worker.SendNext(desk.schema.connection(), desk.clock));
  CHECK(desk.Mails(id)[1].failure() == "busy");
  desk.transport.send_failure = absl::OkStatus();
  desk.clock.Advance(std::chrono::seconds(31));
  CHECK(desk.SendAll().text == "Merhaba");
  CHECK(desk.Mails(id)[1].state() == v1::OUTGOING_MAIL_STATE_SENT);
  CHECK(desk.Mails(id)[1].attempt_count() == 2);

  desk.Reply(id, "Tekrar");
  desk.transport.send_failure = absl::FailedPreconditionError("550");
  desk.clock.Advance(std::chrono::milliseconds(1));
  REQUIRE_OK(desk.worker.SendNext(desk.schema.connection(), desk.clock));
  CHECK(desk.Mails(id)[2].state() == v1::OUTGOING_MAIL_STATE_DEAD);
  CHECK(desk.Messages(id).back().text().find("gönderilemedi") != std::string::npos);
  CHECK_FALSE(*desk.worker.SendNext(desk.schema.connection(), desk.clock));
}

TEST_CASE("who wrote by a web form is answered at the address that he gave, and goes on by e-mail") {
  MailUnderTest desk;
  v1::CreateTicketRequest request;
  v1::Ticket& form = *request.mutable_ticket();
  form.set_store_id("tr");
  form.set_subject("Kargo");
  form.set_channel(contacts::v1::CHANNEL_WEB_FORM);
  (*form.mutable_custom_fields())["requester_email"] = "ayse@example.com";
  (*form.mutable_custom_fields())["requester_name"] = "Ayşe";
  request.mutable_message()->set_text("Nerede?");
  ESNAF_REQUIRE_VALUE(const auto ticket, desk.Ask<v1::Ticket>("TicketService/CreateTicket", request));
  desk.Reply(ticket.id(), "Yolda");
  const mail::Mail sent = desk.SendAll();
  CHECK(sent.recipients == std::vector<std::string>{"ayse@example.com"});
  CHECK(sent.text.find("Yolda") != std::string::npos);
  const auto answered = desk.Taken(MailOf("m1", "Teşekkürler", "In-Reply-To: <" + sent.message_id + ">\r\n"));
  CHECK(answered.ticket_id() == ticket.id());
  desk.Reply(ticket.id(), "Rica ederiz");
  CHECK(desk.SendAll().in_reply_to == std::vector<std::string>{"m1@example.com"});
}

TEST_CASE("internal notes and tickets without a mail send nothing") {
  MailUnderTest desk;
  const std::string id = desk.Taken(MailOf("m1", "x", "Precedence: bulk\r\n")).ticket_id();
  v1::AddTicketNoteRequest note;
  note.set_id(id);
  note.mutable_message()->set_text("iç not");
  REQUIRE_OK(desk.Ask<v1::TicketMessage>("TicketService/AddTicketNote", note));
  CHECK_FALSE(*desk.worker.SendNext(desk.schema.connection(), desk.clock));
}

TEST_CASE("a mailbox is changed by its mask, and keeps its address") {
  MailUnderTest desk;
  v1::UpdateMailboxRequest request;
  request.mutable_mailbox()->set_id("destek");
  request.mutable_mailbox()->set_display_name("Yeni");
  request.mutable_update_mask()->add_paths("display_name");
  const auto changed = desk.Ask<v1::Mailbox>("MailboxService/UpdateMailbox", request);
  REQUIRE_OK(changed);
  CHECK(changed->display_name() == "Yeni");
  CHECK(changed->imap_user() == "destek");
  request.mutable_mailbox()->set_address("x@y.example");
  request.mutable_update_mask()->add_paths("address");
  CHECK_STATUS_IS(desk.Ask<v1::Mailbox>("MailboxService/UpdateMailbox", request).status(),
                  absl::StatusCode::kInvalidArgument, "address");
  v1::CreateMailboxRequest again;
  again.mutable_mailbox()->set_id("destek");
  again.mutable_mailbox()->set_address("a@b.example");
  CHECK_STATUS_IS(desk.Ask<v1::Mailbox>("MailboxService/CreateMailbox", again).status(),
                  absl::StatusCode::kAlreadyExists, "");
}

}  // namespace
}  // namespace esnaf::support
