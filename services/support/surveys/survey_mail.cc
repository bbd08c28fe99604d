#include "services/support/surveys/survey_mail.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/html.h"
#include "libs/base/macros.h"
#include "libs/consent/decision.h"
#include "libs/identity/identity.h"
#include "services/support/mail/mail_store.h"
#include "services/support/surveys/survey_page.h"

namespace esnaf::support {
namespace {

const postgres::Statement kVerifiedAddress("support", "verified_address", R"sql(
SELECT value FROM contact_identity
 WHERE contact_id = ANY ($1::uuid[]) AND kind = $2 AND verified
 ORDER BY array_position($1::uuid[], contact_id), value LIMIT 1
)sql");
const postgres::Statement kCameBack("support", "survey_mail_came_back", R"sql(
SELECT 1 FROM mail_out WHERE to_address = $1 AND state = 4 LIMIT 1
)sql");

void AddLanguage(const Survey& survey, PageLanguage language, const std::string& link, SurveyLetter& letter) {
  const bool turkish = language == PageLanguage::kTurkish;
  const std::string hello = turkish ? "Merhaba," : "Hello,", answer = turkish ? "Yanıtlamak için" : "To answer";
  const std::string code(LanguageCode(language));
  const std::string own_link = absl::StrCat(link, "?lang=", code);
  const std::string question = QuestionText(survey, language);
  const auto days = static_cast<int>(survey.expire.count());
  const std::string good_for = turkish ? absl::StrFormat("Bağlantı %d gün geçerlidir.", days)
                                       : absl::StrFormat("The link is good for %d days.", days);
  absl::StrAppend(&letter.text, letter.text.empty() ? "" : "\n-----\n\n", hello, "\n\n", question, "\n\n", answer, ": ",
                  own_link, "\n", good_for, "\n");
  absl::StrAppend(&letter.html, "<div lang=\"", code, "\"><p>", hello, "</p><p>", EscapeHtml(question),
                  "</p><p><a href=\"", EscapeHtml(own_link), "\">", answer, "</a></p><p>", good_for, "</p></div>");
}

}  // namespace

SurveyLetter WriteSurveyLetter(const Survey& survey, const std::string& link_path) {
  const std::string link = absl::StrCat(survey.mail ? survey.mail->link_origin : "", link_path);
  SurveyLetter letter;
  AddLanguage(survey, PageLanguage::kTurkish, link, letter);
  letter.html += "<hr>";
  AddLanguage(survey, PageLanguage::kEnglish, link, letter);
  letter.html = absl::StrCat("<!doctype html><html><body>", letter.html, "</body></html>");
  return letter;
}

absl::StatusOr<std::optional<SurveyRecipient>> RecipientOf(postgres::Tx& tx, const Survey& survey,
                                                           const SurveyInvitation& invitation) {
  if (!survey.mail || !invitation.ticket_id) return std::nullopt;
  SurveyRecipient recipient{.mailbox_id = survey.mail->mailbox_id};
  ESNAF_ASSIGN_OR_RETURN(const std::optional<MailRecord> written, LastWritten(tx, *invitation.ticket_id));
  if (written) {
    recipient = {written->mailbox_id, written->address, written->name, written->message_id};
  } else if (invitation.contact_id) {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> person, identity::ClusterOf(tx, *invitation.contact_id));
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                           tx.Execute(kVerifiedAddress, person, static_cast<int>(contacts::v1::IDENTITY_KIND_EMAIL)));
    if (!rows.empty()) recipient.address = rows[0].Get<std::string>(0);
  }
  if (recipient.address.empty()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result came_back, tx.Execute(kCameBack, recipient.address));
  // A survey about a ticket belongs to the service that the person asked for; it promotes nothing.
  consent::Message message{.message_class = consent::MessageClass::kTransactional,
                           .channel = consent::Channel::kEposta,
                           .address = recipient.address};
  if (!came_back.empty()) message.suppressions.push_back(consent::Suppression::kBounced);
  if (!consent::Decide(message, {}).allowed()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Mailbox> mailbox, FindMailbox(tx, recipient.mailbox_id));
  const bool sends = mailbox && !mailbox->smtp_url.empty() && !mailbox->disabled;
  return sends ? std::optional(std::move(recipient)) : std::nullopt;
}

absl::Status QueueSurveyMail(postgres::Tx& tx, const Survey& survey, const SurveyInvitation& invitation,
                             const SurveyRecipient& recipient, const std::string& link_path, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Mailbox> mailbox, FindMailbox(tx, recipient.mailbox_id));
  if (!mailbox || !invitation.ticket_id) return absl::InternalError("a survey has nowhere to be sent from");
  const SurveyLetter letter = WriteSurveyLetter(survey, link_path);
  const std::string domain = mailbox->address.substr(mailbox->address.rfind('@') + 1);
  return QueueMail(tx, {.id = Uuid::NewV7(now),
                        .mailbox_id = mailbox->id,
                        .message_id = absl::StrCat(invitation.id.ToString(), "@", domain),
                        .ticket_id = *invitation.ticket_id,
                        .to_address = recipient.address,
                        .to_name = recipient.name,
                        .in_reply_to = recipient.in_reply_to,
                        .text = letter.text,
                        .html = letter.html,
                        .automatic = true,
                        .create_time = now});
}

}  // namespace esnaf::support
