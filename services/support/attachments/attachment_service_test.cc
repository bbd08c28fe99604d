#include "services/support/attachments/attachment_service.h"

#include "libs/files/fake_s3.h"
#include "libs/files/s3_files.h"
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using testing::kStaff;
using testing::kStorefront;
using testing::SupportUnderTest;

const runtime::ClientCallOptions kOtherKey{.metadata = {{"esnaf-caller-kind", "storefront"}, {"esnaf-actor", "key:2"}}};
const runtime::ClientCallOptions kOtherStore{
    .metadata = {{"esnaf-caller-kind", "storefront"}, {"esnaf-actor", "key:3"}, {"esnaf-stores", "de"}}};

struct AttachmentsUnderTest : SupportUnderTest {
  absl::StatusOr<v1::Attachment> Create(const std::string& name, const std::string& content,
                                        const runtime::ClientCallOptions& options = kStaff) {
    v1::CreateAttachmentRequest request;
    request.set_name(name);
    request.set_media_type("image/png");
    request.set_content(content);
    return server.channel()->Call<v1::Attachment>("/esnaf.support.v1.AttachmentService/CreateAttachment", request,
                                                  options);
  }
  absl::StatusOr<v1::TicketMessage> Say(const std::string& method, const std::string& id,
                                        const std::vector<std::string>& attachment_ids,
                                        const runtime::ClientCallOptions& options = kStaff) {
    v1::ReplyToTicketRequest request;
    request.set_id(id);
    request.mutable_message()->set_text("Ekte");
    for (const std::string& one : attachment_ids) request.mutable_message()->add_attachment_ids(one);
    return Call<v1::TicketMessage>(method, request, options);
  }
  absl::StatusOr<api::v1::File> Download(const std::string& id, const runtime::ClientCallOptions& options = kStaff) {
    v1::DownloadAttachmentRequest request;
    request.set_id(id);
    return server.channel()->Call<api::v1::File>("/esnaf.support.v1.AttachmentService/DownloadAttachment", request,
                                                 options);
  }
  v1::ListAttachmentsResponse ListOf(const std::string& ticket_id, const runtime::ClientCallOptions& options = kStaff) {
    v1::ListAttachmentsRequest request;
    request.set_ticket_id(ticket_id);
    auto listed = server.channel()->Call<v1::ListAttachmentsResponse>(
        "/esnaf.support.v1.AttachmentService/ListAttachments", request, options);
    REQUIRE_OK(listed);
    return *std::move(listed);
  }
};

TEST_CASE("a file goes with the message that names it, and comes back as it was") {
  AttachmentsUnderTest support;
  const v1::Ticket ticket = support.Open();
  const std::string content("\x89PNG\0\r\n", 7);
  const auto file = support.Create("../kırık.png", content, kStorefront);
  REQUIRE_OK(file);
  CHECK(file->name() == "kırık.png");
  CHECK(file->message_id().empty());
  const auto said = support.Say("ReplyToTicket", ticket.id(), {file->id()}, kStorefront);
  REQUIRE_OK(said);
  REQUIRE(said->attachment_ids_size() == 1);
  CHECK(said->attachment_ids(0) == file->id());
  const v1::ListAttachmentsResponse listed = support.ListOf(ticket.id(), kStorefront);
  REQUIRE(listed.attachments_size() == 1);
  CHECK(listed.attachments(0).ticket_id() == ticket.id());
  CHECK(listed.attachments(0).message_id() == said->id());
  CHECK(listed.attachments(0).size_bytes() == 7);
  const auto downloaded = support.Download(file->id());
  REQUIRE_OK(downloaded);
  CHECK(downloaded->content() == content);
  CHECK(downloaded->media_type() == "image/png");
  v1::ListTicketMessagesRequest request;
  request.set_ticket_id(ticket.id());
  const auto messages = support.Call<v1::ListTicketMessagesResponse>("ListTicketMessages", request);
  REQUIRE_OK(messages);
  CHECK(messages->messages(1).attachment_ids_size() == 1);
}

TEST_CASE("a message takes only files that its sender took in, once") {
  AttachmentsUnderTest support;
  const v1::Ticket ticket = support.Open();
  const std::string id = support.Create("a.png", "x", kStorefront)->id();
  for (const auto& options : {kStaff, kOtherKey}) {
    CHECK_STATUS_IS(support.Say("ReplyToTicket", ticket.id(), {id}, options).status(),
                    absl::StatusCode::kInvalidArgument, "attachment_ids");
  }
  CHECK_STATUS_IS(
      support.Say("ReplyToTicket", ticket.id(), {id, Uuid::NewV7(support.clock.Now()).ToString()}, kStorefront)
          .status(),
      absl::StatusCode::kInvalidArgument, "attachment_ids");
  CHECK(support.ListOf(ticket.id()).attachments_size() == 0);
  CHECK_OK(support.Say("ReplyToTicket", ticket.id(), {id}, kStorefront).status());
  CHECK_STATUS_IS(support.Say("ReplyToTicket", ticket.id(), {id}, kStorefront).status(),
                  absl::StatusCode::kInvalidArgument, "attachment_ids");
}

