#include "services/support/chat/chat_hub.h"

#include <set>

#include "libs/base/macros.h"
#include "services/support/chat/chat_store.h"
#include "services/support/chat/chat_wire.h"

namespace esnaf::support {
namespace {

constexpr std::chrono::milliseconds kLookPeriod{200};
constexpr std::chrono::seconds kPresencePeriod{8};
constexpr std::chrono::hours kPresenceKept{1};
constexpr int kMostEvents = 2000;
constexpr int kMostLive = 5000;
constexpr std::size_t kMostWaiting = 500;  // then the store is read no further for a stream

bool Sees(const ChatHub::Inbox& inbox, const Chat& chat) {
  return inbox.store_ids.empty() ||
         std::find(inbox.store_ids.begin(), inbox.store_ids.end(), chat.store_id) != inbox.store_ids.end();
}

void Bring(ChatHub::Inbox& inbox, const Chat& chat) {
  if (!Sees(inbox, chat)) return;
  const auto [place, added] = inbox.places.emplace(chat.id, inbox.waiting.size());
  v1::ChatInboxUpdate& update = added ? inbox.waiting.emplace_back() : inbox.waiting[place->second];
  *update.mutable_chat() = ChatToProto(chat);
}

template <typename Update>
void TakeAll(std::deque<Update>& waiting, std::vector<Update>& updates) {
  updates.assign(std::make_move_iterator(waiting.begin()), std::make_move_iterator(waiting.end()));
  waiting.clear();
}

}  // namespace

template <typename Stream>
std::vector<std::shared_ptr<Stream>> ChatHub::Held(std::vector<std::weak_ptr<Stream>>& streams) {
  std::vector<std::shared_ptr<Stream>> held;
  std::erase_if(streams, [&](const std::weak_ptr<Stream>& stream) {
    auto alive = stream.lock();
    if (!alive) return true;
    held.push_back(std::move(alive));
    return false;
  });
  return held;
}

std::shared_ptr<ChatHub::Watch> ChatHub::Join(const Uuid& chat, std::int64_t after, bool visitor) {
  auto watch = std::make_shared<Watch>();
  watch->chat_id = chat;
  watch->visitor = visitor;
  watch->after = after;
  watch->active = Steady::now();
  {
    const std::lock_guard lock(mutex_);
    watches_.push_back(watch);
    woken_ = true;
  }
  wanted_.notify_all();
  return watch;
}

void ChatHub::Admit(const std::shared_ptr<Watch>& watch) {
  if (!watch->visitor) return;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Watch> idle, oldest;
    std::size_t visitors = 0, of_chat = 0;
    for (const auto& other : Held(watches_)) {
      if (!other->visitor || !other->admitted || other->ended) continue;
      ++visitors;
      if (!idle || other->active < idle->active) idle = other;
      if (other->chat_id != watch->chat_id) continue;
      ++of_chat;
      if (!oldest) oldest = other;
    }
    watch->admitted = true;
    if (of_chat >= kMostOfChat) {
      oldest->ended = true;
    } else if (visitors >= most_visitors_ && idle) {
      idle->ended = true;
    }
  }
  brought_.notify_all();
}

std::shared_ptr<ChatHub::Inbox> ChatHub::JoinInbox(std::string agent, std::vector<std::string> store_ids) {
  auto inbox = std::make_shared<Inbox>();
  inbox->agent = std::move(agent);
  inbox->store_ids = std::move(store_ids);
  {
    const std::lock_guard lock(mutex_);
    inboxes_.push_back(inbox);
    woken_ = true;
    // The agent counts as being there from now on.
    noted_at_ = {};
  }
  wanted_.notify_all();
  return inbox;
}

absl::StatusOr<std::optional<Chat>> ChatHub::Look(const std::shared_ptr<Watch>& watch,
                                                  std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  brought_.wait_for(lock, at_most, [&] { return watch->looked_up || closed_; });
  if (!watch->looked_up) return absl::UnavailableError("the chat could not be looked up in time");
  return watch->chat;
}

