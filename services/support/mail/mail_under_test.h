#pragma once

// Support with mailboxes, with a mail server in memory.
#include <fstream>
#include <map>

#include "libs/base/macros.h"
#include "libs/mail/mail.h"
#include "services/support/mail/mail_worker.h"
#include "services/support/mail/mailbox_service.h"
#include "services/support/support_under_test.h"

namespace esnaf::support::testing {

class MailServerInMemory final : public MailTransport {
 public:
  std::unique_ptr<MailFolder> OpenFolder(const MailServer& server, const std::string&) override {
    last_password = server.password;
    return std::make_unique<Folder>(*this);
  }
  absl::Status Send(const MailServer&, const std::string& from, const std::string& to,
                    const std::string& wire) override {
    if (!send_failure.ok()) return send_failure;
    auto mail = mail::Parse(wire);
    REQUIRE_OK(mail);
    CHECK(mail->from.address == from);
    CHECK(mail->recipients == std::vector<std::string>{to});
    sent.push_back(*std::move(mail));
    return absl::OkStatus();
  }

  std::map<std::int64_t, std::string> folder;
  std::map<std::int64_t, std::int64_t> claimed_sizes;  // what the server says of a mail, where it is another
  std::int64_t uid_validity = 7;
  absl::Status fetch_failure, send_failure;
  std::vector<mail::Mail> sent;
  std::string last_password;

 private:
  class Folder final : public MailFolder {
   public:
    explicit Folder(MailServerInMemory& server) : server_(server) {}
    absl::StatusOr<std::int64_t> UidValidity() override {
      if (!server_.fetch_failure.ok()) return server_.fetch_failure;
      return server_.uid_validity;
    }
    absl::StatusOr<std::vector<Entry>> After(std::int64_t uid) override {
      std::vector<Entry> entries;
      for (const auto& [id, raw] : server_.folder) {
        const auto claimed = server_.claimed_sizes.find(id);
        const auto size = claimed == server_.claimed_sizes.end() ? raw.size() : claimed->second;
        if (id > uid) entries.push_back({id, static_cast<std::int64_t>(size)});
      }
      return entries;
    }
    absl::StatusOr<std::string> Fetch(std::int64_t uid, std::size_t) override { return server_.folder.at(uid); }

