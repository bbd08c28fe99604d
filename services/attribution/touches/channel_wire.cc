#include "services/attribution/touches/channel_wire.h"

#include "absl/strings/str_cat.h"
#include "libs/api/convert.h"

namespace esnaf::attribution {

ChannelRules RulesFromProto(const v1::ChannelRules& wire) {
  ChannelRules rules;
  for (const v1::ChannelRule& sent : wire.rules()) {
    ChannelRule& rule = rules.rules.emplace_back();
    rule.channel = sent.channel();
    rule.paid = sent.paid();
    for (const v1::ChannelCondition& condition : sent.all_of()) {
      ChannelCondition& any_of = rule.all_of.emplace_back();
      for (const v1::ChannelTest& test : condition.any_of()) {
        any_of.push_back(
            {static_cast<ChannelField>(test.field()), static_cast<ChannelOperator>(test.operator_()), test.value()});
      }
    }
  }
  for (const v1::SourceList& list : wire.source_lists()) {
    rules.source_lists.push_back({list.name(), {list.entries().begin(), list.entries().end()}});
  }
  rules.payment_hosts.assign(wire.payment_hosts().begin(), wire.payment_hosts().end());
  rules.own_hosts.assign(wire.own_hosts().begin(), wire.own_hosts().end());
  return rules;
}

v1::ChannelRules RulesToProto(const ChannelRules& rules) {
  v1::ChannelRules wire;
  for (const ChannelRule& rule : rules.rules) {
    v1::ChannelRule& added = *wire.add_rules();
    added.set_channel(rule.channel);
    added.set_paid(rule.paid);
    for (const ChannelCondition& condition : rule.all_of) {
      v1::ChannelCondition& any_of = *added.add_all_of();
      for (const ChannelTest& test : condition) {
        v1::ChannelTest& told = *any_of.add_any_of();
        told.set_field(static_cast<v1::ChannelField>(test.field));
        told.set_operator_(static_cast<v1::ChannelOperator>(test.op));
        told.set_value(test.value);
      }
    }
  }
  for (const SourceList& list : rules.source_lists) {
    v1::SourceList& added = *wire.add_source_lists();
    added.set_name(list.name);
    added.mutable_entries()->Add(list.entries.begin(), list.entries.end());
  }
  wire.mutable_payment_hosts()->Add(rules.payment_hosts.begin(), rules.payment_hosts.end());
  wire.mutable_own_hosts()->Add(rules.own_hosts.begin(), rules.own_hosts.end());
  return wire;
}

v1::ChannelRules VersionToProto(const ChannelRulesVersion& version) {
  v1::ChannelRules wire = RulesToProto(version.rules);
  wire.set_version(version.version);
  *wire.mutable_create_time() = api::ToProto(version.create_time);
  wire.set_actor(version.actor);
  wire.set_etag(absl::StrCat(version.version));
  return wire;
}

}  // namespace esnaf::attribution