bool ChatHub::Next(const std::shared_ptr<Watch>& watch, std::chrono::milliseconds at_most,
                   std::vector<v1::ChatUpdate>& updates) {
  std::unique_lock lock(mutex_);
  brought_.wait_for(lock, at_most, [&] { return !watch->waiting.empty() || watch->ended || closed_; });
  TakeAll(watch->waiting, updates);
  return !updates.empty() || (!watch->ended && !closed_);
}

bool ChatHub::Next(const std::shared_ptr<Inbox>& inbox, std::chrono::milliseconds at_most,
                   std::vector<v1::ChatInboxUpdate>& updates) {
  std::unique_lock lock(mutex_);
  brought_.wait_for(lock, at_most, [&] { return !inbox->waiting.empty() || closed_; });
  TakeAll(inbox->waiting, updates);
  inbox->places.clear();
  return !closed_;
}

void ChatHub::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wanted_.notify_all();
}

void ChatHub::Signal(const Uuid& chat, const v1::ChatSignal& signal) {
  {
    const std::lock_guard lock(mutex_);
    const bool of_visitor = signal.author() == v1::CHAT_AUTHOR_VISITOR;
    for (const auto& watch : Held(watches_)) {
      if (watch->chat_id != chat || watch->visitor == of_visitor || watch->waiting.size() >= kMostWaiting) continue;
      *watch->waiting.emplace_back().mutable_signal() = signal;
    }
  }
  brought_.notify_all();
}

std::string ChatHub::secret() {
  const std::lock_guard lock(mutex_);
  return secret_;
}

void ChatHub::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wanted_.notify_all();
  brought_.notify_all();
}

bool ChatHub::closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::optional<ChatHub::Round> ChatHub::AwaitRound() {
  std::unique_lock lock(mutex_);
  wanted_.wait_for(lock, kLookPeriod, [this] { return woken_ || closed_; });
  if (closed_) return std::nullopt;
  const bool due = std::exchange(woken_, false) || Steady::now() - looked_at_ >= kLookPeriod;
  Round round{Held(watches_), Held(inboxes_)};
  if (round.inboxes.empty()) live_.clear();
  if (!due || (round.watches.empty() && round.inboxes.empty())) return std::nullopt;
  looked_at_ = Steady::now();
  return round;
}

absl::Status ChatHub::Feed(postgres::Connection& connection, const Clock& clock) {
  const std::optional<Round> round = AwaitRound();
  if (!round) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(NotePresence(connection, round->inboxes, clock.Now()));
  return connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(LookUp(tx, round->watches));
    ESNAF_RETURN_IF_ERROR(FeedWatches(tx, round->watches));
    return FeedInboxes(tx, round->inboxes);
  });
}

absl::Status ChatHub::LookUp(postgres::Tx& tx, const std::vector<std::shared_ptr<Watch>>& watches) {
  std::vector<Uuid> ids;
  bool knows_secret = false;
  {
    const std::lock_guard lock(mutex_);
    knows_secret = !secret_.empty();
    for (const auto& watch : watches) {
      if (!watch->looked_up) ids.push_back(watch->chat_id);
    }
  }
  if (ids.empty()) return absl::OkStatus();
  std::string secret;
  if (!knows_secret) {
    ESNAF_ASSIGN_OR_RETURN(secret, ChatSecret(tx));
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Chat> chats, FindChats(tx, ids));
  std::map<Uuid, const Chat*> found;
  for (const Chat& chat : chats) found.emplace(chat.id, &chat);
  const std::lock_guard lock(mutex_);
  if (!knows_secret) secret_ = std::move(secret);
  for (const auto& watch : watches) {
    if (watch->looked_up) continue;
    if (const auto chat = found.find(watch->chat_id); chat != found.end()) watch->chat = *chat->second;
    watch->looked_up = true;
  }
  brought_.notify_all();
  return absl::OkStatus();
}

