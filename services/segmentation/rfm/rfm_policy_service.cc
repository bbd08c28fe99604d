// The RPCs that make, try and change policies.
#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm/rfm_access.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rfm/rfm_service.h"
#include "services/segmentation/rfm/rfm_table.h"
#include "services/segmentation/rfm/rfm_trial.h"
#include "services/segmentation/rfm/rfm_wire.h"

namespace esnaf::segmentation {
namespace {

constexpr int kDefaultHorizonDays = 90;
constexpr int kMaxHorizonDays = 1830;

// A trial reads only, from one snapshot, and holds nothing that others wait for; over the ledger it takes seconds a
// million people, and no statement of it longer than a minute.
const postgres::Statement kBoundTrial("segmentation", "bound_trial", R"sql(
SELECT set_config('statement_timeout', '60000', true)
)sql");

const api::FieldTable& VersionFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "version", .sql = "v.version", .type = api::FieldType::kInteger}}, .id_sql = "v.version"};
  return kFields;
}

absl::Status NoVersion(const std::string& id, std::int64_t version) {
  return MakeError(absl::StatusCode::kNotFound, "RFM_POLICY_VERSION_NOT_FOUND",
                   version == 0 ? "the policy has no draft" : "the policy has no such version",
                   {{"id", id}, {"version", std::to_string(version)}});
}

// A policy that a caller sends in the place of the one with this id.
absl::StatusOr<Policy> SentPolicy(const runtime::Call& call, const v1::RfmPolicy& message, const std::string& id) {
  v1::RfmPolicy named = message;
  if (named.id().empty()) named.set_id(id);
  if (named.id() != id) return InvalidField("policy.id", "is not the id of the policy that it is to replace");
  ESNAF_ASSIGN_OR_RETURN(Policy policy, PolicyFromProto(named));
  ESNAF_RETURN_IF_ERROR(ValidatePolicy(policy));
  if (!MaySee(call, policy)) return InvalidField("policy.store_id", "is a store that the key is not for");
  return policy;
}

// What a request wants tried: the policy that it holds, else the version that it names, else the draft, else what is in
// force.
template <typename Request>
absl::StatusOr<Policy> PolicyToTry(const runtime::Call& call, postgres::Tx& tx, const Request& request) {
  ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, GetPolicy(tx, request.id())));
  if (request.has_policy()) return SentPolicy(call, request.policy(), record.policy.id);
  ESNAF_ASSIGN_OR_RETURN(const std::optional<PolicyVersion> version,
                         FindVersion(tx, record.policy.id, request.version()));
  // A version may be for another store than the policy is now.
  const bool visible = version && MaySee(call, version->policy);
  if (!visible && request.version() != 0) return NoVersion(record.policy.id, request.version());
  return visible ? version->policy : record.policy;
}

// The answer, or why there is none where Postgres took too long.
template <typename Answer>
Answer Explained(Answer answer) {
  if (!absl::IsDeadlineExceeded(answer.status())) return answer;
  return MakeError(absl::StatusCode::kDeadlineExceeded, "RFM_TRIAL_TOO_LONG",
                   "the trial over everybody took longer than it may; try again when the table in memory is loaded");
}

constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kMostCohortContacts = 200'000;
constexpr int kMostHorizons = 10;

absl::Status CheckCohorts(const v1::CountRepeatPurchasesRequest& request, Time as_of, Time now) {
  if (!request.has_as_of_time()) return InvalidField("as_of_time", "is required");
  if (as_of >= now) return InvalidField("as_of_time", "is not in the past");
  if (request.horizon_days().empty() || request.horizon_days_size() > kMostHorizons) {
    return InvalidField("horizon_days", absl::StrCat("are not 1 to ", kMostHorizons));
  }
  for (const int days : request.horizon_days()) {
    if (days < 1 || days > kMaxHorizonDays) {
      return InvalidField("horizon_days", absl::StrCat("is not within 1 to ", kMaxHorizonDays));
    }
  }
  const std::size_t contacts = request.contact_ids().size() / kUuidBytes;
  if (request.contact_ids().size() % kUuidBytes != 0 || contacts > kMostCohortContacts) {
    return InvalidField("contact_ids", absl::StrCat("are not at most ", kMostCohortContacts, " ids of 16 bytes"));
  }
  if (request.groups().size() != contacts) return InvalidField("groups", "are not as many as contacts");
  return absl::OkStatus();
}

