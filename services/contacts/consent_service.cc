#include "services/contacts/consent_service.h"

#include "esnaf/contacts/v1/events.pb.h"
#include "libs/api/convert.h"
#include "services/contacts/consent_store.h"
#include "services/contacts/consent_wire.h"
#include "services/contacts/contact_store.h"
#include "services/contacts/iys/iys_store.h"
#include "services/contacts/merge_store.h"

namespace esnaf::contacts {
namespace {

constexpr int kMostInBatch = 1000;

// The contacts of the person; NOT_FOUND where there is no such contact.
absl::StatusOr<std::vector<Uuid>> RequireCluster(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> cluster, ClusterOf(tx, contact));
  if (cluster.empty()) return NotFound("contact", contact.ToString());
  return cluster;
}

}  // namespace

runtime::RpcService ConsentService::Rpcs() {
  runtime::RpcService rpcs("esnaf.contacts.v1.ConsentService");
  rpcs.Unary("RecordConsent", this, &ConsentService::RecordConsent)
      .Unary("ListConsents", this, &ConsentService::ListConsents)
      .Unary("GetConsentState", this, &ConsentService::GetConsentState)
      .Unary("BatchGetConsentStates", this, &ConsentService::BatchGetConsentStates);
  return rpcs;
}

absl::StatusOr<v1::Consent> ConsentService::RecordConsent(runtime::Call& call,
                                                          const v1::RecordConsentRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  FieldViolations violations;
  Consent consent = NormalizeConsent(FromProto(request.consent(), call.now(), violations), call.now(), violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  if (!request.store_id().empty() && !call.caller().MaySee(request.store_id())) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_ALLOWED", "the key is not for this store",
                     {{"store_id", request.store_id()}});
  }
  consent.id = Uuid::NewV7(call.now());
  consent.contact_id = contact;
  const bool plain = !IsForIys(consent) && consent.brand_code.empty() && request.store_id().empty();
  const auto writes = plain ? runtime::Call::Writes::kSingleStatement : runtime::Call::Writes::kTransaction;
  return call.Mutate<v1::Consent>(request, writes, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Consent> {
    Consent told = consent;
    if (!plain) {
      ESNAF_ASSIGN_OR_RETURN(told.brand_code, CanonicalBrand(tx, consent.brand_code, request.store_id()));
    }
    v1::ConsentRecorded payload;
    *payload.mutable_consent() = ToProto(told);
    ESNAF_RETURN_IF_ERROR(
        AddConsent(tx, told, events::MakeEvent(call, "consent", told.id, 1, payload, told.consent_time)));
    ESNAF_RETURN_IF_ERROR(AddIysRecords(tx, told));
    return payload.consent();
  });
}

absl::StatusOr<v1::ListConsentsResponse> ConsentService::ListConsents(runtime::Call& call,
                                                                      const v1::ListConsentsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, ConsentFields(), {.default_order = "consent_time desc"}));
  ESNAF_ASSIGN_OR_RETURN(const ConsentPage page, call.Read([&](postgres::Tx& tx) -> absl::StatusOr<ConsentPage> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, RequireCluster(tx, contact));
    return contacts::ListConsents(tx, query, cluster);
  }));
  v1::ListConsentsResponse response;
  for (const Consent& consent : page.consents) *response.add_consents() = ToProto(consent);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::ConsentState> ConsentService::GetConsentState(runtime::Call& call,
                                                                 const v1::GetConsentStateRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  Time as_of = call.now();
  if (request.has_as_of()) {
    ESNAF_ASSIGN_OR_RETURN(as_of, api::FromProto(request.as_of(), "as_of"));
  }
  using Consents = std::vector<Consent>;
  ESNAF_ASSIGN_OR_RETURN(const Consents state, call.Read([&](postgres::Tx& tx) -> absl::StatusOr<Consents> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, RequireCluster(tx, contact));
    return contacts::GetConsentState(tx, cluster, as_of);
  }));
  v1::ConsentState response;
  for (const Consent& consent : state) *response.add_consents() = ToProto(consent);
  return response;
}

absl::StatusOr<v1::BatchGetConsentStatesResponse> ConsentService::BatchGetConsentStates(
    runtime::Call& call, const v1::BatchGetConsentStatesRequest& request) {
  if (request.contact_ids().empty() || request.contact_ids_size() > kMostInBatch) {
    return InvalidField("contact_ids", "must be 1 to 1000");
  }
  std::vector<Uuid> ids;
  for (int i = 0; i < request.contact_ids_size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid id,
                           api::ParseId(request.contact_ids(i), "contact_ids[" + std::to_string(i) + "]"));
    ids.push_back(id);
  }
  using Response = v1::BatchGetConsentStatesResponse;
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<Response> {
    ESNAF_ASSIGN_OR_RETURN(const auto persons, GetPersons(tx, ids));
    std::vector<Uuid> members;
    for (const auto& person : persons) {
      if (!person) continue;
      for (const StoredContact& member : person->members) members.push_back(member.contact.id);
    }
    ESNAF_ASSIGN_OR_RETURN(const auto lines, GetConsentStates(tx, members, call.now()));
    Response response;
    for (const auto& person : persons) {
      v1::ConsentState* state = response.add_states();
      if (!person) continue;
      std::vector<Consent> ledger;
      for (const StoredContact& member : person->members) {
        const auto found = lines.find(member.contact.id);
        if (found != lines.end()) ledger.insert(ledger.end(), found->second.begin(), found->second.end());
      }
      for (const Consent& consent : StateOf(ledger, call.now())) *state->add_consents() = ToProto(consent);
    }
    return response;
  });
}

}  // namespace esnaf::contacts
