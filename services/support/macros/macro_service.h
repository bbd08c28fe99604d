#pragma once

// The RPCs of esnaf.support.v1.MacroService.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/support/v1/macros.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/channel.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/macros/macro_text.h"
#include "services/support/tickets/desk_record.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

class MacroService {
 public:
  MacroService(TicketWriter& writer, std::shared_ptr<runtime::Channel> contacts);
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Macro> CreateMacro(runtime::Call& call, const v1::CreateMacroRequest& request);
  absl::StatusOr<v1::Macro> GetMacro(runtime::Call& call, const v1::GetMacroRequest& request);
  absl::StatusOr<v1::ListMacrosResponse> ListMacros(runtime::Call& call, const v1::ListMacrosRequest& request);
  absl::StatusOr<v1::Macro> UpdateMacro(runtime::Call& call, const v1::UpdateMacroRequest& request);
  absl::StatusOr<v1::DeleteMacroResponse> DeleteMacro(runtime::Call& call, const v1::DeleteMacroRequest& request);
  absl::StatusOr<v1::ApplyMacroResponse> ApplyMacro(runtime::Call& call, const v1::ApplyMacroRequest& request);
  absl::StatusOr<v1::PreviewMacroResponse> PreviewMacro(runtime::Call& call, const v1::PreviewMacroRequest& request);

 private:
  // A macro that is about to be used with a ticket, and whom the ticket is of where its text says so.
  struct Use {
    v1::Macro macro;
    std::vector<MacroPart> text;
    std::optional<contacts::v1::Contact> contact;
  };
  absl::StatusOr<Use> Prepare(runtime::Call& call, const std::string& macro_id, const Uuid& ticket_id, bool own_text);
  absl::StatusOr<contacts::v1::Contact> AskContact(runtime::Call& call, const Uuid& contact);

  TicketWriter& writer_;
  std::shared_ptr<runtime::Channel> contacts_;
  DeskRecords<v1::Macro> macros_;
};

}  // namespace esnaf::support
