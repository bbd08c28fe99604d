// Keeps the copy of aliases and identities up to date.
#include <map>
#include <set>
#include <tuple>

#include "esnaf/contacts/v1/events.pb.h"
#include "libs/events/consumer.h"
#include "libs/identity/identity.h"

namespace esnaf::identity {
namespace {

// Takes the aliases that are newer than what is known, and answers whom they concern: the original, whom it is now, and
// whom it was (the main SELECT sees the table as it was before).
const postgres::Statement kApplyAliases("identity", "apply_aliases", R"sql(
  WITH news AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS news(original, canonical, version)),
  fresh AS (
    INSERT INTO contact_alias_version (original, version) SELECT original, version FROM news
    ON CONFLICT (original) DO UPDATE SET version = EXCLUDED.version
    WHERE contact_alias_version.version < EXCLUDED.version
    RETURNING original),
  merged AS (
    INSERT INTO contact_alias (original, canonical)
    SELECT original, canonical FROM news JOIN fresh USING (original) WHERE canonical IS NOT NULL
    ON CONFLICT (original) DO UPDATE SET canonical = EXCLUDED.canonical),
  unmerged AS (
    DELETE FROM contact_alias USING news JOIN fresh USING (original)
    WHERE contact_alias.original = news.original AND news.canonical IS NULL)
  SELECT original, news.canonical, before.canonical
  FROM news JOIN fresh USING (original) LEFT JOIN contact_alias before USING (original)
  ORDER BY original
)sql");

// Takes the contacts that are newer than what is known, and forgets the identities that they have no more.
const postgres::Statement kRemoveIdentities("identity", "remove_identities", R"sql(
  WITH fresh AS (
    INSERT INTO contact_version (contact_id, version) SELECT * FROM unnest($1::uuid[], $2::bigint[])
    ON CONFLICT (contact_id) DO UPDATE SET version = EXCLUDED.version
    WHERE contact_version.version < EXCLUDED.version
    RETURNING contact_id),
  removed AS (
    DELETE FROM contact_identity known USING fresh
    WHERE known.contact_id = fresh.contact_id AND NOT EXISTS (
      SELECT FROM unnest($3::uuid[], $4::smallint[], $5::text[], $6::text[]) AS kept(contact_id, kind, store_id, value)
      WHERE (kept.contact_id, kept.kind, kept.store_id, kept.value)
          = (known.contact_id, known.kind, known.store_id, known.value)))
  SELECT contact_id FROM fresh
)sql");

// Apart from the removal: one statement must not touch a row twice, as it would where an identity changes hands.
const postgres::Statement kPutIdentities("identity", "put_identities", R"sql(
  INSERT INTO contact_identity (contact_id, kind, store_id, value, verified)
  SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::boolean[])
  ON CONFLICT (kind, store_id, value) DO UPDATE SET contact_id = EXCLUDED.contact_id, verified = EXCLUDED.verified
  WHERE contact_identity.contact_id <> EXCLUDED.contact_id OR contact_identity.verified <> EXCLUDED.verified
)sql");

struct Alias {
  std::optional<Uuid> canonical;
  std::int64_t version = 0;
};

struct ContactState {
  std::vector<Identity> identities;
  std::int64_t version = 0;
};

// The newest state of each aggregate in a batch.
struct News {
  std::map<Uuid, Alias> aliases;
  std::map<Uuid, ContactState> contacts;
};

absl::StatusOr<Uuid> ReadId(const api::v1::Event& event, const std::string& text) {
  if (const std::optional<Uuid> id = Uuid::Parse(text)) return *id;
  return absl::InvalidArgumentError(absl::StrCat("event ", event.id(), " names a contact by something that is no id"));
}

absl::Status ReadAlias(const api::v1::Event& event, News& news) {
  ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<contacts::v1::ContactAliasChanged>(event));
  ESNAF_ASSIGN_OR_RETURN(const Uuid original, ReadId(event, changed.original_id()));
  Alias alias{.canonical = std::nullopt, .version = event.aggregate_version()};
  if (!changed.canonical_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(alias.canonical, ReadId(event, changed.canonical_id()));
  }
  const auto [known, is_new] = news.aliases.try_emplace(original, alias);
  if (!is_new && known->second.version < alias.version) known->second = alias;
  return absl::OkStatus();
}

