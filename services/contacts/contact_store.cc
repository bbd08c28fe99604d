#include "services/contacts/contact_store.h"

#include "libs/base/error.h"
#include "services/contacts/alias_map.h"
#include "services/contacts/contact_record.h"

namespace esnaf::contacts {
namespace {

const postgres::Statement kGetContacts("contacts", "get_contacts",
                                       "SELECT" ESNAF_CONTACT_COLUMNS
                                       "FROM contact c "
                                       "WHERE c.id = ANY($1::uuid[])");

const postgres::Statement kGetContact("contacts", "get_contact",
                                      "SELECT" ESNAF_CONTACT_COLUMNS
                                      "FROM contact c "
                                      "WHERE c.id = $1::uuid");

// Up to the roots, then down to everything merged into them.
const postgres::Statement kGetClusters("contacts", "get_clusters", R"sql(
  WITH RECURSIVE up(id) AS (
    SELECT * FROM unnest($1::uuid[])
    UNION
    SELECT a.canonical FROM up JOIN contact_alias a ON a.original = up.id),
  member(id) AS (
    SELECT up.id FROM up WHERE NOT EXISTS (SELECT FROM contact_alias a WHERE a.original = up.id)
    UNION
    SELECT a.original FROM member JOIN contact_alias a ON a.canonical = member.id)
  SELECT)sql" ESNAF_CONTACT_COLUMNS "FROM member JOIN contact c ON c.id = member.id");

const postgres::Statement kFindHolders("contacts", "find_holders", R"sql(
  WITH asked AS (
    SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[]) AS k(kind, store_id, value))
  SELECT kind, store_id, value, i.contact_id,
         CASE WHEN a.original IS NULL THEN i.contact_id ELSE canonical_of(i.contact_id) END, i.verified, true
  FROM asked JOIN contact_identity i USING (kind, store_id, value)
       LEFT JOIN contact_alias a ON a.original = i.contact_id
  UNION ALL
  (SELECT kind, store_id, value, r.claimant_contact_id, canonical_of(r.claimant_contact_id), false, false
   FROM asked JOIN identity_review r USING (kind, store_id, value)
   WHERE r.decision <> 1
     AND NOT EXISTS (SELECT FROM contact_identity p
                     WHERE p.contact_id = r.claimant_contact_id AND (p.kind = 1 OR p.verified))
   ORDER BY r.create_time, r.id))sql");

// The contacts to update are named a second time: the planner takes a set of records for a hundred rows and would read
// every contact there is to find them, an array for a few rows, which it looks up.
const postgres::Statement kWriteChanges("contacts", "write_changes", R"sql(
  WITH incoming AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(
      id uuid, given_name text, family_name text, display_name text, company_name text, locale text,
      lifecycle_stage text, owner text, tags text[], addresses jsonb, identities jsonb, custom_fields jsonb,
      folded_name text, search_text text, version bigint, create_time timestamptz, update_time timestamptz, delete_time timestamptz)),
  inserted AS (
    INSERT INTO contact (id, given_name, family_name, display_name, company_name, locale, lifecycle_stage, owner, tags,
                         addresses, identities, custom_fields, folded_name, search_text, version, create_time, update_time,
                         delete_time)
    SELECT id, given_name, family_name, display_name, company_name, locale, lifecycle_stage, owner, tags,
           addresses, identities, custom_fields, folded_name, search_text, version, create_time, update_time, delete_time
    FROM incoming WHERE version = 1
    RETURNING 1),
  updated AS (
    UPDATE contact c
    SET given_name = n.given_name, family_name = n.family_name, display_name = n.display_name,
        company_name = n.company_name, locale = n.locale, lifecycle_stage = n.lifecycle_stage, owner = n.owner,
        tags = n.tags, addresses = n.addresses, identities = n.identities, custom_fields = n.custom_fields,
        folded_name = n.folded_name, search_text = n.search_text, version = n.version, update_time = n.update_time,
        delete_time = n.delete_time
    FROM incoming n
    WHERE c.id = n.id AND c.id = ANY ($14::uuid[]) AND n.version > 1 AND c.version = n.version - 1
    RETURNING 1),
  given AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS r(
      kind smallint, store_id text, value text, contact_id uuid, verified boolean)),
  taken AS (
    INSERT INTO contact_identity AS held (kind, store_id, value, contact_id, verified)
    SELECT kind, store_id, value, contact_id, verified FROM given ORDER BY kind, store_id, value
    ON CONFLICT (kind, store_id, value) DO UPDATE SET verified = EXCLUDED.verified
    WHERE held.contact_id = EXCLUDED.contact_id
    RETURNING 1),
  released AS (
    DELETE FROM contact_identity d
    USING jsonb_to_recordset($3::jsonb) AS r(kind smallint, store_id text, value text, contact_id uuid)
    WHERE d.kind = r.kind AND d.store_id = r.store_id AND d.value = r.value AND d.contact_id = r.contact_id),
  review AS (
    INSERT INTO identity_review (id, kind, store_id, value, verified, owner_contact_id, claimant_contact_id,
                                 create_time)
    SELECT id, kind, store_id, value, verified, owner_contact_id, claimant_contact_id, create_time
    FROM jsonb_to_recordset($4::jsonb) AS r(
      id uuid, kind smallint, store_id text, value text, verified boolean, owner_contact_id uuid,
      claimant_contact_id uuid, create_time timestamptz)
    ON CONFLICT DO NOTHING
    RETURNING id),
  event AS (
    INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, happen_time,
                        trace_parent, actor)
    SELECT * FROM unnest($5::uuid[], $6::text[], $7::uuid[], $8::bigint[], $9::text[], $10::bytea[],
                         $11::timestamptz[], $12::text[], $13::text[])
    RETURNING xact)
  SELECT (SELECT xact::text FROM event LIMIT 1),
         (SELECT array_agg(id) FROM review),
         require_unchanged(
           (SELECT count(*) FROM incoming) = (SELECT count(*) FROM inserted) + (SELECT count(*) FROM updated)
           AND (SELECT count(*) FROM given) = (SELECT count(*) FROM taken)))sql");

