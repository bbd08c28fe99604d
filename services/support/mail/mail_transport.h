#pragma once

// How mails are fetched from and given to the firm's mail server. Libcurl does the work; tests put their own in place.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::support {

struct MailServer {
  std::string url;       // as Mailbox says
  std::string user;      // empty: nobody logs in
  std::string password;  // never logged
};

// A folder of an IMAP server over one connection.
class MailFolder {
 public:
  virtual ~MailFolder() = default;
  // All of them UNAVAILABLE where the server does not answer as it should.
  virtual absl::StatusOr<std::int64_t> UidValidity() = 0;
  struct Entry {
    std::int64_t uid = 0;
    std::int64_t size_bytes = 0;
  };
  // Those with larger ids than `uid`, ascending.
  virtual absl::StatusOr<std::vector<Entry>> After(std::int64_t uid) = 0;
  // The mail; OUT_OF_RANGE where it has more than `most_bytes`.
  virtual absl::StatusOr<std::string> Fetch(std::int64_t uid, std::size_t most_bytes) = 0;
};

class MailTransport {
 public:
  virtual ~MailTransport() = default;
  virtual std::unique_ptr<MailFolder> OpenFolder(const MailServer& server, const std::string& folder) = 0;
  // OK once the server has taken the mail. FAILED_PRECONDITION where it refuses it for good (5yz), UNAVAILABLE where it
  // may take it later.
  virtual absl::Status Send(const MailServer& server, const std::string& from, const std::string& to,
                            const std::string& wire) = 0;
};

std::unique_ptr<MailTransport> MakeCurlTransport();

}  // namespace esnaf::support