absl::Status ChatHub::FeedWatches(postgres::Tx& tx, const std::vector<std::shared_ptr<Watch>>& watches) {
  // Of each chat what the one that is furthest behind has not read.
  std::map<Uuid, std::int64_t> behind;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& watch : watches) {
      if (!watch->chat || watch->ended || watch->waiting.size() >= kMostWaiting) continue;
      const auto [entry, added] = behind.emplace(watch->chat_id, watch->after);
      if (!added) entry->second = std::min(entry->second, watch->after);
    }
  }
  if (behind.empty()) return absl::OkStatus();
  std::vector<Uuid> ids;
  std::vector<std::int64_t> after;
  for (const auto& [id, sequence] : behind) {
    ids.push_back(id);
    after.push_back(sequence);
  }
  ESNAF_ASSIGN_OR_RETURN(const auto events, EventsBehind(tx, ids, after, kMostEvents));
  if (events.empty()) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  if (events.size() == static_cast<std::size_t>(kMostEvents)) woken_ = true;
  std::map<Uuid, std::vector<Watch*>> watches_of;
  for (const auto& watch : watches) watches_of[watch->chat_id].push_back(watch.get());
  for (const auto& [id, event] : events) {
    for (Watch* const watch : watches_of[id]) {
      // One that was left out above may be further behind than what was read.
      if (event.sequence != watch->after + 1) continue;
      watch->after = event.sequence;
      watch->active = Steady::now();
      v1::ChatUpdate& update = watch->waiting.emplace_back();
      update.set_sequence(event.sequence);
      *update.mutable_event() = ChatEventToProto(event);
    }
  }
  brought_.notify_all();
  return absl::OkStatus();
}

absl::Status ChatHub::FeedInboxes(postgres::Tx& tx, const std::vector<std::shared_ptr<Inbox>>& inboxes) {
  if (inboxes.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(std::vector<Chat> live, LiveChats(tx, kMostLive));
  std::map<Uuid, Chat> now;
  for (Chat& chat : live) now.emplace(chat.id, std::move(chat));
  std::vector<Uuid> gone;
  for (const auto& [id, chat] : live_) {
    if (!now.contains(id)) gone.push_back(id);
  }
  std::vector<Chat> last;
  if (!gone.empty()) {
    ESNAF_ASSIGN_OR_RETURN(last, FindChats(tx, gone));
  }
  std::vector<const Chat*> changed;
  for (const auto& [id, chat] : now) {
    const auto known = live_.find(id);
    if (known == live_.end() || known->second.version != chat.version) changed.push_back(&chat);
  }
  for (const Chat& chat : last) changed.push_back(&chat);
  const std::lock_guard lock(mutex_);
  for (const auto& inbox : inboxes) {
    if (std::exchange(inbox->fresh, false)) {
      for (const auto& [id, chat] : now) Bring(*inbox, chat);
    } else {
      for (const Chat* chat : changed) Bring(*inbox, *chat);
    }
  }
  live_ = std::move(now);
  brought_.notify_all();
  return absl::OkStatus();
}

absl::Status ChatHub::NotePresence(postgres::Connection& connection, const std::vector<std::shared_ptr<Inbox>>& inboxes,
                                   Time now) {
  if (inboxes.empty()) return absl::OkStatus();
  std::vector<std::pair<std::string, std::string>> there;
  {
    const std::lock_guard lock(mutex_);
    if (Steady::now() - noted_at_ < kPresencePeriod) return absl::OkStatus();
    noted_at_ = Steady::now();
  }
  for (const auto& inbox : inboxes) {
    if (inbox->store_ids.empty()) there.emplace_back(inbox->agent, "");
    for (const std::string& store : inbox->store_ids) there.emplace_back(inbox->agent, store);
  }
  return connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(ForgetAgents(tx, now - kPresenceKept));
    return NoteAgents(tx, there, now);
  });
}

}  // namespace esnaf::support
