#include "services/support/macros/macro_service.h"

#include "libs/base/text.h"
#include "services/support/macros/macro_values.h"
#include "services/support/states/state_store.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr int kMostMacros = 2000;
constexpr std::size_t kMaxTextBytes = 10'000;

void CheckMacro(const v1::Macro& macro, const std::string& field, FieldViolations& violations) {
  ActionsFromProto(macro.actions(), field + ".actions", violations);
  if (macro.actions().empty() && macro.text().empty()) violations.Add(field, "does and says nothing");
  if (!v1::TicketMessageKind_IsValid(macro.message_kind())) violations.Add(field + ".message_kind", "is no kind");
  if (macro.text().size() > kMaxTextBytes) {
    violations.Add(field + ".text", absl::StrCat("is longer than ", kMaxTextBytes, " bytes"));
  } else if (!IsCleanUtf8(macro.text())) {
    violations.Add(field + ".text", "is no clean UTF-8");
  } else if (const auto parts = ParseMacroText(macro.text()); !parts.ok()) {
    violations.Add(field + ".text", std::string(parts.status().message()));
  }
}

}  // namespace

MacroService::MacroService(TicketWriter& writer, std::shared_ptr<runtime::Channel> contacts)
    : writer_(writer), contacts_(std::move(contacts)), macros_("macro", kMostMacros, &CheckMacro) {}

runtime::RpcService MacroService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.MacroService");
  rpcs.Unary("CreateMacro", this, &MacroService::CreateMacro)
      .Unary("GetMacro", this, &MacroService::GetMacro)
      .Unary("ListMacros", this, &MacroService::ListMacros)
      .Unary("UpdateMacro", this, &MacroService::UpdateMacro)
      .Unary("DeleteMacro", this, &MacroService::DeleteMacro)
      .Unary("ApplyMacro", this, &MacroService::ApplyMacro)
      .Unary("PreviewMacro", this, &MacroService::PreviewMacro);
  return rpcs;
}

absl::StatusOr<v1::Macro> MacroService::CreateMacro(Call& call, const v1::CreateMacroRequest& request) {
  return macros_.Create(call, request, request.macro());
}
absl::StatusOr<v1::Macro> MacroService::GetMacro(Call& call, const v1::GetMacroRequest& request) {
  return macros_.Get(call, request);
}
absl::StatusOr<v1::ListMacrosResponse> MacroService::ListMacros(Call& call, const v1::ListMacrosRequest& request) {
  return macros_.List<v1::ListMacrosResponse>(call, request,
                                              [](v1::ListMacrosResponse& response) { return response.add_macros(); });
}
absl::StatusOr<v1::Macro> MacroService::UpdateMacro(Call& call, const v1::UpdateMacroRequest& request) {
  return macros_.Update(call, request, request.macro());
}
absl::StatusOr<v1::DeleteMacroResponse> MacroService::DeleteMacro(Call& call, const v1::DeleteMacroRequest& request) {
  return macros_.Delete<v1::DeleteMacroResponse>(call, request);
}

absl::StatusOr<contacts::v1::Contact> MacroService::AskContact(Call& call, const Uuid& contact) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call.info().deadline - SystemClock().Now());
  contacts::v1::GetContactRequest request;
  request.set_id(contact.ToString());
  auto answer =
      contacts_->Call<contacts::v1::Contact>("/esnaf.contacts.v1.ContactService/GetContact", request,
                                             {.timeout = std::max(left * 3 / 4, std::chrono::milliseconds(1))});
  if (answer.ok()) return answer;
  // One that is gone has no name any more.
  if (answer.status().code() == absl::StatusCode::kNotFound) return contacts::v1::Contact();
  return absl::UnavailableError("contacts could not be asked for the requester");
}

