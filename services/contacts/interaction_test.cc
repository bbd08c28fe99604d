#include "services/contacts/interaction.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

const Time kNow = ParseRfc3339("2026-05-01T12:00:00Z").value();

Interaction Mail() {
  return {
      .channel = Channel::kEmail, .direction = Direction::kInbound, .subject = "Kargom nerede?", .occur_time = kNow};
}

std::string BadFields(const Interaction& interaction) {
  FieldViolations violations;
  CheckInteraction(interaction, kNow, violations);
  std::string fields;
  for (const auto& [field, problem] : ErrorFields(violations.ToStatus())) fields += field + ";";
  return fields;
}

TEST_CASE("an interaction needs a channel and a direction and lies in the past") {
  CHECK(BadFields(Mail()).empty());
  CHECK(BadFields({.occur_time = kNow + std::chrono::hours(1)}) ==
        "interaction.channel;interaction.direction;interaction.occur_time;");
}

TEST_CASE("a body of 64 KiB and 50 attachments are the most") {
  Interaction mail = Mail();
  mail.body = std::string(kMaxBodyBytes, 'x');
  mail.attachments.assign(kMaxAttachments, {.uri = "s3://x"});
  CHECK(BadFields(mail).empty());
  mail.body += "x";
  mail.attachments.push_back({.uri = "s3://x"});
  CHECK(BadFields(mail) == "interaction.body;interaction.attachments;");
  mail = Mail();
  mail.attachments = {{.size_bytes = -1}};
  mail.call_duration = Duration(-1);
  CHECK(BadFields(mail) ==
        "interaction.call_duration;interaction.attachments[0].uri;interaction.attachments[0].size_bytes;");
}

TEST_CASE("the timeline shows the subject, else the body's first line, else how the call ended") {
  CHECK(EntryOf(Mail()).summary == "E-posta (gelen): Kargom nerede?");
  Interaction chat{
      .channel = Channel::kWebChat, .direction = Direction::kOutbound, .body = "\n Merhaba! \nNasılsınız?"};
  CHECK(EntryOf(chat).summary == "Web sohbeti (giden): Merhaba!");
  CHECK(EntryOf({.channel = Channel::kPhone, .direction = Direction::kInbound, .call_outcome = "missed"}).summary ==
        "Telefon (gelen): missed");
  CHECK(EntryOf({.channel = Channel::kInStore, .direction = Direction::kInternal}).summary == "Mağaza (not)");
}

TEST_CASE("a long summary is cut at a character's border") {
  Interaction mail = Mail();
  mail.subject = std::string(kMaxSummaryBytes, 'x') + "ş";
  CHECK(EntryOf(mail).summary.size() <= kMaxSummaryBytes);
}

}  // namespace
}  // namespace esnaf::contacts