// By canonical contact.
absl::StatusOr<std::unordered_map<Uuid, Groups>> GroupsOf(postgres::Tx& tx,
                                                          const v1::CountRepeatPurchasesRequest& request) {
  std::vector<Uuid> contacts;
  for (std::size_t at = 0; at < request.contact_ids().size(); at += kUuidBytes) {
    std::array<std::uint8_t, kUuidBytes> bytes{};
    std::copy_n(request.contact_ids().begin() + static_cast<std::ptrdiff_t>(at), kUuidBytes, bytes.begin());
    contacts.push_back(Uuid(bytes));
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  std::unordered_map<Uuid, Groups> groups;
  for (std::size_t i = 0; i < canonicals.size(); ++i) groups[canonicals[i]] |= static_cast<Groups>(request.groups()[i]);
  return groups;
}

}  // namespace

absl::StatusOr<bool> RfmService::CatchUp(runtime::Call& call) {
  if (keeper_ == nullptr) return false;
  const absl::Status caught_up = call.Read([&](postgres::Tx& tx) { return keeper_->CatchUp(tx); });
  if (ErrorReason(caught_up) == kTableLoading) return false;
  ESNAF_RETURN_IF_ERROR(caught_up);
  return true;
}

ScoreAll RfmService::ScorerOf(postgres::Tx& tx, bool table_is_ready) const {
  if (!table_is_ready) {
    return [&tx](const Policy& policy, const Reference& reference) { return ScoreEverybody(tx, policy, reference); };
  }
  return [this](const Policy& policy, const Reference& reference) {
    return keeper_->WithTable([&](const PersonTable& table) { return ScoreTable(table, policy, reference); });
  };
}

SumAll RfmService::SummerOf(postgres::Tx& tx, bool table_is_ready) const {
  using Visit = std::function<void(const PersonSums&)>;
  if (!table_is_ready) {
    return [&tx](const PurchaseFilter& filter, const Visit& visit) { return ForEachPerson(tx, filter, visit); };
  }
  return [this](const PurchaseFilter& filter, const Visit& visit) {
    return keeper_->WithTable([&](const PersonTable& table) {
      SumTable(table, filter, visit);
      return absl::OkStatus();
    });
  };
}

absl::StatusOr<v1::RfmPolicy> RfmService::CreateRfmPolicy(runtime::Call& call,
                                                          const v1::CreateRfmPolicyRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Policy policy, PolicyFromProto(request.policy()));
  ESNAF_RETURN_IF_ERROR(ValidatePolicy(policy));
  if (!MaySee(call, policy)) return InvalidField("policy.store_id", "is a store that the key is not for");
  using Answer = absl::StatusOr<v1::RfmPolicy>;
  return call.Mutate<v1::RfmPolicy>(request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertPolicy(tx, policy, call.now(), call.caller().actor));
    if (!inserted) {
      return MakeError(absl::StatusCode::kAlreadyExists, "RFM_POLICY_ALREADY_EXISTS",
                       "there is an RFM policy with this id", {{"id", policy.id}});
    }
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, GetPolicy(tx, policy.id));
    return RecordToProto(record);
  });
}

absl::StatusOr<v1::RfmPolicy> RfmService::GetRfmPolicy(runtime::Call& call, const v1::GetRfmPolicyRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::RfmPolicy> {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, GetPolicy(tx, request.id())));
    return RecordToProto(record);
  });
}

absl::StatusOr<v1::ListRfmPoliciesResponse> RfmService::ListRfmPolicies(runtime::Call& call,
                                                                        const v1::ListRfmPoliciesRequest&) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListRfmPoliciesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<PolicyRecord> records, ListPolicies(tx));
    v1::ListRfmPoliciesResponse response;
    for (const PolicyRecord& record : records) {
      if (MaySee(call, record.policy)) *response.add_policies() = RecordToProto(record);
    }
    return response;
  });
}

absl::StatusOr<v1::RfmPolicy> MergePolicy(const v1::RfmPolicy& known, const v1::UpdateRfmPolicyRequest& request) {
  v1::RfmPolicy merged = known;
  ESNAF_RETURN_IF_ERROR(
      api::MergeByMask(api::ExpandMask(request.update_mask(), request.policy()), request.policy(), "policy", merged));
  merged.set_id(known.id());
  return merged;
}

