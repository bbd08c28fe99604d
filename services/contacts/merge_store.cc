#include "services/contacts/merge_store.h"

#include "libs/base/error.h"

namespace esnaf::contacts {
namespace {

// In the order of ids, so that two merges of the same contacts wait for each other instead of locking each other out.
const postgres::Statement kLockContacts("contacts", "lock_contacts", R"sql(
  SELECT id, delete_time FROM contact WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE)sql");

const postgres::Statement kGetLineages("contacts", "get_lineages", R"sql(
  WITH RECURSIVE up(original, canonical) AS (
    SELECT a.original, a.canonical FROM contact_alias a WHERE a.original = ANY($1::uuid[])
    UNION
    SELECT a.original, a.canonical FROM up JOIN contact_alias a ON a.original = up.canonical)
  SELECT original, canonical FROM up)sql");

const postgres::Statement kRecordAlias("contacts", "record_alias", R"sql(
  WITH line AS (
    INSERT INTO merge_ledger (original, version, canonical, reason, actor, create_time)
    SELECT $1::uuid, coalesce(max(version), 0) + 1, $2::uuid, $3::text, $4::text, $5::timestamptz
    FROM merge_ledger WHERE original = $1::uuid
    RETURNING version),
  linked AS (
    INSERT INTO contact_alias (original, canonical) SELECT $1::uuid, $2::uuid WHERE $2::uuid IS NOT NULL),
  unlinked AS (
    DELETE FROM contact_alias WHERE original = $1::uuid AND $2::uuid IS NULL)
  SELECT version FROM line)sql");

// A review is merged exactly while its two contacts are one person; only a human's KEPT_APART stands whatever happens.
const postgres::Statement kSettleReviews("contacts", "settle_reviews", R"sql(
  WITH touched AS (
    SELECT id, canonical_of(owner_contact_id) = canonical_of(claimant_contact_id) AS same
    FROM identity_review
    WHERE decision <> 2 AND (owner_contact_id = ANY($1::uuid[]) OR claimant_contact_id = ANY($1::uuid[])))
  UPDATE identity_review r
  SET decision = CASE WHEN t.same THEN 1 ELSE 0 END,
      decide_time = CASE WHEN t.same THEN $2::timestamptz END,
      actor = CASE WHEN t.same THEN $3::text ELSE '' END
  FROM touched t
  WHERE t.id = r.id AND (r.decision = 1) <> t.same)sql");

const postgres::Statement kClusterOf("contacts", "cluster_of", R"sql(
  WITH RECURSIVE member(id) AS (
    SELECT canonical_of(id) FROM contact WHERE id = $1::uuid
    UNION
    SELECT a.original FROM member JOIN contact_alias a ON a.canonical = member.id)
  SELECT id FROM member)sql");

const postgres::Statement kMergedOf("contacts", "merged_of",
                                    "SELECT original FROM contact_alias WHERE original = ANY($1::uuid[])");

#define ESNAF_REVIEW_COLUMNS                                                                               \
  " r.id, r.kind, r.store_id, r.value, r.verified, r.owner_contact_id, r.claimant_contact_id, r.decision," \
  " r.create_time, r.decide_time "
constexpr int kReviewColumnCount = 10;

const postgres::Statement kListOpenReviews("contacts", "list_open_reviews",
                                           "SELECT" ESNAF_REVIEW_COLUMNS R"sql(FROM identity_review r
  WHERE r.decision = 0 AND (r.owner_contact_id = ANY($1::uuid[]) OR r.claimant_contact_id = ANY($1::uuid[]))
  ORDER BY r.create_time, r.id LIMIT 1000)sql");

const postgres::Statement kGetIdentityReview("contacts", "get_identity_review",
                                             "SELECT" ESNAF_REVIEW_COLUMNS
                                             "FROM identity_review r WHERE r.id = $1::uuid FOR UPDATE");

const postgres::Statement kKeepApart("contacts", "keep_apart", R"sql(
  UPDATE identity_review SET decision = 2, actor = $2, decide_time = $3 WHERE id = $1)sql");

IdentityReview ReadReview(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .identity = {{static_cast<IdentityKind>(row.Get<int>(1)), row.Get<std::string>(2), row.Get<std::string>(3)},
                       row.Get<bool>(4)},
          .owner_contact_id = row.Get<Uuid>(5),
          .claimant_contact_id = row.Get<Uuid>(6),
          .decision = static_cast<ReviewDecision>(row.Get<int>(7)),
          .create_time = row.Get<Time>(8),
          .decide_time = row.Get<std::optional<Time>>(9)};
}

// Locks the contacts and says whether each is there; adds the deleted ones to `deleted`.
absl::Status Lock(postgres::Tx& tx, const std::vector<Uuid>& contacts, std::set<Uuid>& locked,
                  std::set<Uuid>& deleted) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockContacts, contacts));
  for (int i = 0; i < rows.size(); ++i) {
    locked.insert(rows[i].Get<Uuid>(0));
    if (!rows[i].IsNull(1)) deleted.insert(rows[i].Get<Uuid>(0));
  }
  for (const Uuid& contact : contacts) {
    if (!locked.contains(contact)) return NotFound("contact", contact.ToString());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Lineages> LockLineages(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  std::set<Uuid> locked, deleted;
  std::vector<Uuid> missing = contacts;
  // A merge that committed while we waited for a lock may have made a lineage longer: lock until nothing is left to
  // lock.
  while (true) {
    ESNAF_RETURN_IF_ERROR(Lock(tx, missing, locked, deleted));
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetLineages, contacts));
    AliasMap aliases;
    missing.clear();
    for (int i = 0; i < rows.size(); ++i) {
      aliases.Add(rows[i].Get<Uuid>(0), rows[i].Get<Uuid>(1));
      for (int column : {0, 1}) {
        if (!locked.contains(rows[i].Get<Uuid>(column))) missing.push_back(rows[i].Get<Uuid>(column));
      }
    }
    if (missing.empty()) return Lineages{std::move(aliases), std::move(deleted)};
  }
}

