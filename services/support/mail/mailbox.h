#pragma once

// An address of the firm, and the mails that come and go there.
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::support {

struct Mailbox {
  std::string id;
  std::string address;
  std::string display_name;
  std::string store_id;
  std::string team;
  std::string imap_url;  // empty: nothing is fetched
  std::string imap_folder = "INBOX";
  std::string imap_user;
  std::string imap_password_file;
  std::string smtp_url;  // empty: nothing goes out
  std::string smtp_user;
  std::string smtp_password_file;
  std::string acknowledgement;
  bool disabled = false;
  std::string key;  // signs reply addresses
  std::int64_t uid_validity = 0;
  std::int64_t last_uid = 0;
  std::string fetch_failure;
  std::optional<Time> fetch_time;
  Time create_time;
};

// Adds what is wrong, by the names of the contract below `field`.
void CheckMailbox(const Mailbox& mailbox, const std::string& field, FieldViolations& violations);

// The numbers are those of esnaf.support.v1.MailOutcome, and stored.
enum class MailOutcome { kTicket = 1, kMessage = 2, kNote = 3, kBounce = 4, kIgnored = 5, kSentOut = 6 };
// The numbers are those of esnaf.support.v1.OutgoingMailState, and stored.
enum class OutgoingState { kWaiting = 1, kSent = 2, kDead = 3, kBounced = 4 };

// Whether passwords and people's mails may go to the address: encrypted from the beginning (`imaps`, `smtps`), with TLS
// demanded (`imap`, `smtp`), or to this machine.
bool IsServerUrl(std::string_view url, std::string_view scheme);
// Whether it is of this machine, where TLS is not demanded.
bool IsOfThisMachine(std::string_view url);

// How long to wait after the attempt of this number, from 1: 30 s, 2 min, 8 min, ... at most an hour.
Duration MailDelayAfter(int attempt);
inline constexpr int kMostMailAttempts = 40;  // for some 36 hours, then a mail is dead

// How many automatic answers go to one address within that time: what stops a machine that does not say that it is one.
inline constexpr int kMostAutomaticAnswers = 3;
inline constexpr std::chrono::hours kAutomaticAnswersWithin{1};

}  // namespace esnaf::support
