#include "services/contacts/merge_service.h"

#include "esnaf/contacts/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/text.h"
#include "libs/events/outbox.h"
#include "services/contacts/contact_wire.h"
#include "services/contacts/contact_writer.h"
#include "services/contacts/merge_store.h"
#include "services/contacts/timeline_store.h"

namespace esnaf::contacts {
namespace {

using Writes = runtime::Call::Writes;

constexpr int kMostSimilarNames = 200;

// Writes the link, its event and its line in the timeline of the contact that was merged or released.
absl::Status SaveAlias(const runtime::Call& call, postgres::Tx& tx, const AliasChange& change,
                       const std::string& reason) {
  ESNAF_ASSIGN_OR_RETURN(
      const std::int64_t version,
      RecordAlias(tx, {.change = change, .reason = reason, .actor = call.caller().actor, .time = call.now()}));
  v1::ContactAliasChanged payload;
  payload.set_original_id(change.original.ToString());
  if (change.canonical) payload.set_canonical_id(change.canonical->ToString());
  const events::NewEvent event =
      events::MakeEvent(call, "contact_alias", change.original, version, payload, call.now());
  ESNAF_RETURN_IF_ERROR(AddTimelineEntries(
      tx, {{.id = event.id,
            .contact_id = change.original,
            .kind = TimelineKind::kIdentity,
            .occur_time = call.now(),
            .summary = change.canonical ? "Başka bir kişi kaydıyla birleştirildi" : "Birleştirme geri alındı",
            .subject_id = change.canonical ? change.canonical->ToString() : ""}}));
  return events::Append(tx, {event});
}

absl::Status Merge(const runtime::Call& call, postgres::Tx& tx, const Uuid& survivor, const Uuid& other,
                   const std::string& reason) {
  ESNAF_ASSIGN_OR_RETURN(Lineages lineages, LockLineages(tx, {survivor, other}));
  for (const Uuid& contact : {survivor, other}) {
    const Uuid canonical = lineages.aliases.CanonicalOf(contact);
    if (lineages.deleted.contains(canonical)) return ContactDeleted(canonical);
  }
  ESNAF_ASSIGN_OR_RETURN(const AliasChange change, lineages.aliases.Merge(survivor, other));
  return SaveAlias(call, tx, change, reason);
}

// What is known of each contact that may be the same person as `person`.
absl::StatusOr<std::map<Uuid, PairEvidence>> GatherEvidence(postgres::Tx& tx, const Person& person) {
  std::map<Uuid, PairEvidence> evidence;
  ESNAF_ASSIGN_OR_RETURN(const auto similar,
                         FindSimilarNames(tx, FoldName(ShownName(person.contact)), kMostSimilarNames));
  for (const SimilarContact& other : similar) {
    evidence[other.stored.contact.id].name_similarity = other.similarity;
  }
  std::vector<Uuid> members = {person.contact.id};
  members.insert(members.end(), person.merged_contact_ids.begin(), person.merged_contact_ids.end());
  ESNAF_ASSIGN_OR_RETURN(const std::vector<IdentityReview> reviews, ListOpenReviews(tx, members));
  for (const IdentityReview& review : reviews) {
    const bool own = std::find(members.begin(), members.end(), review.owner_contact_id) != members.end();
    const Uuid& other = own ? review.claimant_contact_id : review.owner_contact_id;
    evidence[other].open_reviews.push_back(review.identity.key.kind);
  }
  return evidence;
}

absl::StatusOr<std::vector<v1::DuplicateCandidate>> FindCandidates(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const Person person, GetPerson(tx, contact));
  ESNAF_ASSIGN_OR_RETURN(const auto evidence, GatherEvidence(tx, person));
  std::vector<Uuid> ids;
  for (const auto& [id, pair] : evidence) ids.push_back(id);
  ESNAF_ASSIGN_OR_RETURN(const auto persons, GetPersons(tx, ids));
  // Several contacts of one person count once, with the best of their evidence.
  std::map<Uuid, v1::DuplicateCandidate> best;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!persons[i] || persons[i]->contact.id == person.contact.id || persons[i]->contact.delete_time) continue;
    const Likeness likeness = ScoreLikeness(person.contact, persons[i]->contact, evidence.at(ids[i]));
    v1::DuplicateCandidate& candidate = best[persons[i]->contact.id];
    if (likeness.score < kLeastCandidateScore || likeness.score <= candidate.score()) continue;
    *candidate.mutable_contact() = ToProto(*persons[i]);
    candidate.set_score(likeness.score);
    candidate.clear_reasons();
    for (const std::string& reason : likeness.reasons) candidate.add_reasons(reason);
  }
  std::vector<v1::DuplicateCandidate> candidates;
  for (auto& [id, candidate] : best) {
    if (candidate.has_contact()) candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.score() > b.score(); });
  return candidates;
}

}  // namespace