absl::StatusOr<std::int64_t> RecordAlias(postgres::Tx& tx, const MergeRecord& record) {
  const AliasChange& change = record.change;
  // An unmerge splits a person: whoever was in it before may have a review with whoever leaves.
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> before, ClusterOf(tx, change.original));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kRecordAlias, change.original, change.canonical,
                                                                 record.reason, record.actor, record.time));
  ESNAF_RETURN_IF_ERROR(tx.Execute(kSettleReviews, before, record.time, record.actor).status());
  return rows[0].Get<std::int64_t>(0);
}

absl::StatusOr<std::set<Uuid>> MergedOf(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMergedOf, contacts));
  std::set<Uuid> merged;
  for (int i = 0; i < rows.size(); ++i) merged.insert(rows[i].Get<Uuid>(0));
  return merged;
}

absl::StatusOr<std::vector<Uuid>> ClusterOf(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kClusterOf, contact));
  std::vector<Uuid> cluster;
  for (int i = 0; i < rows.size(); ++i) cluster.push_back(rows[i].Get<Uuid>(0));
  return cluster;
}

const api::FieldTable& IdentityReviewFields() {
  static const api::FieldTable kFields{{{"create_time", "r.create_time", api::FieldType::kTime}}, "r.id"};
  return kFields;
}

absl::StatusOr<IdentityReviewPage> ListIdentityReviews(postgres::Tx& tx, const api::ListQuery& query,
                                                       bool show_decided) {
  const api::SqlQuery sql =
      query.Select(ESNAF_REVIEW_COLUMNS, "identity_review r", show_decided ? "" : "r.decision = 0");
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  IdentityReviewPage page;
  for (int i = 0; i < query.PageRows(rows); ++i) page.reviews.push_back(ReadReview(rows[i]));
  page.next_page_token = query.NextPageToken(rows, kReviewColumnCount);
  return page;
}

absl::StatusOr<std::vector<IdentityReview>> ListOpenReviews(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListOpenReviews, contacts));
  std::vector<IdentityReview> reviews;
  for (int i = 0; i < rows.size(); ++i) reviews.push_back(ReadReview(rows[i]));
  return reviews;
}

absl::StatusOr<IdentityReview> GetIdentityReview(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetIdentityReview, id));
  if (rows.empty()) return NotFound("identity_review", id.ToString());
  return ReadReview(rows[0]);
}

absl::Status KeepApart(postgres::Tx& tx, const Uuid& review, std::string_view actor, Time now) {
  return tx.Execute(kKeepApart, review, actor, now).status();
}

}  // namespace esnaf::contacts
