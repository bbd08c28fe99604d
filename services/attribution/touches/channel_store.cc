#include "services/attribution/touches/channel_store.h"

#include "google/protobuf/util/json_util.h"
#include "libs/base/macros.h"
#include "services/attribution/touches/channel_wire.h"

namespace esnaf::attribution {
namespace {

constexpr char kOwnActor[] = "service:attribution";

const postgres::Statement kInsertRules("attribution", "insert_channel_rules", R"sql(
INSERT INTO channel_rules (version, body, create_time, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
)sql");

const postgres::Statement kFindRules("attribution", "find_channel_rules", R"sql(
SELECT body, version, create_time, actor FROM channel_rules
 WHERE $1::bigint = 0 OR version = $1 ORDER BY version DESC LIMIT 1
)sql");

const postgres::Statement kNewestVersion("attribution", "newest_channel_rules_version", R"sql(
SELECT max(version) FROM channel_rules
)sql");

const postgres::Statement kLockRules("attribution", "lock_channel_rules", R"sql(
SELECT version FROM channel_rules WHERE version = 1 FOR UPDATE
)sql");

const postgres::Statement kTakeOldSources("attribution", "take_old_sources", R"sql(
SELECT id, utm_source, utm_medium, campaign, content, term, source_platform, ad_platform, campaign_id, ad_group_id,
       ad_id, referrer_host, self_referral, channel, direct, internal
  FROM traffic_source WHERE rules_version < $1::bigint ORDER BY rules_version, id LIMIT $2::int FOR UPDATE SKIP LOCKED
)sql");

const postgres::Statement kWriteDerived("attribution", "write_derived_sources", R"sql(
UPDATE traffic_source t
   SET source = i.source, medium = i.medium, channel = i.channel, paid = i.paid, direct = i.direct,
       internal = i.internal, rules_version = $8::bigint
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[], $7::boolean[])
       AS i (id, source, medium, channel, paid, direct, internal)
 WHERE t.id = i.id
)sql");

// Reads all touches, since none are found by their source: only done where rules give sources another channel, or make
// touches of what were none, or the other way round.
const postgres::Statement kSourcesChangedPaths("attribution", "sources_changed_paths", R"sql(
WITH visitor AS (
  SELECT DISTINCT visitor_id, contact_id FROM touchpoint
   WHERE traffic_source_id = ANY ($1::uuid[]) AND (visitor_id IS NOT NULL OR contact_id IS NOT NULL)
), person AS (
  SELECT contact_id FROM visitor WHERE contact_id IS NOT NULL
  UNION
  SELECT coalesce(l.contact_id, i.contact_id)
    FROM visitor v JOIN visitor_link l ON l.visitor_id = v.visitor_id
    LEFT JOIN contact_identity i
      ON i.kind = l.identity_kind AND i.store_id = l.identity_store_id AND i.value = l.identity_value
  UNION
  SELECT i.contact_id
    FROM visitor v JOIN contact_identity i ON i.kind = 4 AND i.store_id = '' AND i.value = v.visitor_id
)
INSERT INTO path_change (contact_id, change_time)
SELECT contact_id, $2::timestamptz FROM person WHERE contact_id IS NOT NULL ORDER BY contact_id
ON CONFLICT (contact_id) DO UPDATE SET change_time = greatest(path_change.change_time, excluded.change_time)
)sql");

absl::StatusOr<std::string> BodyOf(const ChannelRules& rules) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(RulesToProto(rules), &json).ok()) {
    return absl::InternalError("the channel rules cannot be written as JSON");
  }
  return json;
}

TrafficSource ReadSource(const postgres::Row& row) {
  TrafficSource source;
  source.id = row.Get<Uuid>(0);
  ToldSource& told = source.told;
  std::string* const texts[] = {&told.utm_source,  &told.utm_medium,      &told.campaign,     &told.content,
                                &told.term,        &told.source_platform, &told.ad_platform,  &told.campaign_id,
                                &told.ad_group_id, &told.ad_id,           &told.referrer_host};
  int column = 1;
  for (std::string* text : texts) *text = row.Get<std::string>(column++);
  told.self_referral = row.Get<bool>(column++);
  source.derived.channel = row.Get<std::string>(column++);
  source.derived.direct = row.Get<bool>(column++);
  source.derived.internal = row.Get<bool>(column);
  return source;
}

}  // namespace

absl::Status EnsureDefaultChannelRules(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::string body, BodyOf(DefaultChannelRules()));
  return tx.Execute(kInsertRules, 1, body, now, kOwnActor).status();
}

absl::StatusOr<std::optional<ChannelRulesVersion>> FindChannelRules(postgres::Tx& tx, std::int64_t version) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindRules, version));
  if (rows.empty()) return std::optional<ChannelRulesVersion>();
  v1::ChannelRules wire;
  google::protobuf::util::JsonParseOptions options;
  // A later version of the program may have written more.
  options.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(rows[0].Get<std::string>(0), &wire, options).ok()) {
    return absl::InternalError("the channel rules on record cannot be read");
  }
  return ChannelRulesVersion{.rules = RulesFromProto(wire),
                             .version = rows[0].Get<std::int64_t>(1),
                             .create_time = rows[0].Get<Time>(2),
                             .actor = rows[0].Get<std::string>(3)};
}

absl::StatusOr<std::int64_t> NewestChannelRulesVersion(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kNewestVersion));
  return rows[0].Get<std::optional<std::int64_t>>(0).value_or(0);
}

absl::StatusOr<std::int64_t> LockChannelRules(postgres::Tx& tx) {
  // The row of the first version, so that whoever waited sees the versions that came meanwhile.
  ESNAF_RETURN_IF_ERROR(tx.Execute(kLockRules).status());
  return NewestChannelRulesVersion(tx);
}

absl::Status InsertChannelRules(postgres::Tx& tx, const ChannelRulesVersion& version) {
  ESNAF_ASSIGN_OR_RETURN(const std::string body, BodyOf(version.rules));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result added,
                         tx.Execute(kInsertRules, version.version, body, version.create_time, version.actor));
  if (added.affected_rows() == 0) return absl::AbortedError("the channel rules are just being changed");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TrafficSource>> TakeOldSources(postgres::Tx& tx, std::int64_t version, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTakeOldSources, version, limit));
  std::vector<TrafficSource> sources;
  for (int i = 0; i < rows.size(); ++i) sources.push_back(ReadSource(rows[i]));
  return sources;
}

absl::Status WriteDerived(postgres::Tx& tx, const std::vector<TrafficSource>& sources, std::int64_t version) {
  std::vector<Uuid> ids;
  std::vector<std::string> names, mediums, channels;
  std::vector<bool> paid, direct, internal;
  for (const TrafficSource& source : sources) {
    ids.push_back(source.id);
    names.push_back(source.derived.source);
    mediums.push_back(source.derived.medium);
    channels.push_back(source.derived.channel);
    paid.push_back(source.derived.paid);
    direct.push_back(source.derived.direct);
    internal.push_back(source.derived.internal);
  }
  return tx.Execute(kWriteDerived, ids, names, mediums, channels, paid, direct, internal, version).status();
}

absl::Status SourcesChangedPaths(postgres::Tx& tx, const std::vector<Uuid>& sources, Time now) {
  return tx.Execute(kSourcesChangedPaths, sources, now).status();
}

}  // namespace esnaf::attribution
