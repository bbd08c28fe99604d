#pragma once

// Between channel rules and the messages of the contract, which are also their JSON in the database.
#include <string>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/channels.pb.h"
#include "services/attribution/touches/channel.h"
#include "services/attribution/touches/channel_store.h"

namespace esnaf::attribution {

ChannelRules RulesFromProto(const v1::ChannelRules& wire);
v1::ChannelRules RulesToProto(const ChannelRules& rules);
v1::ChannelRules VersionToProto(const ChannelRulesVersion& version);

}  // namespace esnaf::attribution