const postgres::Statement kFindSimilarNames("contacts", "find_similar_names",
                                            "SELECT" ESNAF_CONTACT_COLUMNS R"sql(, similarity(c.folded_name, $1::text)
  FROM (SELECT * FROM contact
        WHERE folded_name % $1::text AND delete_time IS NULL
        ORDER BY similarity(folded_name, $1::text) DESC, id LIMIT $2::int) c
  ORDER BY similarity(c.folded_name, $1::text) DESC, c.id)sql");

// An identity that is exactly the text ranks above every name. `$3` holds the folded text between wildcards; very short
// texts look for beginnings of words only, which the trigram index can find.
const postgres::Statement kSearchContacts("contacts", "search_contacts", R"sql(
  WITH found AS (
    SELECT contact_id AS id, 2::real AS rank FROM contact_identity WHERE value = ANY($1::text[])
    UNION ALL
    (SELECT id, word_similarity($2::text, search_text)
            + CASE WHEN search_text LIKE $3::text THEN 0.5 ELSE 0 END AS rank
     FROM contact
     WHERE delete_time IS NULL AND $2::text <> '' AND (search_text LIKE $3::text OR $2::text <% search_text)
     ORDER BY rank DESC, id LIMIT $4::int))
  SELECT id FROM found GROUP BY id ORDER BY max(rank) DESC, id LIMIT $4::int)sql");

std::string EscapeLike(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

std::vector<StoredContact> ReadContacts(const postgres::Result& rows) {
  std::vector<StoredContact> contacts;
  contacts.reserve(rows.size());
  for (int i = 0; i < rows.size(); ++i) contacts.push_back(ReadContact(rows[i]));
  return contacts;
}

// The parameters of several events, column by column.
std::vector<postgres::Param> EventColumns(const std::vector<events::NewEvent>& events) {
  std::vector<Uuid> ids, aggregate_ids;
  std::vector<std::string> aggregate_types, types, trace_parents, actors;
  std::vector<std::int64_t> versions;
  std::vector<postgres::Bytes> payloads;
  std::vector<Time> happen_times;
  for (const events::NewEvent& event : events) {
    ids.push_back(event.id);
    aggregate_types.push_back(event.aggregate_type);
    aggregate_ids.push_back(event.aggregate_id);
    versions.push_back(event.aggregate_version);
    types.push_back(event.type);
    payloads.push_back({event.payload});
    happen_times.push_back(event.happen_time);
    trace_parents.push_back(event.trace_parent);
    actors.push_back(event.actor);
  }
  return {ids, aggregate_types, aggregate_ids, versions, types, payloads, happen_times, trace_parents, actors};
}

}  // namespace

absl::StatusOr<Person> GetPerson(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetContact, contact));
  if (rows.empty()) return NotFound("contact", contact.ToString());
  StoredContact stored = ReadContact(rows[0]);
  if (!stored.merged_into && !stored.has_merged) {
    std::vector<StoredContact> alone;
    alone.push_back(std::move(stored));
    return MakePerson(std::move(alone));
  }
  ESNAF_ASSIGN_OR_RETURN(auto persons, GetPersons(tx, {contact}));
  if (!persons[0]) return NotFound("contact", contact.ToString());
  return *std::move(persons[0]);
}

absl::StatusOr<std::vector<std::optional<Person>>> GetPersons(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetClusters, contacts));
  std::vector<StoredContact> members = ReadContacts(rows);
  AliasMap aliases;
  for (const StoredContact& member : members) {
    if (member.merged_into) aliases.Add(member.contact.id, *member.merged_into);
  }
  std::map<Uuid, std::vector<StoredContact>> clusters;
  for (StoredContact& member : members) {
    clusters[aliases.CanonicalOf(member.contact.id)].push_back(std::move(member));
  }
  std::vector<std::optional<Person>> persons;
  persons.reserve(contacts.size());
  for (const Uuid& contact : contacts) {
    const auto cluster = clusters.find(aliases.CanonicalOf(contact));
    persons.push_back(cluster == clusters.end() ? std::nullopt : std::optional(MakePerson(cluster->second)));
  }
  return persons;
}

