#include "services/contacts/interaction_wire.h"

#include "libs/api/convert.h"

namespace esnaf::contacts {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kNanosPerMicro = 1'000;
constexpr std::int64_t kLongestCallSeconds = 7 * 24 * 3600;

void ReadCallDuration(const v1::Interaction& proto, Interaction& interaction, FieldViolations& violations) {
  if (!proto.has_call_duration()) return;
  if (proto.call_duration().seconds() > kLongestCallSeconds || proto.call_duration().seconds() < -kLongestCallSeconds) {
    violations.Add("interaction.call_duration", "is longer than a week");
    return;
  }
  interaction.call_duration =
      Duration(proto.call_duration().seconds() * kMicrosPerSecond + proto.call_duration().nanos() / kNanosPerMicro);
}

}  // namespace

v1::Lead ToProto(const Lead& lead) {
  v1::Lead proto;
  proto.set_store_id(lead.store_id);
  proto.set_platform(lead.platform);
  proto.set_lead_id(lead.lead_id);
  proto.set_form_id(lead.form_id);
  proto.set_campaign_id(lead.campaign_id);
  proto.set_campaign_name(lead.campaign_name);
  proto.set_ad_group_id(lead.ad_group_id);
  proto.set_ad_id(lead.ad_id);
  proto.set_page_id(lead.page_id);
  proto.set_gclid(lead.gclid);
  for (const LeadField& field : lead.fields) {
    v1::LeadField& added = *proto.add_fields();
    added.set_name(field.name);
    added.set_value(field.value);
  }
  return proto;
}

v1::Interaction ToProto(const Interaction& interaction) {
  v1::Interaction proto;
  proto.set_id(interaction.id.ToString());
  proto.set_contact_id(interaction.contact_id.ToString());
  proto.set_channel(static_cast<v1::Channel>(interaction.channel));
  proto.set_direction(static_cast<v1::Direction>(interaction.direction));
  proto.set_external_id(interaction.external_id);
  proto.set_thread_id(interaction.thread_id);
  proto.set_actor(interaction.actor);
  proto.set_subject(interaction.subject);
  proto.set_body(interaction.body);
  for (const Attachment& attachment : interaction.attachments) {
    v1::Attachment& added = *proto.add_attachments();
    added.set_file_name(attachment.file_name);
    added.set_media_type(attachment.media_type);
    added.set_size_bytes(attachment.size_bytes);
    added.set_uri(attachment.uri);
  }
  *proto.mutable_occur_time() = api::ToProto(interaction.occur_time);
  proto.set_call_outcome(interaction.call_outcome);
  if (interaction.call_duration) {
    const std::int64_t micros = interaction.call_duration->count();
    proto.mutable_call_duration()->set_seconds(micros / kMicrosPerSecond);
    proto.mutable_call_duration()->set_nanos(static_cast<std::int32_t>(micros % kMicrosPerSecond * kNanosPerMicro));
  }
  *proto.mutable_create_time() = api::ToProto(interaction.create_time);
  if (interaction.lead) *proto.mutable_lead() = ToProto(*interaction.lead);
  return proto;
}

Interaction FromProto(const v1::Interaction& proto, Time now, FieldViolations& violations) {
  Interaction interaction;
  interaction.channel = static_cast<Channel>(proto.channel());
  interaction.direction = static_cast<Direction>(proto.direction());
  interaction.external_id = proto.external_id();
  interaction.thread_id = proto.thread_id();
  interaction.actor = proto.actor();
  interaction.subject = proto.subject();
  interaction.body = proto.body();
  for (const v1::Attachment& attachment : proto.attachments()) {
    interaction.attachments.push_back(
        {attachment.file_name(), attachment.media_type(), attachment.size_bytes(), attachment.uri()});
  }
  interaction.occur_time = now;
  if (proto.has_occur_time()) {
    if (auto time = api::FromProto(proto.occur_time(), "interaction.occur_time"); time.ok()) {
      interaction.occur_time = *time;
    } else {
      violations.Add("interaction.occur_time", "is no time between the years 1 and 9999");
    }
  }
  interaction.call_outcome = proto.call_outcome();
  ReadCallDuration(proto, interaction, violations);
  interaction.create_time = now;
  return interaction;
}

v1::TimelineEntry ToProto(const TimelineItem& item) {
  v1::TimelineEntry proto;
  proto.set_id(item.entry.id.ToString());
  proto.set_kind(static_cast<v1::TimelineKind>(item.entry.kind));
  proto.set_contact_id(item.entry.contact_id.ToString());
  proto.set_channel(static_cast<v1::Channel>(item.entry.channel));
  *proto.mutable_occur_time() = api::ToProto(item.entry.occur_time);
  proto.set_summary(item.entry.summary);
  if (item.interaction) *proto.mutable_interaction() = ToProto(*item.interaction);
  proto.set_subject_id(item.entry.subject_id);
  return proto;
}

}  // namespace esnaf::contacts