absl::StatusOr<v1::RfmPolicy> RfmService::UpdateRfmPolicy(runtime::Call& call,
                                                          const v1::UpdateRfmPolicyRequest& request) {
  using Answer = absl::StatusOr<v1::RfmPolicy>;
  return call.Mutate<v1::RfmPolicy>(request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(PolicyRecord record, Visible(call, LockPolicy(tx, request.policy().id())));
    const std::string& etag = request.policy().etag();
    if (!etag.empty() && etag != EtagOf(record.version)) {
      return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the policy has changed since it was read",
                       {{"id", record.policy.id}});
    }
    ESNAF_ASSIGN_OR_RETURN(const v1::RfmPolicy merged, MergePolicy(PolicyToProto(record.policy), request));
    ESNAF_ASSIGN_OR_RETURN(Policy policy, PolicyFromProto(merged));
    ESNAF_RETURN_IF_ERROR(ValidatePolicy(policy));
    if (!MaySee(call, policy)) return InvalidField("policy.store_id", "is a store that the key is not for");
    if (policy != record.policy) {
      record.policy = std::move(policy);
      record.update_time = call.now();
      ESNAF_ASSIGN_OR_RETURN(record.version, UpdatePolicy(tx, record.policy, record.update_time, call.caller().actor));
    }
    return RecordToProto(record);
  });
}

absl::StatusOr<v1::RfmPolicyVersion> RfmService::SaveRfmPolicyDraft(runtime::Call& call,
                                                                    const v1::SaveRfmPolicyDraftRequest& request) {
  using Answer = absl::StatusOr<v1::RfmPolicyVersion>;
  const auto writes = runtime::Call::Writes::kTransaction;
  return call.Mutate<v1::RfmPolicyVersion>(request, writes, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, LockPolicy(tx, request.policy().id())));
    ESNAF_ASSIGN_OR_RETURN(const Policy policy, SentPolicy(call, request.policy(), record.policy.id));
    ESNAF_ASSIGN_OR_RETURN(const PolicyVersion draft, SaveDraft(tx, policy, call.now(), call.caller().actor));
    return VersionToProto(draft);
  });
}

absl::StatusOr<v1::ListRfmPolicyVersionsResponse> RfmService::ListRfmPolicyVersions(
    runtime::Call& call, const v1::ListRfmPolicyVersionsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, VersionFields(), {.default_order = "version desc"}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListRfmPolicyVersionsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, GetPolicy(tx, request.id())));
    const api::SqlQuery select =
        query.Select(kVersionColumns, "rfm_policy_version v", "v.policy_id = $1", {record.policy.id});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    v1::ListRfmPolicyVersionsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const PolicyVersion version, ReadVersion(rows[i]));
      if (MaySee(call, version.policy)) *response.add_versions() = VersionToProto(version);
    }
    response.set_next_page_token(query.NextPageToken(rows, kVersionColumnCount));
    return response;
  });
}

absl::StatusOr<v1::RfmPolicy> RfmService::ActivateRfmPolicyVersion(runtime::Call& call,
                                                                   const v1::ActivateRfmPolicyVersionRequest& request) {
  using Answer = absl::StatusOr<v1::RfmPolicy>;
  return call.Mutate<v1::RfmPolicy>(request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(PolicyRecord record, Visible(call, LockPolicy(tx, request.id())));
    ESNAF_ASSIGN_OR_RETURN(const std::optional<PolicyVersion> version,
                           FindVersion(tx, record.policy.id, request.version()));
    if (!version) return NoVersion(record.policy.id, request.version());
    const bool is_draft = version->state == VersionState::kDraft;
    if (is_draft && version->base_version != record.version && !request.force()) {
      return MakeError(
          absl::StatusCode::kFailedPrecondition, "RFM_DRAFT_OUTDATED",
          "the policy has changed since the draft was saved; look at it again, or set force",
          {{"base_version", std::to_string(version->base_version)}, {"version", std::to_string(record.version)}});
    }
    if (!MaySee(call, version->policy)) return NoVersion(record.policy.id, request.version());
    if (is_draft) ESNAF_RETURN_IF_ERROR(DeleteDraft(tx, record.policy.id));
    if (version->state != VersionState::kActive) {
      record.policy = version->policy;
      record.update_time = call.now();
      ESNAF_ASSIGN_OR_RETURN(record.version, UpdatePolicy(tx, record.policy, record.update_time, call.caller().actor));
    }
    return RecordToProto(record);
  });
}

