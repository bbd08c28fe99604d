#pragma once

// The mail that brings a survey's link.
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/surveys/survey.h"

namespace esnaf::support {

struct SurveyLetter {
  std::string text;
  std::string html;
};
// In Turkish and then in English, since nobody knows which of them is read. `link_path` is `/s/{token}`. Pure.
SurveyLetter WriteSurveyLetter(const Survey& survey, const std::string& link_path);

// From which mailbox to whom, and in answer to which mail.
struct SurveyRecipient {
  std::string mailbox_id;
  std::string address;
  std::string name;
  std::string in_reply_to;  // empty: none
};
// Where the invitation about a ticket goes by mail: whoever wrote last in it, else a verified address of the contact;
// none where there is no address, where mails to it came back, or where the mailbox sends none.
absl::StatusOr<std::optional<SurveyRecipient>> RecipientOf(postgres::Tx& tx, const Survey& survey,
                                                           const SurveyInvitation& invitation);

// Queues the mail in the transaction of the asking.
absl::Status QueueSurveyMail(postgres::Tx& tx, const Survey& survey, const SurveyInvitation& invitation,
                             const SurveyRecipient& recipient, const std::string& link_path, Time now);

}  // namespace esnaf::support
