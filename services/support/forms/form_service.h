#pragma once

// The RPCs of esnaf.support.v1.TicketFormService.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/forms.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/forms/form.h"
#include "services/support/forms/form_store.h"
#include "services/support/forms/form_token.h"
#include "services/support/tickets/requesters.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class TicketFormService {
 public:
  TicketFormService(TicketWriter& writer, Requesters& requesters) : writer_(writer), requesters_(requesters) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::TicketForm> CreateTicketForm(runtime::Call& call, const v1::CreateTicketFormRequest& request);
  absl::StatusOr<v1::TicketForm> GetTicketForm(runtime::Call& call, const v1::GetTicketFormRequest& request);
  absl::StatusOr<v1::ListTicketFormsResponse> ListTicketForms(runtime::Call& call,
                                                              const v1::ListTicketFormsRequest& request);
  absl::StatusOr<v1::TicketForm> UpdateTicketForm(runtime::Call& call, const v1::UpdateTicketFormRequest& request);
  absl::StatusOr<v1::DeleteTicketFormResponse> DeleteTicketForm(runtime::Call& call,
                                                                const v1::DeleteTicketFormRequest& request);
  absl::StatusOr<v1::OpenTicketFormResponse> OpenTicketForm(runtime::Call& call,
                                                            const v1::OpenTicketFormRequest& request);
  absl::StatusOr<v1::SubmitTicketFormResponse> SubmitTicketForm(runtime::Call& call,
                                                                const v1::SubmitTicketFormRequest& request);
  absl::StatusOr<v1::ServeTicketFormPageResponse> ServeTicketFormPage(runtime::Call& call,
                                                                      const v1::ServeTicketFormPageRequest& request);

 private:
  // A form that somebody may fill in, and what its tokens are signed with.
  struct OpenForm {
    v1::TicketForm form;
    std::string secret;
  };
  // NOT_FOUND where there is none that is enabled.
  static absl::StatusOr<OpenForm> FindOpen(runtime::Call& call, const std::string& id);

  // What was sent and read: whether it looks like spam, and who sends it.
  struct Sending {
    v1::TicketForm form;
    FilledForm filled;
    Submission submission;
    std::string session;
    std::optional<identity::IdentitySet> requester;
    identity::Links links;
    std::vector<Uuid> attachment_ids;
    std::string actor;
  };
  // Judges it; RESOURCE_EXHAUSTED where it is not even kept. The number where its ticket is made already.
  absl::StatusOr<std::optional<std::int64_t>> Judge(runtime::Call& call, const v1::SubmitTicketFormRequest& request,
                                                    const FormToken& token, const std::string& secret,
                                                    Sending& sending);
  absl::StatusOr<std::int64_t> MakeTicket(postgres::Tx& tx, const Sending& sending, Time now);
  // What is wrong with the fields goes to `mistakes`; the number where nothing is.
  absl::StatusOr<std::int64_t> Send(runtime::Call& call, const v1::SubmitTicketFormRequest& request,
                                    std::vector<FormMistake>& mistakes);

  absl::StatusOr<v1::ServeTicketFormPageResponse> ServeSent(runtime::Call& call, const OpenForm& open,
                                                            const v1::ServeTicketFormPageRequest& request);
  absl::StatusOr<v1::ServeTicketFormPageResponse> ServePart(runtime::Call& call, const OpenForm& open,
                                                            const v1::ServeTicketFormPageRequest& request);

  TicketWriter& writer_;
  Requesters& requesters_;
};

}  // namespace esnaf::support