absl::StatusOr<v1::RfmPreview> RfmService::PreviewRfmPolicy(runtime::Call& call,
                                                            const v1::PreviewRfmPolicyRequest& request) {
  Reference reference = Reference::Now(call.now());
  if (request.has_as_of_time()) {
    ESNAF_ASSIGN_OR_RETURN(const Time as_of, api::FromProto(request.as_of_time(), "as_of_time"));
    reference = Reference::At(as_of);
  }
  ESNAF_ASSIGN_OR_RETURN(const bool table_is_ready, CatchUp(call));
  return Explained(call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::RfmPreview> {
    ESNAF_RETURN_IF_ERROR(tx.Execute(kBoundTrial).status());
    ESNAF_ASSIGN_OR_RETURN(const Policy policy, PolicyToTry(call, tx, request));
    ESNAF_ASSIGN_OR_RETURN(const Preview preview, PreviewPolicy(tx, policy, reference, ScorerOf(tx, table_is_ready)));
    v1::RfmPreview response = PreviewToProto(preview);
    *response.mutable_as_of_time() = api::ToProto(reference.as_of);
    return response;
  }));
}

absl::StatusOr<v1::RfmBacktest> RfmService::BacktestRfmPolicy(runtime::Call& call,
                                                              const v1::BacktestRfmPolicyRequest& request) {
  if (!request.has_as_of_time()) return InvalidField("as_of_time", "is required");
  ESNAF_ASSIGN_OR_RETURN(const Time as_of, api::FromProto(request.as_of_time(), "as_of_time"));
  if (as_of >= call.now()) return InvalidField("as_of_time", "is not in the past");
  const int days = request.horizon_days() == 0 ? kDefaultHorizonDays : request.horizon_days();
  if (days < 1 || days > kMaxHorizonDays) {
    return InvalidField("horizon_days", absl::StrCat("is not within 1 to ", kMaxHorizonDays));
  }
  const Time until = std::min<Time>(as_of + std::chrono::days(days), call.now());
  ESNAF_ASSIGN_OR_RETURN(const bool table_is_ready, CatchUp(call));
  return Explained(call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::RfmBacktest> {
    ESNAF_RETURN_IF_ERROR(tx.Execute(kBoundTrial).status());
    ESNAF_ASSIGN_OR_RETURN(const Policy policy, PolicyToTry(call, tx, request));
    ESNAF_ASSIGN_OR_RETURN(const Backtest backtest, BacktestPolicy(policy, as_of, until, ScorerOf(tx, table_is_ready),
                                                                   SummerOf(tx, table_is_ready)));
    v1::RfmBacktest response = BacktestToProto(backtest);
    *response.mutable_as_of_time() = api::ToProto(as_of);
    *response.mutable_until_time() = api::ToProto(until);
    return response;
  }));
}

absl::StatusOr<v1::RepeatPurchases> RfmService::CountRepeatPurchases(runtime::Call& call,
                                                                     const v1::CountRepeatPurchasesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Time as_of, api::FromProto(request.as_of_time(), "as_of_time"));
  ESNAF_RETURN_IF_ERROR(CheckCohorts(request, as_of, call.now()));
  std::vector<Time> untils;
  for (const int days : request.horizon_days()) {
    untils.push_back(std::min<Time>(as_of + std::chrono::days(days), call.now()));
  }
  ESNAF_ASSIGN_OR_RETURN(const bool table_is_ready, CatchUp(call));
  return Explained(call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::RepeatPurchases> {
    ESNAF_RETURN_IF_ERROR(tx.Execute(kBoundTrial).status());
    const std::string policy_id = PolicyIdOf(request.policy_id());
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, GetPolicy(tx, policy_id));
    const auto& stores = request.store_ids();
    if (!stores.empty() && std::find(stores.begin(), stores.end(), record.policy.store_id) == stores.end()) {
      return NotFound("RFM policy", policy_id);
    }
    ESNAF_ASSIGN_OR_RETURN(const auto groups, GroupsOf(tx, request));
    ESNAF_ASSIGN_OR_RETURN(
        const Cohorts cohorts,
        CountCohorts(record.policy, as_of, untils, groups, ScorerOf(tx, table_is_ready), SummerOf(tx, table_is_ready)));
    return CohortsToProto(cohorts);
  }));
}

}  // namespace esnaf::segmentation