absl::StatusOr<MacroService::Use> MacroService::Prepare(Call& call, const std::string& macro_id, const Uuid& ticket_id,
                                                        bool own_text) {
  Use use;
  std::optional<Uuid> contact;
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(use.macro, macros_.Find(tx, macro_id));
    ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, VisibleTicket(call, tx, ticket_id));
    contact = ticket.contact_id;
    return absl::OkStatus();
  }));
  if (own_text) return use;
  ESNAF_ASSIGN_OR_RETURN(use.text, ParseMacroText(use.macro.text()));
  if (contact && NamesContact(use.text)) {
    ESNAF_ASSIGN_OR_RETURN(use.contact, AskContact(call, *contact));
  }
  return use;
}

absl::StatusOr<v1::ApplyMacroResponse> MacroService::ApplyMacro(Call& call, const v1::ApplyMacroRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(auto answered, call.FindAnswer<v1::ApplyMacroResponse>(request));
  if (answered) return *std::move(answered);
  ESNAF_ASSIGN_OR_RETURN(const Use use, Prepare(call, request.macro_id(), id, !request.text().empty()));
  FieldViolations violations;
  const std::vector<TicketAction> actions = ActionsFromProto(use.macro.actions(), "macro.actions", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  using Answer = absl::StatusOr<v1::ApplyMacroResponse>;
  return call.Mutate<v1::ApplyMacroResponse>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockVisible(call, tx, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), ticket));
    const Cause cause = CauseOf(call);
    v1::ApplyMacroResponse response;
    const std::string text = request.text().empty()
                                 ? RenderMacroText(use.text, MacroValues(ticket, use.contact, cause.actor.name))
                                 : request.text();
    // What is said comes first, so that a macro that solves is an answer and then a solution.
    if (!text.empty()) {
      v1::TicketMessage given;
      given.set_text(text);
      given.set_kind(use.macro.message_kind());
      FieldViolations wrong;
      TicketMessage message = MessageFromProto(given, MessageKind::kReply, AuthorKind::kAgent, wrong);
      ESNAF_RETURN_IF_ERROR(wrong.ToStatus());
      message.id = Uuid::NewV7(call.now());
      message.ticket_id = id;
      message.actor = cause.actor.name;
      message.channel = ticket.channel;
      message.create_time = MomentOf(ticket, cause.now);
      ESNAF_ASSIGN_OR_RETURN(const TicketEvent said, ApplyMessage(ticket, message));
      ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, said, &message));
      *response.mutable_message() = MessageToProto(message);
    }
    const bool was_solved = ticket.state == TicketState::kSolved;
    ESNAF_ASSIGN_OR_RETURN(const std::vector<TicketAction> resolved, WithStates(tx, actions, ticket.store_id));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<TicketEvent> happened,
                           ApplyActions(ticket, resolved, cause.actor, MomentOf(ticket, cause.now)));
    if (!was_solved && ticket.state == TicketState::kSolved) ESNAF_RETURN_IF_ERROR(CheckParts(tx, id));
    for (const TicketEvent& event : happened) ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
    *response.mutable_ticket() = TicketToProto(ticket);
    return response;
  });
}

absl::StatusOr<v1::PreviewMacroResponse> MacroService::PreviewMacro(Call& call,
                                                                    const v1::PreviewMacroRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const Use use, Prepare(call, request.macro_id(), id, false));
  FieldViolations violations;
  const std::vector<TicketAction> actions = ActionsFromProto(use.macro.actions(), "macro.actions", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::PreviewMacroResponse> {
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, VisibleTicket(call, tx, id));
    const Actor agent = CauseOf(call).actor;
    v1::PreviewMacroResponse response;
    response.set_text(RenderMacroText(use.text, MacroValues(ticket, use.contact, agent.name)));
    const bool was_solved = ticket.state == TicketState::kSolved;
    ESNAF_ASSIGN_OR_RETURN(const std::vector<TicketAction> resolved, WithStates(tx, actions, ticket.store_id));
    ESNAF_RETURN_IF_ERROR(ApplyActions(ticket, resolved, agent, MomentOf(ticket, call.now())).status());
    if (!was_solved && ticket.state == TicketState::kSolved) ESNAF_RETURN_IF_ERROR(CheckParts(tx, id));
    *response.mutable_ticket() = TicketToProto(ticket);
    return response;
  });
}

}  // namespace esnaf::support
