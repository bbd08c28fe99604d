#include "services/segmentation/segments/segment_wire.h"

#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/rules/rule_check.h"
#include "services/segmentation/rules/rule_print.h"
#include "services/segmentation/rules/rule_wire.h"

namespace esnaf::segmentation {
namespace {

absl::StatusOr<SegmentKind> KindFromProto(v1::SegmentKind kind, bool has_rule) {
  switch (kind) {
    case v1::SEGMENT_KIND_UNSPECIFIED:
      return has_rule ? SegmentKind::kRule : SegmentKind::kStatic;
    case v1::SEGMENT_KIND_RULE:
      return SegmentKind::kRule;
    case v1::SEGMENT_KIND_STATIC:
      return SegmentKind::kStatic;
    default:
      return InvalidField("segment.kind", "is no kind");
  }
}

// All but the rule.
absl::StatusOr<Segment> PlainFromProto(const v1::Segment& message, bool has_rule) {
  Segment segment;
  segment.id = message.id();
  segment.display_name = message.display_name();
  ESNAF_ASSIGN_OR_RETURN(segment.kind, KindFromProto(message.kind(), has_rule));
  segment.store_id = message.store_id();
  if (!message.time_zone().empty()) segment.time_zone = message.time_zone();
  return segment;
}

v1::Segment PlainToProto(const Segment& segment) {
  v1::Segment message;
  message.set_id(segment.id);
  message.set_display_name(segment.display_name);
  message.set_kind(static_cast<v1::SegmentKind>(segment.kind));
  if (segment.rule) *message.mutable_rule() = RuleToProto(*segment.rule);
  message.set_store_id(segment.store_id);
  message.set_time_zone(segment.time_zone);
  return message;
}

void SetRule(const Rule& rule, v1::ParseRuleResponse& response) {
  *response.mutable_rule() = RuleToProto(rule);
  response.set_canonical_text(PrintRule(rule));
  const RuleDependencies dependencies = DependenciesOf(rule);
  for (const std::string& key : dependencies.attributes) response.add_dependencies(key);
  for (const FactSource source : dependencies.sources) response.add_dependencies(std::string(NameOf(source)));
  for (const std::string& id : dependencies.segments) response.add_dependencies("segment:" + id);
  if (dependencies.on_time) response.add_dependencies("time");
}

}  // namespace

absl::StatusOr<Rule> RuleFrom(const v1::Rule* tree, const std::string& text, const Catalogue& catalogue,
                              std::string_view prefix) {
  if (tree) {
    ESNAF_ASSIGN_OR_RETURN(Rule rule, RuleFromProto(*tree, prefix));
    ESNAF_RETURN_IF_ERROR(ValidateRule(rule, catalogue, prefix));
    return rule;
  }
  ParsedRule parsed = ParseRule(text, catalogue);
  if (parsed.rule) return *std::move(parsed.rule);
  FieldViolations violations;
  for (const TextMistake& mistake : parsed.mistakes) {
    violations.Add(std::string(prefix) + "rule_text", Describe(mistake));
  }
  return violations.ToStatus();
}

absl::StatusOr<Segment> SegmentFromProto(const v1::Segment& message, const Catalogue& catalogue) {
  const bool has_rule = message.has_rule() || !message.rule_text().empty();
  ESNAF_ASSIGN_OR_RETURN(Segment segment, PlainFromProto(message, has_rule));
  if (has_rule) {
    ESNAF_ASSIGN_OR_RETURN(segment.rule, RuleFrom(message.has_rule() ? &message.rule() : nullptr, message.rule_text(),
                                                  catalogue, "segment."));
  }
  return segment;
}

v1::Segment SegmentToProto(const Segment& segment) {
  v1::Segment message = PlainToProto(segment);
  if (segment.rule) message.set_rule_text(PrintRule(*segment.rule));
  return message;
}

v1::Segment RecordToProto(const SegmentRecord& record) {
  v1::Segment message = SegmentToProto(record.segment);
  message.set_version(record.version);
  message.set_etag(SegmentEtagOf(record));
  *message.mutable_create_time() = api::ToProto(record.create_time);
  *message.mutable_update_time() = api::ToProto(record.update_time);
  message.set_member_count(record.member_count);
  if (record.as_of) *message.mutable_as_of_time() = api::ToProto(*record.as_of);
  return message;
}

std::string SegmentEtagOf(const SegmentRecord& record) { return absl::StrCat(record.version); }

std::string SegmentToJson(const Segment& segment) { return api::ToStoredJson(PlainToProto(segment)); }

absl::StatusOr<Segment> SegmentFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::Segment message, api::FromStoredJson<v1::Segment>(json));
  ESNAF_ASSIGN_OR_RETURN(Segment segment, PlainFromProto(message, message.has_rule()));
  if (message.has_rule()) {
    ESNAF_ASSIGN_OR_RETURN(segment.rule, RuleFromProto(message.rule()));
  }
  return segment;
}

v1::SegmentMember MembershipToProto(const Membership& membership) {
  v1::SegmentMember message;
  message.set_contact_id(membership.contact_id.ToString());
  message.set_segment_id(membership.segment_id);
  *message.mutable_enter_time() = api::ToProto(membership.enter_time);
  return message;
}

v1::SegmentSnapshot SnapshotToProto(const SegmentSnapshot& snapshot) {
  v1::SegmentSnapshot message;
  message.set_id(snapshot.id.ToString());
  message.set_segment_id(snapshot.segment_id);
  message.set_segment_version(snapshot.segment_version);
  message.set_display_name(snapshot.display_name);
  message.set_member_count(snapshot.member_count);
  *message.mutable_as_of_time() = api::ToProto(snapshot.as_of);
  *message.mutable_create_time() = api::ToProto(snapshot.create_time);
  message.set_pending(snapshot.pending);
  return message;
}

v1::SegmentEntered EnteredToProto(const SegmentRecord& record, const Uuid& contact, Time as_of) {
  v1::SegmentEntered message;
  message.set_contact_id(contact.ToString());
  message.set_segment_id(record.segment.id);
  message.set_segment_version(record.version);
  *message.mutable_as_of_time() = api::ToProto(as_of);
  return message;
}

v1::SegmentLeft LeftToProto(const SegmentRecord& record, const Uuid& contact, Time as_of) {
  v1::SegmentLeft message;
  message.set_contact_id(contact.ToString());
  message.set_segment_id(record.segment.id);
  message.set_segment_version(record.version);
  *message.mutable_as_of_time() = api::ToProto(as_of);
  return message;
}

v1::ParseRuleResponse ParsedToProto(const ParsedRule& parsed) {
  v1::ParseRuleResponse response;
  if (parsed.rule) SetRule(*parsed.rule, response);
  for (const TextMistake& mistake : parsed.mistakes) {
    v1::RuleMistake* out = response.add_mistakes();
    out->set_message(mistake.message);
    out->set_line(mistake.line);
    out->set_column(mistake.column);
    out->set_length(mistake.length);
    out->set_path(mistake.path);
    out->set_suggestion(mistake.suggestion);
  }
  return response;
}

v1::ParseRuleResponse CheckedToProto(const Rule& rule, const Catalogue& catalogue) {
  v1::ParseRuleResponse response;
  const std::vector<RuleMistake> mistakes = CheckRule(rule, catalogue);
  if (mistakes.empty()) SetRule(rule, response);
  for (const RuleMistake& mistake : mistakes) {
    v1::RuleMistake* out = response.add_mistakes();
    out->set_message(mistake.message);
    out->set_path(mistake.path);
    out->set_suggestion(mistake.suggestion);
  }
  return response;
}

}  // namespace esnaf::segmentation