absl::Status ReadContact(const api::v1::Event& event, News& news) {
  ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<contacts::v1::ContactChanged>(event));
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, ReadId(event, changed.contact().id()));
  ContactState& state = news.contacts[id];
  if (state.version >= event.aggregate_version()) return absl::OkStatus();
  state = {.identities = {}, .version = event.aggregate_version()};
  for (const contacts::v1::Identity& identity : changed.contact().identities()) {
    state.identities.push_back(
        {static_cast<Kind>(identity.kind()), identity.store_id(), identity.value(), identity.verified()});
  }
  return absl::OkStatus();
}

absl::StatusOr<News> ReadNews(const std::vector<api::v1::Event>& events) {
  News news;
  for (const api::v1::Event& event : events) {
    if (event.type() == contacts::v1::ContactAliasChanged::descriptor()->full_name()) {
      ESNAF_RETURN_IF_ERROR(ReadAlias(event, news));
    } else if (event.type() == contacts::v1::ContactChanged::descriptor()->full_name()) {
      ESNAF_RETURN_IF_ERROR(ReadContact(event, news));
    }
  }
  return news;
}

absl::StatusOr<std::vector<Uuid>> ApplyAliases(postgres::Tx& tx, const std::map<Uuid, Alias>& aliases) {
  std::vector<Uuid> originals;
  std::vector<std::optional<Uuid>> canonicals;
  std::vector<std::int64_t> versions;
  for (const auto& [original, alias] : aliases) {
    originals.push_back(original);
    canonicals.push_back(alias.canonical);
    versions.push_back(alias.version);
  }
  ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, tx.Execute(kApplyAliases, originals, canonicals, versions));
  std::set<Uuid> concerned;
  for (int row = 0; row < rows.size(); ++row) {
    for (int column = 0; column < 3; ++column) {
      if (!rows[row].IsNull(column)) concerned.insert(rows[row].Get<Uuid>(column));
    }
  }
  return std::vector<Uuid>(concerned.begin(), concerned.end());
}

// Columns of identities with their owners.
struct IdentityColumns {
  std::vector<Uuid> contacts;
  std::vector<int> kinds;
  std::vector<std::string> store_ids, values;
  std::vector<bool> verified;

  void Add(const Uuid& contact, const Identity& identity) {
    contacts.push_back(contact);
    kinds.push_back(static_cast<int>(identity.kind));
    store_ids.push_back(identity.store_id);
    values.push_back(identity.value);
    verified.push_back(identity.verified);
  }
};

absl::Status ApplyContacts(postgres::Tx& tx, const std::map<Uuid, ContactState>& contacts) {
  std::vector<Uuid> ids;
  std::vector<std::int64_t> versions;
  IdentityColumns kept;
  for (const auto& [id, state] : contacts) {
    ids.push_back(id);
    versions.push_back(state.version);
    for (const Identity& identity : state.identities) kept.Add(id, identity);
  }
  ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, tx.Execute(kRemoveIdentities, ids, versions, kept.contacts, kept.kinds,
                                                           kept.store_ids, kept.values));
  // An identity has one owner; each is put once even where a batch names it twice.
  std::map<std::tuple<Kind, std::string_view, std::string_view>, std::pair<Uuid, const Identity*>> owners;
  for (int row = 0; row < rows.size(); ++row) {
    const Uuid id = rows[row].Get<Uuid>(0);
    for (const Identity& identity : contacts.at(id).identities) {
      owners[{identity.kind, identity.store_id, identity.value}] = {id, &identity};
    }
  }
  if (owners.empty()) return absl::OkStatus();
  IdentityColumns put;
  for (const auto& [key, owner] : owners) put.Add(owner.first, *owner.second);
  return tx.Execute(kPutIdentities, put.contacts, put.kinds, put.store_ids, put.values, put.verified).status();
}

}  // namespace

absl::StatusOr<std::vector<Uuid>> ApplyContactEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  ESNAF_ASSIGN_OR_RETURN(const News news, ReadNews(events));
  if (!news.contacts.empty()) ESNAF_RETURN_IF_ERROR(ApplyContacts(tx, news.contacts));
  if (news.aliases.empty()) return std::vector<Uuid>();
  return ApplyAliases(tx, news.aliases);
}

}  // namespace esnaf::identity
