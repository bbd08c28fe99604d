#pragma once

// One exchange with a person, over whatever channel.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/contacts/leads/lead.h"
#include "services/contacts/timeline.h"

namespace esnaf::contacts {

// The numbers are those of esnaf.contacts.v1.Channel and Direction.
enum class Channel {
  kUnspecified = 0,
  kEmail = 1,
  kWebChat = 2,
  kWebForm = 3,
  kPhone = 4,
  kSms = 5,
  kWhatsapp = 6,
  kSocial = 7,
  kPush = 8,
  kInStore = 9,
  kMarketplace = 10
};
enum class Direction { kUnspecified = 0, kInbound = 1, kOutbound = 2, kInternal = 3 };

struct Attachment {
  std::string file_name;
  std::string media_type;
  std::int64_t size_bytes = 0;
  std::string uri;
  bool operator==(const Attachment&) const = default;
};

struct Interaction {
  Uuid id;
  Uuid contact_id;  // unmerged
  Channel channel = Channel::kUnspecified;
  Direction direction = Direction::kUnspecified;
  std::string external_id;
  std::string thread_id;
  std::string actor;
  std::string subject;
  std::string body;
  std::vector<Attachment> attachments;
  Time occur_time;
  std::string call_outcome;
  std::optional<Duration> call_duration;
  Time create_time;
  std::optional<Lead> lead;  // where it is a lead of an advertisement
  bool operator==(const Interaction&) const = default;
};

inline constexpr std::size_t kMaxBodyBytes = 64 * 1024;
inline constexpr std::size_t kMaxAttachments = 50;
// Clocks of two machines differ: a time this little ahead of ours is no time in the future.
inline constexpr std::chrono::minutes kClockTolerance{5};

// Adds every violation, under `interaction.`.
void CheckInteraction(const Interaction& interaction, Time now, FieldViolations& violations);
// Its line in the timeline.
TimelineEntry EntryOf(const Interaction& interaction);

}  // namespace esnaf::contacts