void MergeService::AddRpcs(runtime::RpcService& rpcs) {
  rpcs.Unary("MergeContacts", this, &MergeService::MergeContacts)
      .Unary("UnmergeContact", this, &MergeService::UnmergeContact)
      .Unary("ListDuplicateCandidates", this, &MergeService::ListDuplicateCandidates)
      .Unary("ListIdentityReviews", this, &MergeService::ListIdentityReviews)
      .Unary("DecideIdentityReview", this, &MergeService::DecideIdentityReview);
}

absl::StatusOr<v1::Contact> MergeService::MergeContacts(runtime::Call& call, const v1::MergeContactsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid survivor, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const Uuid other, api::ParseId(request.other_contact_id(), "other_contact_id"));
  FieldViolations violations;
  CheckText(request.reason(), "reason", 1000, violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return call.Mutate<v1::Contact>(request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Contact> {
    ESNAF_RETURN_IF_ERROR(Merge(call, tx, survivor, other, request.reason()));
    ESNAF_ASSIGN_OR_RETURN(const Person person, GetPerson(tx, survivor));
    return ToProto(person);
  });
}

absl::StatusOr<v1::Contact> MergeService::UnmergeContact(runtime::Call& call,
                                                         const v1::UnmergeContactRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  Uuid original = id;
  if (!request.other_contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(original, api::ParseId(request.other_contact_id(), "other_contact_id"));
  }
  return call.Mutate<v1::Contact>(request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Contact> {
    ESNAF_ASSIGN_OR_RETURN(Lineages lineages, LockLineages(tx, {id, original}));
    if (lineages.aliases.CanonicalOf(id) != lineages.aliases.CanonicalOf(original)) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_MERGED", "the two contacts are not one person");
    }
    ESNAF_ASSIGN_OR_RETURN(const AliasChange change, lineages.aliases.Unmerge(original));
    ESNAF_RETURN_IF_ERROR(SaveAlias(call, tx, change, ""));
    ESNAF_ASSIGN_OR_RETURN(const Person person, GetPerson(tx, original));
    return ToProto(person);
  });
}

absl::StatusOr<v1::ListDuplicateCandidatesResponse> MergeService::ListDuplicateCandidates(
    runtime::Call& call, const v1::ListDuplicateCandidatesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  ESNAF_ASSIGN_OR_RETURN(const int most, api::PageSize(request.page_size(), 20, 100));
  ESNAF_ASSIGN_OR_RETURN(const auto candidates,
                         call.Read([&](postgres::Tx& tx) { return FindCandidates(tx, contact); }));
  v1::ListDuplicateCandidatesResponse response;
  for (const v1::DuplicateCandidate& candidate : candidates) {
    if (response.candidates_size() == most) break;
    *response.add_candidates() = candidate;
  }
  return response;
}

absl::StatusOr<v1::ListIdentityReviewsResponse> MergeService::ListIdentityReviews(
    runtime::Call& call, const v1::ListIdentityReviewsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, IdentityReviewFields(), {.default_order = "create_time"}));
  ESNAF_ASSIGN_OR_RETURN(const IdentityReviewPage page, call.Read([&](postgres::Tx& tx) {
    return contacts::ListIdentityReviews(tx, query, request.show_decided());
  }));
  v1::ListIdentityReviewsResponse response;
  for (const IdentityReview& review : page.reviews) *response.add_reviews() = ToProto(review);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::IdentityReview> MergeService::DecideIdentityReview(runtime::Call& call,
                                                                      const v1::DecideIdentityReviewRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  const bool merge = request.decision() == v1::IdentityReview::DECISION_MERGED;
  if (!merge && request.decision() != v1::IdentityReview::DECISION_KEPT_APART) {
    return InvalidField("decision", "must be DECISION_MERGED or DECISION_KEPT_APART");
  }
  return call.Mutate<v1::IdentityReview>(
      request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::IdentityReview> {
        ESNAF_ASSIGN_OR_RETURN(const IdentityReview review, GetIdentityReview(tx, id));
        ESNAF_RETURN_IF_ERROR(CheckOpen(review));
        if (merge) {
          ESNAF_RETURN_IF_ERROR(
              Merge(call, tx, review.owner_contact_id, review.claimant_contact_id, "identity review " + request.id()));
        } else {
          ESNAF_RETURN_IF_ERROR(KeepApart(tx, id, call.caller().actor, call.now()));
        }
        ESNAF_ASSIGN_OR_RETURN(const IdentityReview decided, GetIdentityReview(tx, id));
        return ToProto(decided);
      });
}

}  // namespace esnaf::contacts
