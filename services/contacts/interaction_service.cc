#include "services/contacts/interaction_service.h"

#include "esnaf/contacts/v1/events.pb.h"
#include "libs/api/convert.h"
#include "services/contacts/contact_wire.h"
#include "services/contacts/contact_writer.h"
#include "services/contacts/interaction_store.h"
#include "services/contacts/interaction_wire.h"
#include "services/contacts/leads/lead_connectors.h"
#include "services/contacts/linking_service.h"
#include "services/contacts/merge_store.h"

namespace esnaf::contacts {
namespace {

using Response = v1::IngestInteractionResponse;

absl::StatusOr<Response> AnswerRecorded(postgres::Tx& tx, const Interaction& interaction) {
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Interaction> first,
                         FindInteraction(tx, interaction.channel, interaction.external_id));
  if (!first) return absl::AbortedError("the interaction is just being recorded");
  Response response;
  *response.mutable_interaction() = ToProto(*first);
  return response;
}

// A browser speaks for its visitor alone: it names nobody by an id or by a customer number, which would be proof, and
// what the firm said or noted is not its to tell.
void CheckVisitor(const v1::IngestInteractionRequest& request, FieldViolations& violations) {
  const v1::Interaction& interaction = request.interaction();
  if (!interaction.contact_id().empty()) violations.Add("interaction.contact_id", "is not for publishable keys");
  if (interaction.direction() != v1::DIRECTION_INBOUND) {
    violations.Add("interaction.direction", "is inbound from a publishable key");
  }
  if (request.identity().kind() == v1::IDENTITY_KIND_STORE_CUSTOMER) {
    violations.Add("identity.kind", "is not for publishable keys");
  }
}

absl::StatusOr<Response> Record(const runtime::Call& call, postgres::Tx& tx, const Interaction& interaction) {
  v1::InteractionRecorded payload;
  *payload.mutable_interaction() = ToProto(interaction);
  const events::NewEvent event =
      events::MakeEvent(call, "interaction", interaction.id, 1, payload, interaction.occur_time);
  ESNAF_ASSIGN_OR_RETURN(const bool added, AddInteraction(tx, interaction, event));
  if (!added) return AnswerRecorded(tx, interaction);
  Response response;
  *response.mutable_interaction() = payload.interaction();
  response.set_created(true);
  return response;
}

}  // namespace

runtime::RpcService InteractionService::Rpcs() {
  runtime::RpcService rpcs("esnaf.contacts.v1.InteractionService");
  rpcs.Unary("IngestInteraction", this, &InteractionService::IngestInteraction)
      .Unary("ListTimeline", this, &InteractionService::ListTimeline);
  return rpcs;
}

absl::StatusOr<Response> InteractionService::IngestInteraction(runtime::Call& call,
                                                               const v1::IngestInteractionRequest& request) {
  FieldViolations violations;
  Interaction interaction = FromProto(request.interaction(), call.now(), violations);
  CheckInteraction(interaction, call.now(), violations);
  const bool from_browser = call.caller().kind == runtime::Caller::Kind::kPublishable;
  if (from_browser) CheckVisitor(request, violations);
  // Whoever took a lead's id before the lead came would be taken for it.
  if (interaction.channel == Channel::kWebForm && IsLeadExternalId(interaction.external_id)) {
    violations.Add("interaction.external_id", "begins like the ids of leads, which platforms bring themselves");
  }
  interaction.id = Uuid::NewV7(call.now());
  if (interaction.external_id.empty()) interaction.external_id = interaction.id.ToString();
  if (!request.interaction().contact_id().empty()) {
    ESNAF_RETURN_IF_ERROR(violations.ToStatus());
    ESNAF_ASSIGN_OR_RETURN(interaction.contact_id,
                           api::ParseId(request.interaction().contact_id(), "interaction.contact_id"));
    return call.Mutate<Response>(request, runtime::Call::Writes::kSingleStatement,
                                 [&](postgres::Tx& tx) { return Record(call, tx, interaction); });
  }
  Identity identity = NormalizeIdentity(FromProto(request.identity()), "identity", "TR", violations);
  if (from_browser) identity.verified = false;
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  ESNAF_RETURN_IF_ERROR(CheckStores(call.caller(), {identity}));
  // The contact may have to be created first, so there are two writing statements. One that was recorded before creates
  // nobody.
  return call.Mutate<Response>(
      request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<Response> {
        ESNAF_ASSIGN_OR_RETURN(const std::optional<Interaction> first,
                               FindInteraction(tx, interaction.channel, interaction.external_id));
        if (first) return AnswerRecorded(tx, *first);
        Interaction linked = interaction;
        ESNAF_ASSIGN_OR_RETURN(linked.contact_id, ResolveIdentity(call, tx, identity));
        return Record(call, tx, linked);
      });
}

absl::StatusOr<v1::ListTimelineResponse> InteractionService::ListTimeline(runtime::Call& call,
                                                                          const v1::ListTimelineRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  ESNAF_ASSIGN_OR_RETURN(
      const api::ListQuery query,
      api::ListQuery::Parse(request, TimelineFields(), {.default_order = "occur_time desc", .max_page_size = 500}));
  TimelineFilter filter;
  filter.kinds.assign(request.kinds().begin(), request.kinds().end());
  filter.channels.assign(request.channels().begin(), request.channels().end());
  filter.store_ids = call.caller().store_ids;
  ESNAF_ASSIGN_OR_RETURN(const TimelinePage page, call.Read([&](postgres::Tx& tx) -> absl::StatusOr<TimelinePage> {
    ESNAF_ASSIGN_OR_RETURN(filter.contact_ids, ClusterOf(tx, contact));
    if (filter.contact_ids.empty()) return NotFound("contact", contact.ToString());
    return contacts::ListTimeline(tx, query, filter);
  }));
  v1::ListTimelineResponse response;
  for (const TimelineItem& item : page.items) *response.add_entries() = ToProto(item);
  response.set_next_page_token(page.next_page_token);
  return response;
}

}  // namespace esnaf::contacts
