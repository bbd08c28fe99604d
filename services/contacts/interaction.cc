#include "services/contacts/interaction.h"

#include "libs/base/text.h"
#include "services/contacts/contact.h"

namespace esnaf::contacts {
namespace {

const char* ChannelName(Channel channel) {
  switch (channel) {
    case Channel::kEmail:
      return "E-posta";
    case Channel::kWebChat:
      return "Web sohbeti";
    case Channel::kWebForm:
      return "Web formu";
    case Channel::kPhone:
      return "Telefon";
    case Channel::kSms:
      return "SMS";
    case Channel::kWhatsapp:
      return "WhatsApp";
    case Channel::kSocial:
      return "Sosyal medya";
    case Channel::kPush:
      return "Anlık bildirim";
    case Channel::kInStore:
      return "Mağaza";
    case Channel::kMarketplace:
      return "Pazar yeri";
    default:
      return "Görüşme";
  }
}

const char* DirectionName(Direction direction) {
  switch (direction) {
    case Direction::kInbound:
      return "gelen";
    case Direction::kOutbound:
      return "giden";
    default:
      return "not";
  }
}

// The first line that says something.
std::string_view FirstLine(std::string_view text) {
  text = Trim(text);
  return Trim(text.substr(0, text.find('\n')));
}

}  // namespace

void CheckInteraction(const Interaction& interaction, Time now, FieldViolations& violations) {
  if (interaction.channel < Channel::kEmail || interaction.channel > Channel::kMarketplace) {
    violations.Add("interaction.channel", "is no channel");
  }
  if (interaction.direction < Direction::kInbound || interaction.direction > Direction::kInternal) {
    violations.Add("interaction.direction", "is no direction");
  }
  CheckText(interaction.external_id, "interaction.external_id", kMaxTextBytes, violations);
  CheckText(interaction.thread_id, "interaction.thread_id", kMaxTextBytes, violations);
  CheckText(interaction.actor, "interaction.actor", kMaxTextBytes, violations);
  CheckText(interaction.subject, "interaction.subject", 1000, violations);
  CheckText(interaction.body, "interaction.body", kMaxBodyBytes, violations);
  CheckText(interaction.call_outcome, "interaction.call_outcome", 100, violations);
  if (interaction.occur_time > now + kClockTolerance) violations.Add("interaction.occur_time", "is in the future");
  if (interaction.call_duration && *interaction.call_duration < Duration::zero()) {
    violations.Add("interaction.call_duration", "is negative");
  }
  if (interaction.attachments.size() > kMaxAttachments) {
    violations.Add("interaction.attachments", "has more than 50 attachments");
    return;
  }
  for (std::size_t i = 0; i < interaction.attachments.size(); ++i) {
    const Attachment& attachment = interaction.attachments[i];
    const std::string field = "interaction.attachments[" + std::to_string(i) + "]";
    CheckText(attachment.file_name, field + ".file_name", kMaxTextBytes, violations);
    CheckText(attachment.media_type, field + ".media_type", kMaxTextBytes, violations);
    CheckText(attachment.uri, field + ".uri", 2000, violations);
    if (attachment.uri.empty()) violations.Add(field + ".uri", "is missing");
    if (attachment.size_bytes < 0) violations.Add(field + ".size_bytes", "is negative");
  }
}

TimelineEntry EntryOf(const Interaction& interaction) {
  std::string summary =
      std::string(ChannelName(interaction.channel)) + " (" + DirectionName(interaction.direction) + ")";
  std::string_view text = FirstLine(interaction.subject);
  if (text.empty()) text = FirstLine(interaction.body);
  if (text.empty()) text = interaction.call_outcome;
  if (!text.empty()) summary.append(": ").append(text);
  return {.id = interaction.id,
          .contact_id = interaction.contact_id,
          .kind = TimelineKind::kInteraction,
          .channel = static_cast<int>(interaction.channel),
          .occur_time = interaction.occur_time,
          .summary = std::string(Truncate(summary, kMaxSummaryBytes)),
          .subject_id = interaction.thread_id};
}

}  // namespace esnaf::contacts
