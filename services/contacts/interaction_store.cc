#include "services/contacts/interaction_store.h"

#include <array>
#include <nlohmann/json.hpp>

namespace esnaf::contacts {
namespace {

using Json = nlohmann::json;

const postgres::Statement kFindInteraction("contacts", "find_interaction",
                                           "SELECT" ESNAF_INTERACTION_COLUMNS
                                           "FROM interaction n WHERE n.channel = $1 AND n.external_id = $2");

const postgres::Statement kAddInteraction("contacts", "add_interaction", R"sql(
  WITH owner AS (SELECT id FROM contact WHERE id = $11::uuid),
  added AS (
    INSERT INTO interaction (id, contact_id, channel, direction, external_id, thread_id, actor, subject, body,
                             attachments, occur_time, call_outcome, call_duration_us, create_time, lead)
    SELECT $10::uuid, owner.id, $12::smallint, $13::smallint, $14::text, $15::text, $16::text, $17::text, $18::text,
           $19::jsonb, $20::timestamptz, $21::text, $22::bigint, $23::timestamptz,
           $25::jsonb
    FROM owner
    ON CONFLICT (channel, external_id) DO NOTHING
    RETURNING id, contact_id),
  entry AS (
    INSERT INTO timeline_entry (id, contact_id, kind, channel, occur_time, summary, subject_id)
    SELECT added.id, added.contact_id, 1, $12::smallint, $20::timestamptz, $24::text, $15::text FROM added),
  event AS (
    INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time,
                        trace_parent, actor)
    SELECT $1::uuid, $2::text, $3::uuid, $4::bigint, $5::text, $6::bytea, $7::timestamptz, $8::text, $9::text FROM added
    RETURNING xact)
  SELECT (SELECT xact::text FROM event), EXISTS (SELECT FROM owner), EXISTS (SELECT FROM added))sql");

std::string AttachmentsToJson(const std::vector<Attachment>& attachments) {
  Json json = Json::array();
  for (const Attachment& attachment : attachments) {
    json.push_back({{"file_name", attachment.file_name},
                    {"media_type", attachment.media_type},
                    {"size_bytes", attachment.size_bytes},
                    {"uri", attachment.uri}});
  }
  return json.dump();
}

std::vector<Attachment> ReadAttachments(std::string_view text) {
  std::vector<Attachment> attachments;
  if (text == "[]") return attachments;
  for (const Json& json : Json::parse(text)) {
    attachments.push_back({json.at("file_name"), json.at("media_type"), json.at("size_bytes"), json.at("uri")});
  }
  return attachments;
}

// The names of a lead's texts in its row.
constexpr std::array<std::pair<const char*, std::string Lead::*>, 10> kLeadTexts = {
    {{"store_id", &Lead::store_id},
     {"platform", &Lead::platform},
     {"lead_id", &Lead::lead_id},
     {"form_id", &Lead::form_id},
     {"campaign_id", &Lead::campaign_id},
     {"campaign_name", &Lead::campaign_name},
     {"ad_group_id", &Lead::ad_group_id},
     {"ad_id", &Lead::ad_id},
     {"page_id", &Lead::page_id},
     {"gclid", &Lead::gclid}}};

std::optional<std::string> LeadToJson(const std::optional<Lead>& lead) {
  if (!lead) return std::nullopt;
  Json json;
  for (const auto& [name, text] : kLeadTexts) json[name] = (*lead).*text;
  json["fields"] = Json::array();
  for (const LeadField& field : lead->fields) json["fields"].push_back({field.name, field.value});
  return json.dump();
}

Lead ReadLead(std::string_view text) {
  const Json json = Json::parse(text);
  Lead lead;
  for (const auto& [name, member] : kLeadTexts) lead.*member = json.at(name).get<std::string>();
  for (const Json& field : json.at("fields")) lead.fields.push_back({field.at(0), field.at(1)});
  return lead;
}

std::optional<std::int64_t> Microseconds(const std::optional<Duration>& duration) {
  if (!duration) return std::nullopt;
  return duration->count();
}

}  // namespace

Interaction ReadInteraction(const postgres::Row& row, int first) {
  Interaction interaction{.id = row.Get<Uuid>(first),
                          .contact_id = row.Get<Uuid>(first + 1),
                          .channel = static_cast<Channel>(row.Get<int>(first + 2)),
                          .direction = static_cast<Direction>(row.Get<int>(first + 3)),
                          .external_id = row.Get<std::string>(first + 4),
                          .thread_id = row.Get<std::string>(first + 5),
                          .actor = row.Get<std::string>(first + 6),
                          .subject = row.Get<std::string>(first + 7),
                          .body = row.Get<std::string>(first + 8),
                          .attachments = ReadAttachments(row.Text(first + 9)),
                          .occur_time = row.Get<Time>(first + 10),
                          .call_outcome = row.Get<std::string>(first + 11),
                          .create_time = row.Get<Time>(first + 13)};
  if (!row.IsNull(first + 14)) interaction.lead = ReadLead(row.Text(first + 14));
  if (!row.IsNull(first + 12)) interaction.call_duration = Duration(row.Get<std::int64_t>(first + 12));
  return interaction;
}

absl::StatusOr<std::optional<Interaction>> FindInteraction(postgres::Tx& tx, Channel channel,
                                                           const std::string& external_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kFindInteraction, static_cast<int>(channel), external_id));
  if (rows.empty()) return std::optional<Interaction>();
  return std::optional(ReadInteraction(rows[0], 0));
}

absl::StatusOr<bool> AddInteraction(postgres::Tx& tx, const Interaction& interaction, const events::NewEvent& event) {
  std::vector<postgres::Param> params = events::OutboxParams(event);
  for (postgres::Param param : std::vector<postgres::Param>{
           interaction.id, interaction.contact_id, static_cast<int>(interaction.channel),
           static_cast<int>(interaction.direction), interaction.external_id, interaction.thread_id, interaction.actor,
           interaction.subject, interaction.body, AttachmentsToJson(interaction.attachments), interaction.occur_time,
           interaction.call_outcome, Microseconds(interaction.call_duration), interaction.create_time,
           EntryOf(interaction).summary, LeadToJson(interaction.lead)}) {
    params.push_back(std::move(param));
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kAddInteraction, params));
  if (!rows[0].Get<bool>(1)) return NotFound("contact", interaction.contact_id.ToString());
  if (!rows[0].IsNull(0)) tx.NoteEventXact(rows[0].Get<std::uint64_t>(0));
  return rows[0].Get<bool>(2);
}

}  // namespace esnaf::contacts
