#include "services/segmentation/segments/segment.h"

#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/segmentation/rules/rule_check.h"

namespace esnaf::segmentation {

absl::Status ValidateSegment(const Segment& segment, const Catalogue& catalogue) {
  FieldViolations violations;
  if (!IsSegmentId(segment.id)) violations.Add("segment.id", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  if (segment.display_name.size() > kMaxSegmentNameBytes) {
    violations.Add("segment.display_name", absl::StrCat("is longer than ", kMaxSegmentNameBytes, " bytes"));
  } else if (!IsCleanUtf8(segment.display_name)) {
    violations.Add("segment.display_name", "is no clean UTF-8");
  }
  if (!segment.store_id.empty() && !IsStoreId(segment.store_id)) {
    violations.Add("segment.store_id", "is no id of a store");
  }
  if (!TimeZone::Load(segment.time_zone).ok()) {
    violations.Add("segment.time_zone", "is no IANA time zone, for example Europe/Istanbul");
  }
  if (segment.kind == SegmentKind::kStatic && segment.rule) violations.Add("segment.rule", "a static list has no rule");
  if (segment.kind == SegmentKind::kRule && !segment.rule) violations.Add("segment.rule", "is missing");
  if (segment.rule) {
    for (const RuleMistake& mistake : CheckRule(*segment.rule, catalogue)) {
      violations.Add("segment." + mistake.path, mistake.message);
    }
  }
  return violations.ToStatus();
}

bool SelectsAlike(const Segment& a, const Segment& b) {
  return a.kind == b.kind && a.rule == b.rule && a.store_id == b.store_id && a.time_zone == b.time_zone;
}

std::set<std::string> ReferencesOf(const Segment& segment) {
  return segment.rule ? DependenciesOf(*segment.rule).segments : std::set<std::string>();
}

absl::Status ValidateReferences(const Segment& segment,
                                const std::map<std::string, std::set<std::string>>& references) {
  const std::set<std::string> to = ReferencesOf(segment);
  FieldViolations violations;
  for (const std::string& id : to) {
    if (id != segment.id && !references.contains(id)) {
      violations.Add("segment.rule", "names the segment \"" + id + "\", which does not exist");
    }
  }
  const std::vector<std::string> cycle = FindCycle(segment.id, to, references);
  if (!cycle.empty()) {
    std::string path;
    for (const std::string& id : cycle) path += (path.empty() ? "" : " -> ") + id;
    violations.Add("segment.rule", "leads back to the segment itself: " + path);
  }
  return violations.ToStatus();
}

Uuid MembershipId(const std::string& segment_id, const Uuid& contact_id) {
  return Uuid::FromName("esnaf.segmentation.segment_member", segment_id + ":" + contact_id.ToString());
}

}  // namespace esnaf::segmentation
