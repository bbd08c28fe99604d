#pragma once

// Brings events to the streams of this process: one feeder reads the store for all of them, so that a stream holds a
// thread and a queue but no connection. Feed is woken by what this process does, and looks by itself for what others
// do. Signals live here alone and reach the streams of this process.
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "esnaf/support/v1/chats.pb.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/support/chat/chat.h"

namespace esnaf::support {

class ChatHub {
 public:
  // As many streams of visitors, and of one chat at most kMostOfChat; one more ends the one in which nothing happened
  // longest, or the chat's oldest, whose reader comes back.
  static constexpr std::size_t kMostOfChat = 5;
  explicit ChatHub(int most_visitors) : most_visitors_(static_cast<std::size_t>(most_visitors)) {}

  // A chat's stream: what waits to be written. Left by its destruction.
  struct Watch {
    Uuid chat_id;
    bool visitor = false;
    std::int64_t after = 0;    // up to here it was read from the store
    bool looked_up = false;    // whether `chat` says whether there is one
    std::optional<Chat> chat;  // as it was found
    bool admitted = false;     // whether its reader has proved that the chat is his
    bool ended = false;
    std::deque<v1::ChatUpdate> waiting;
    std::chrono::steady_clock::time_point active;
  };
  // An agent's inbox.
  struct Inbox {
    std::string agent;
    std::vector<std::string> store_ids;  // empty: all
    bool fresh = true;                   // whether it is to be told everything
    std::deque<v1::ChatInboxUpdate> waiting;
    std::map<Uuid, std::size_t> places;  // of each chat in it: what is newer takes the place of what was not yet read
  };

  // Everything is safe to call from several threads.
  std::shared_ptr<Watch> Join(const Uuid& chat, std::int64_t after, bool visitor);
  // Its reader may have the chat: the stream counts from now on, and others end where there are too many.
  void Admit(const std::shared_ptr<Watch>& watch);
  std::shared_ptr<Inbox> JoinInbox(std::string agent, std::vector<std::string> store_ids);
  // The chat of the watch, once the store was asked; none where there is none. UNAVAILABLE where it could not be asked.
  absl::StatusOr<std::optional<Chat>> Look(const std::shared_ptr<Watch>& watch, std::chrono::milliseconds at_most);
  // Takes what waits, or waits a while for something. False once the stream is to end.
  bool Next(const std::shared_ptr<Watch>& watch, std::chrono::milliseconds at_most,
            std::vector<v1::ChatUpdate>& updates);
  bool Next(const std::shared_ptr<Inbox>& inbox, std::chrono::milliseconds at_most,
            std::vector<v1::ChatInboxUpdate>& updates);
  // Something was committed.
  void Wake();
  // To the other side's streams.
  void Signal(const Uuid& chat, const v1::ChatSignal& signal);
  // The secret of visitors' tokens; empty before it was read. By Look it is there.
  std::string secret();

  // The feeder's round: waits until something may be to be read, reads it, and brings it to the streams.
  absl::Status Feed(postgres::Connection& connection, const Clock& clock);
  // Ends all streams, so that the server can stop.
  void Close();
  bool closed();

 private:
  using Steady = std::chrono::steady_clock;
  struct Round {
    std::vector<std::shared_ptr<Watch>> watches;
    std::vector<std::shared_ptr<Inbox>> inboxes;
  };

  // What is watched, once it is time to look; none before.
  std::optional<Round> AwaitRound();
  absl::Status LookUp(postgres::Tx& tx, const std::vector<std::shared_ptr<Watch>>& watches);
  absl::Status FeedWatches(postgres::Tx& tx, const std::vector<std::shared_ptr<Watch>>& watches);
  absl::Status FeedInboxes(postgres::Tx& tx, const std::vector<std::shared_ptr<Inbox>>& inboxes);
  absl::Status NotePresence(postgres::Connection& connection, const std::vector<std::shared_ptr<Inbox>>& inboxes,
                            Time now);
  template <typename Stream>
  static std::vector<std::shared_ptr<Stream>> Held(std::vector<std::weak_ptr<Stream>>& streams);
  const std::size_t most_visitors_;
  std::mutex mutex_;
  std::condition_variable wanted_;   // the feeder's
  std::condition_variable brought_;  // the streams'
  bool closed_ = false;
  bool woken_ = false;
  std::string secret_;
  std::vector<std::weak_ptr<Watch>> watches_;
  std::vector<std::weak_ptr<Inbox>> inboxes_;
  // The feeder's own.
  Steady::time_point looked_at_{};
  Steady::time_point noted_at_{};
  std::map<Uuid, Chat> live_;
};

}  // namespace esnaf::support