TEST_CASE("files of internal notes, of other stores and of nobody yet are not shown to storefronts") {
  AttachmentsUnderTest support;
  const v1::Ticket ticket = support.Open();
  const std::string internal = support.Create("a.png", "internal")->id();
  v1::AddTicketNoteRequest note;
  note.set_id(ticket.id());
  note.mutable_message()->set_text("İç not");
  note.mutable_message()->add_attachment_ids(internal);
  REQUIRE_OK(support.Call<v1::TicketMessage>("AddTicketNote", note));
  CHECK_OK(support.Download(internal).status());
  CHECK_STATUS_IS(support.Download(internal, kStorefront).status(), absl::StatusCode::kNotFound, "");
  CHECK(support.ListOf(ticket.id(), kStorefront).attachments_size() == 0);
  const std::string open = support.Create("a.png", "open")->id();
  CHECK_STATUS_IS(support.Download(open, kStorefront).status(), absl::StatusCode::kNotFound, "");
  REQUIRE_OK(support.Say("ReplyToTicket", ticket.id(), {open}));
  CHECK_OK(support.Download(open, kStorefront).status());
  CHECK_STATUS_IS(support.Download(open, kOtherStore).status(), absl::StatusCode::kNotFound, "");
}

TEST_CASE("programs, empty files and wrong types are refused by the name of the field") {
  AttachmentsUnderTest support;
  CHECK_STATUS_IS(support.Create("a.exe", "x").status(), absl::StatusCode::kInvalidArgument, "content");
  CHECK_STATUS_IS(support.Create("a.png", "MZ").status(), absl::StatusCode::kInvalidArgument, "program");
  CHECK_STATUS_IS(support.Create("a.png", "").status(), absl::StatusCode::kInvalidArgument, "empty");
  CHECK_STATUS_IS(support.Create("", "x").status(), absl::StatusCode::kInvalidArgument, "name");
}

TEST_CASE("files that no message names are forgotten after a day, others never") {
  AttachmentsUnderTest support;
  const v1::Ticket ticket = support.Open();
  const std::string kept = support.Create("a.png", "kept")->id(), left = support.Create("b.png", "left")->id();
  REQUIRE_OK(support.Say("ReplyToTicket", ticket.id(), {kept}));
  const auto upkeep = [&] { return support.attachments.Upkeep(support.schema.connection(), support.clock.Now()); };
  CHECK_OK(upkeep());
  CHECK_OK(support.Download(left).status());
  support.clock.Set(std::max(SystemClock().Now(), support.clock.Now()) + std::chrono::hours(72));
  CHECK_OK(upkeep());
  CHECK_STATUS_IS(support.Download(left).status(), absl::StatusCode::kNotFound, "");
  CHECK_FALSE(support.files.Get(Sha256Hex("left")).ok());
  CHECK_OK(support.Download(kept).status());
}

TEST_CASE("what is split off keeps its files") {
  AttachmentsUnderTest support;
  const v1::Ticket ticket = support.Open();
  const std::string file = support.Create("a.png", "x")->id();
  const auto said = support.Say("ReplyToTicket", ticket.id(), {file});
  REQUIRE_OK(said);
  v1::SplitTicketRequest request;
  request.set_id(ticket.id());
  request.add_message_ids(said->id());
  const auto split = support.Call<v1::Ticket>("SplitTicket", request);
  REQUIRE_OK(split);
  CHECK(support.ListOf(split->id()).attachments_size() == 1);
}

TEST_CASE("files of messages lie in a bucket as well as in a folder") {
  AttachmentsUnderTest support;
  files::testing::FakeS3 bucket;
  auto store = files::S3FileStore::Open({.endpoint = bucket.endpoint(),
                                         .region = "eu-central-1",
                                         .bucket = files::testing::FakeS3::kBucket,
                                         .access_key = files::testing::FakeS3::kAccessKey,
                                         .secret_key = files::testing::FakeS3::kSecretKey});
  REQUIRE_OK(store);
  AttachmentService in_bucket(&*store);
  esnaf::testing::TestServer server{support.schema, {in_bucket.Rpcs()}, {.name = "support", .clock = &support.clock}};
  v1::CreateAttachmentRequest create;
  create.set_name("a.png");
  create.set_media_type("image/png");
  create.set_content("content");
  const auto made =
      server.channel()->Call<v1::Attachment>("/esnaf.support.v1.AttachmentService/CreateAttachment", create, kStaff);
  REQUIRE_OK(made);
  CHECK(bucket.objects().contains("files/" + Sha256Hex("content")));
  REQUIRE_OK(support.Say("ReplyToTicket", support.Open().id(), {made->id()}));
  v1::DownloadAttachmentRequest download;
  download.set_id(made->id());
  const auto file =
      server.channel()->Call<api::v1::File>("/esnaf.support.v1.AttachmentService/DownloadAttachment", download, kStaff);
  REQUIRE_OK(file);
  CHECK(file->content() == "content");
}

}  // namespace
}  // namespace esnaf::support
