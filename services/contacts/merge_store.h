#pragma once

// The SQL of merges: links between contacts, the ledger of them, and the reviews that they settle.
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/list_query.h"
#include "libs/postgres/connection.h"
#include "services/contacts/alias_map.h"
#include "services/contacts/identity_review.h"

namespace esnaf::contacts {

// Some contacts and all that they are merged into.
struct Lineages {
  AliasMap aliases;
  std::set<Uuid> deleted;  // those of them that are deleted
};
// Locks the lineages of the contacts, so that no other merge or unmerge moves them. NOT_FOUND naming the first contact
// that does not exist.
absl::StatusOr<Lineages> LockLineages(postgres::Tx& tx, const std::vector<Uuid>& contacts);

struct MergeRecord {
  AliasChange change;
  std::string reason;
  std::string actor;
  Time time;
};
// Sets or removes the link and adds the line to the ledger; settles and reopens the reviews between contacts that
// became one person or two. Answers the version of the original's link, which counts its merges and unmerges.
absl::StatusOr<std::int64_t> RecordAlias(postgres::Tx& tx, const MergeRecord& record);

// Those of the contacts that are merged into another.
absl::StatusOr<std::set<Uuid>> MergedOf(postgres::Tx& tx, const std::vector<Uuid>& contacts);

// Every contact that is one person with this one; empty where there is no such contact.
absl::StatusOr<std::vector<Uuid>> ClusterOf(postgres::Tx& tx, const Uuid& contact);

const api::FieldTable& IdentityReviewFields();
struct IdentityReviewPage {
  std::vector<IdentityReview> reviews;
  std::string next_page_token;
};
absl::StatusOr<IdentityReviewPage> ListIdentityReviews(postgres::Tx& tx, const api::ListQuery& query,
                                                       bool show_decided);
// Open reviews in which one of the contacts is owner or claimant.
absl::StatusOr<std::vector<IdentityReview>> ListOpenReviews(postgres::Tx& tx, const std::vector<Uuid>& contacts);
// Locks the review until the transaction ends. NOT_FOUND where there is none.
absl::StatusOr<IdentityReview> GetIdentityReview(postgres::Tx& tx, const Uuid& id);
absl::Status KeepApart(postgres::Tx& tx, const Uuid& review, std::string_view actor, Time now);

}  // namespace esnaf::contacts