absl::StatusOr<std::map<Uuid, StoredContact>> GetContacts(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetContacts, contacts));
  std::map<Uuid, StoredContact> found;
  for (StoredContact& stored : ReadContacts(rows)) {
    const Uuid id = stored.contact.id;
    found.emplace(id, std::move(stored));
  }
  return found;
}

absl::StatusOr<KnownIdentities> FindHolders(postgres::Tx& tx, const std::vector<IdentityKey>& keys) {
  std::vector<int> kinds;
  std::vector<std::string> store_ids, values;
  for (const IdentityKey& key : keys) {
    kinds.push_back(static_cast<int>(key.kind));
    store_ids.push_back(key.store_id);
    values.push_back(key.value);
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindHolders, kinds, store_ids, values));
  KnownIdentities known;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    const IdentityKey key{static_cast<IdentityKind>(row.Get<int>(0)), row.Get<std::string>(1), row.Get<std::string>(2)};
    const Holder holder{row.Get<Uuid>(3), row.Get<Uuid>(4), row.Get<bool>(5)};
    (row.Get<bool>(6) ? known.holders : known.claimants).emplace(key, holder);
  }
  return known;
}

absl::StatusOr<std::vector<Uuid>> WriteChanges(postgres::Tx& tx, const ChangeSet& changes,
                                               const std::vector<events::NewEvent>& events) {
  ContactRecords records;
  std::vector<Uuid> updated;
  for (const ContactChange& change : changes.contacts) {
    records.AddChange(change.before, change.after);
    if (change.after.version > 1) updated.push_back(change.after.id);
  }
  for (const IdentityReview& review : changes.reviews) records.AddReview(review);
  std::vector<postgres::Param> params = {records.Contacts(), records.GivenIdentities(), records.ReleasedIdentities(),
                                         records.Reviews()};
  for (postgres::Param& param : EventColumns(events)) params.push_back(std::move(param));
  params.emplace_back(updated);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteParams(kWriteChanges, params));
  if (!rows[0].IsNull(0)) tx.NoteEventXact(rows[0].Get<std::uint64_t>(0));
  return rows[0].Get<std::optional<std::vector<Uuid>>>(1).value_or(std::vector<Uuid>());
}

absl::StatusOr<std::vector<SimilarContact>> FindSimilarNames(postgres::Tx& tx, const std::string& folded_name,
                                                             int most) {
  std::vector<SimilarContact> similar;
  if (folded_name.empty()) return similar;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindSimilarNames, folded_name, most));
  for (int i = 0; i < rows.size(); ++i) {
    similar.push_back({ReadContact(rows[i]), rows[i].Get<double>(kContactColumnCount)});
  }
  return similar;
}

absl::StatusOr<std::vector<Uuid>> SearchContacts(postgres::Tx& tx, const SearchQuery& query, int most) {
  constexpr std::size_t kTrigram = 3;
  const std::string pattern = (query.folded.size() < kTrigram ? "% " : "%") + EscapeLike(query.folded) + "%";
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kSearchContacts, query.exact_values, query.folded, pattern, most));
  std::vector<Uuid> contacts;
  for (int i = 0; i < rows.size(); ++i) contacts.push_back(rows[i].Get<Uuid>(0));
  return contacts;
}

const api::FieldTable& ContactFields() {
  using api::FieldType;
  static const api::FieldTable kFields{{{"given_name", "c.given_name", FieldType::kText},
                                        {"family_name", "c.family_name", FieldType::kText},
                                        {"display_name", "c.shown_name", FieldType::kText, false, {}, "c.folded_name"},
                                        {"company_name", "c.company_name", FieldType::kText},
                                        {"tags", "c.tags", FieldType::kTextArray},
                                        {"locale", "c.locale", FieldType::kText},
                                        {"lifecycle_stage", "c.lifecycle_stage", FieldType::kText},
                                        {"owner", "c.owner", FieldType::kText},
                                        {"custom_fields", "c.custom_fields", FieldType::kTextMap},
                                        {"create_time", "c.create_time", FieldType::kTime},
                                        {"update_time", "c.update_time", FieldType::kTime}},
                                       "c.id"};
  return kFields;
}

absl::StatusOr<ContactPage> ListContacts(postgres::Tx& tx, const api::ListQuery& query, bool show_deleted) {
  std::string condition = "NOT EXISTS (SELECT FROM contact_alias m WHERE m.original = c.id)";
  if (!show_deleted) condition += " AND c.delete_time IS NULL";
  const api::SqlQuery sql = query.Select(ESNAF_CONTACT_COLUMNS, "contact c", condition);
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  ContactPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) page.contacts.push_back(ReadContact(rows[i]));
  page.next_page_token = query.NextPageToken(rows, kContactColumnCount);
  return page;
}

}  // namespace esnaf::contacts
