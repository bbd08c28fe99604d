#include "services/contacts/leads/lead_connectors.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "esnaf/contacts/v1/events.pb.h"
#include "libs/base/macros.h"
#include "libs/events/outbox.h"
#include "services/contacts/interaction_store.h"
#include "services/contacts/interaction_wire.h"
#include "services/contacts/leads/google_lead.h"
#include "services/contacts/leads/meta_lead.h"
#include "services/contacts/linking_service.h"

namespace esnaf::contacts {
namespace {

Interaction InteractionOf(const ToldLead& told, const hooks::Delivery& delivery, Time now) {
  Interaction interaction;
  interaction.id = Uuid::NewV7(now);
  interaction.channel = Channel::kWebForm;
  interaction.direction = Direction::kInbound;
  // Apart from what stores record themselves under the ids of their own forms.
  interaction.external_id = absl::StrCat(delivery.connector, ":", delivery.store_id, ":", delivery.external_id);
  interaction.actor = delivery.connector;
  interaction.subject = SubjectOf(told.lead);
  interaction.body = BodyOf(told.lead);
  interaction.occur_time = std::min(told.submit_time.value_or(delivery.receive_time), delivery.receive_time);
  interaction.create_time = now;
  interaction.lead = told.lead;
  interaction.lead->store_id = delivery.store_id;
  return interaction;
}

class GoogleLeadForm final : public hooks::Connector {
 public:
  const std::string& name() const override { return name_; }
  const std::vector<hooks::SecretKind>& secret_kinds() const override { return secret_kinds_; }
  absl::StatusOr<hooks::Reception> Receive(const hooks::Request& request,
                                           const hooks::Secrets& secrets) const override {
    return ReceiveGoogleLead(request, secrets);
  }
  absl::StatusOr<hooks::Outcome> Handle(const runtime::Call& call, postgres::Tx& tx, const hooks::Delivery& delivery,
                                        const std::string&) override {
    ESNAF_ASSIGN_OR_RETURN(const ToldLead told, ReadGoogleLead(delivery.payload));
    return RecordLead(call, tx, told, delivery);
  }

 private:
  const std::string name_ = kGoogleConnector;
  const std::vector<hooks::SecretKind> secret_kinds_ = {{.name = kGoogleKey, .only_compared = true}};
};

class MetaLeadAds final : public hooks::Connector {
 public:
  explicit MetaLeadAds(GraphClient& graph) : graph_(graph) {}
  const std::string& name() const override { return name_; }
  const std::vector<hooks::SecretKind>& secret_kinds() const override { return secret_kinds_; }
  absl::StatusOr<hooks::Reception> Receive(const hooks::Request& request,
                                           const hooks::Secrets& secrets) const override {
    return ReceiveMetaLeads(request, secrets);
  }
  absl::StatusOr<std::string> Fetch(const hooks::Delivery& delivery, const hooks::Secrets& secrets) override {
    const std::string token(hooks::SecretOf(secrets, kMetaAccessToken));
    if (token.empty()) {
      return absl::FailedPreconditionError("the store is not connected any more, so Meta cannot be asked for the lead");
    }
    return graph_.GetLead(delivery.external_id, token, std::string(hooks::SecretOf(secrets, kMetaAppSecret)));
  }
  absl::StatusOr<hooks::Outcome> Handle(const runtime::Call& call, postgres::Tx& tx, const hooks::Delivery& delivery,
                                        const std::string& fetched) override {
    ESNAF_ASSIGN_OR_RETURN(const ToldLead told, ReadMetaLead(delivery.payload, fetched));
    return RecordLead(call, tx, told, delivery);
  }

 private:
  GraphClient& graph_;
  const std::string name_ = kMetaConnector;
  const std::vector<hooks::SecretKind> secret_kinds_ = {
      {.name = kMetaAppSecret}, {.name = kMetaVerifyToken, .only_compared = true}, {.name = kMetaAccessToken}};
};

}  // namespace

std::unique_ptr<hooks::Connector> MakeGoogleLeadForm() { return std::make_unique<GoogleLeadForm>(); }
std::unique_ptr<hooks::Connector> MakeMetaLeadAds(GraphClient& graph) { return std::make_unique<MetaLeadAds>(graph); }

bool IsLeadExternalId(std::string_view external_id) {
  const std::string_view connector = external_id.substr(0, external_id.find(':'));
  return connector.size() < external_id.size() && (connector == kGoogleConnector || connector == kMetaConnector);
}

absl::StatusOr<hooks::Outcome> RecordLead(const runtime::Call& call, postgres::Tx& tx, const ToldLead& told,
                                          const hooks::Delivery& delivery) {
  if (told.test) return hooks::Outcome{.subject_id = {}, .message = "a test of the platform, which creates nobody"};
  Interaction interaction = InteractionOf(told, delivery, call.now());
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Interaction> first,
                         FindInteraction(tx, interaction.channel, interaction.external_id));
  if (first) return hooks::Outcome{.subject_id = first->contact_id.ToString(), .message = "recorded before"};
  const Contact person = PersonOf(told.lead);
  if (person.identities.empty()) {
    return absl::InvalidArgumentError("the lead has neither an e-mail address nor a phone number that can be used");
  }
  ESNAF_ASSIGN_OR_RETURN(const UpsertedContact upserted, UpsertFromForm(call, tx, person));
  interaction.contact_id = upserted.id;
  v1::InteractionRecorded payload;
  *payload.mutable_interaction() = ToProto(interaction);
  const events::NewEvent event =
      events::MakeEvent(call, "interaction", interaction.id, 1, payload, interaction.occur_time);
  ESNAF_ASSIGN_OR_RETURN(const bool added, AddInteraction(tx, interaction, event));
  if (!added) return absl::AbortedError("the lead is being recorded by somebody else");
  return hooks::Outcome{.subject_id = upserted.id.ToString(),
                        .message = upserted.created ? "a new contact" : "a contact known before"};
}

}  // namespace esnaf::contacts