   private:
    MailServerInMemory& server_;
  };
};

struct MailUnderTest {
  MailUnderTest() {
    writer.OnMessage(QueueReply);
    std::filesystem::create_directories(folder.path / "secrets");
    std::ofstream(folder.path / "secrets" / "destek") << "gizli\n";
    v1::CreateMailboxRequest request;
    v1::Mailbox& mailbox = *request.mutable_mailbox();
    mailbox.set_id("destek");
    mailbox.set_address("destek@magaza.example");
    mailbox.set_display_name("Mağaza Destek");
    mailbox.set_imap_url("imap://127.0.0.1:1143");
    mailbox.set_imap_user("destek");
    mailbox.set_imap_password_file("destek");
    mailbox.set_smtp_url("smtp://127.0.0.1:1025");
    mailbox.set_acknowledgement("Talebinizi aldık.");
    REQUIRE_OK(Ask<v1::Mailbox>("MailboxService/CreateMailbox", request));
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request) {
    return server.channel()->Call<Response>("/esnaf.support.v1." + method, request, kStaff);
  }
  absl::StatusOr<v1::DeliverMailResponse> Deliver(const std::string& raw) {
    clock.Advance(std::chrono::milliseconds(1));
    v1::DeliverMailRequest request;
    request.set_mailbox_id("destek");
    request.set_raw(raw);
    return Ask<v1::DeliverMailResponse>("MailboxService/DeliverMail", request);
  }
  // Of a mail that must be taken.
  v1::DeliverMailResponse Taken(const std::string& raw) {
    auto taken = Deliver(raw);
    REQUIRE_OK(taken);
    return *std::move(taken);
  }
  v1::Ticket Get(const std::string& id) {
    v1::GetTicketRequest request;
    request.set_id(id);
    auto ticket = Ask<v1::Ticket>("TicketService/GetTicket", request);
    REQUIRE_OK(ticket);
    return *std::move(ticket);
  }
  std::vector<v1::TicketMessage> Messages(const std::string& id) {
    v1::ListTicketMessagesRequest request;
    request.set_ticket_id(id);
    auto listed = Ask<v1::ListTicketMessagesResponse>("TicketService/ListTicketMessages", request);
    REQUIRE_OK(listed);
    return {listed->messages().begin(), listed->messages().end()};
  }
  std::vector<v1::TicketMail> Mails(const std::string& id) {
    v1::ListTicketMailsRequest request;
    request.set_ticket_id(id);
    auto listed = Ask<v1::ListTicketMailsResponse>("MailboxService/ListTicketMails", request);
    REQUIRE_OK(listed);
    return {listed->mails().begin(), listed->mails().end()};
  }
  std::vector<v1::DeadMail> Dead() {
    v1::ListDeadMailsRequest request;
    request.set_mailbox_id("destek");
    auto listed = Ask<v1::ListDeadMailsResponse>("MailboxService/ListDeadMails", request);
    REQUIRE_OK(listed);
    return {listed->dead_mails().begin(), listed->dead_mails().end()};
  }
  void Reply(const std::string& ticket_id, const std::string& text) {
    clock.Advance(std::chrono::milliseconds(1));
    v1::ReplyToTicketRequest request;
    request.set_id(ticket_id);
    request.mutable_message()->set_text(text);
    REQUIRE_OK(Ask<v1::TicketMessage>("TicketService/ReplyToTicket", request));
  }
  std::int64_t CountTickets() { return schema.Sql("SELECT count(*) FROM ticket")[0].Get<std::int64_t>(0); }
  // Sends all that is due, and answers the newest that went out.
  const mail::Mail& SendAll() {
    for (bool more = true; more;) {
      auto sent = worker.SendNext(schema.connection(), clock);
      REQUIRE_OK(sent);
      more = *sent;
    }
    REQUIRE_FALSE(transport.sent.empty());
    return transport.sent.back();
  }
  void FetchAll() {
    for (bool more = true; more;) {
      auto fetched = worker.FetchNext(schema.connection(), clock);
      REQUIRE_OK(fetched);
      more = *fetched;
    }
  }

  TestSchema schema{"support",
                    {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::support()},
                    {"runtime", "events", "identity", "support"}};
  ManualClock clock{*ParseRfc3339("2026-11-23T07:00:00Z")};
  TestFolder folder;
  files::LocalFileStore files = *files::LocalFileStore::Open(folder.path / "files");
  TicketWriter writer;
  std::shared_ptr<FakeContacts> contacts = std::make_shared<FakeContacts>();
  Requesters requesters{contacts, SystemClock()};
  TicketService tickets{writer, requesters};
  AttachmentService attachments{&files};
  MailReceiver receiver{writer, &files};
  MailServerInMemory transport;
  MailWorker worker{receiver, transport, &files, folder.path / "secrets"};
  MailboxService mailboxes{receiver};
  TestServer server{
      schema, {tickets.Rpcs(), attachments.Rpcs(), mailboxes.Rpcs()}, {.name = "support", .clock = &clock}};
};

// A mail of Ayşe's.
inline std::string MailOf(const std::string& id, const std::string& text, const std::string& headers = "") {
  return "From: =?UTF-8?Q?Ay=C5=9Fe?= <ayse@example.com>\r\nTo: destek@magaza.example\r\nMessage-ID: <" + id +
         "@example.com>\r\n" + headers + "Subject: Kargo nerede?\r\n\r\n" + text + "\r\n";
}

}  // namespace esnaf::support::testing
