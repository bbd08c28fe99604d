#include "services/support/tickets/ticket_presence.h"

namespace esnaf::support {

void TicketPresence::Touch(const Uuid& ticket, const std::string& actor, TicketActivity activity, Time now) {
  {
    const std::lock_guard lock(mutex_);
    ForgetExpired(now);
    Entry& entry = tickets_[ticket][actor];
    entry.activity = activity;
    entry.until = now + kPresenceExpiry;
  }
  changed_.notify_all();
}

void TicketPresence::Enter(const Uuid& ticket, const std::string& actor) {
  {
    const std::lock_guard lock(mutex_);
    ++tickets_[ticket][actor].watches;
  }
  changed_.notify_all();
}

void TicketPresence::Leave(const Uuid& ticket, const std::string& actor) {
  {
    const std::lock_guard lock(mutex_);
    --tickets_[ticket][actor].watches;
  }
  changed_.notify_all();
}

std::vector<TicketViewer> TicketPresence::Others(const Uuid& ticket, const std::string& actor, Time now) {
  const std::lock_guard lock(mutex_);
  ForgetExpired(now);
  std::vector<TicketViewer> others;
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end()) return others;
  for (const auto& [name, entry] : found->second) {
    if (name == actor) continue;
    others.push_back({name, entry.until > now ? entry.activity : TicketActivity::kViewing});
  }
  return others;
}

void TicketPresence::Wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most);
}

void TicketPresence::ForgetExpired(Time now) {
  for (auto ticket = tickets_.begin(); ticket != tickets_.end();) {
    std::erase_if(ticket->second,
                  [now](const auto& entry) { return entry.second.watches <= 0 && entry.second.until <= now; });
    ticket = ticket->second.empty() ? tickets_.erase(ticket) : std::next(ticket);
  }
}

}  // namespace esnaf::support
