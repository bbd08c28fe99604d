#pragma once

// Who looks at which ticket or writes in it: kept in memory, by each process for itself, and forgotten after a while.
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1.TicketActivity.
enum class TicketActivity { kViewing = 1, kTyping = 2 };

struct TicketViewer {
  std::string actor;
  TicketActivity activity = TicketActivity::kViewing;
  bool operator==(const TicketViewer&) const = default;
};

class TicketPresence {
 public:
  // Safe to call from several threads.
  // Says that somebody is there until 15 seconds from now.
  void Touch(const Uuid& ticket, const std::string& actor, TicketActivity activity, Time now);
  // Somebody watches from here on until Leave, and counts as viewing all the while.
  void Enter(const Uuid& ticket, const std::string& actor);
  void Leave(const Uuid& ticket, const std::string& actor);
  // Everybody who is there but `actor`, by name.
  std::vector<TicketViewer> Others(const Uuid& ticket, const std::string& actor, Time now);
  // Waits until something was said of any ticket since the last such wait, or a while has passed.
  void Wait(std::chrono::milliseconds at_most);

 private:
  struct Entry {
    int watches = 0;
    TicketActivity activity = TicketActivity::kViewing;
    Time until;  // until when the activity was touched
  };
  void ForgetExpired(Time now);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Uuid, std::map<std::string, Entry>> tickets_;
};

inline constexpr std::chrono::seconds kPresenceExpiry{15};

}  // namespace esnaf::support
