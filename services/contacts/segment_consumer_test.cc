#include "services/contacts/segment_consumer.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

LabelChange Change(std::int64_t version, const char* from, const char* to, const char* time) {
  return {.contact_id = *Uuid::Parse("01890a5d-ac96-774b-bcce-b302099a8057"),
          .policy_id = "default",
          .store_id = "tr",
          .label = to,
          .label_name = to,
          .previous_label = from,
          .version = version,
          .time = ParseRfc3339(time).value()};
}

// The day's line after these changes.
std::optional<TimelineEntry> After(const std::vector<LabelChange>& changes, bool merged = false) {
  std::optional<TimelineEntry> line;
  for (const LabelChange& change : changes) line = Retell(line, change, merged);
  return line;
}

TEST_CASE("a day's line says where it began and where it came to") {
  const LabelChange up = Change(4, "new", "loyal", "2026-03-01T10:00:00Z");
  const LabelChange further = Change(5, "loyal", "champions", "2026-03-01T10:05:00Z");
  const auto line = After({up, further});
  REQUIRE(line);
  CHECK(line->id == LineIdOf(up));
  CHECK(line->summary == "RFM etiketi: champions (önceki: new)");
  CHECK(line->label_before == "new");
  CHECK(line->subject_version == 5);
  CHECK(line->store_id == "tr");
  CHECK(line->occur_time == further.time);
  // What is not newer changes nothing.
  CHECK(After({up, further, up})->summary == line->summary);
}

TEST_CASE("a day that ends as it began has no line") {
  const LabelChange away = Change(4, "new", "loyal", "2026-03-01T10:00:00Z");
  const LabelChange back = Change(5, "loyal", "new", "2026-03-01T10:05:00Z");
  CHECK_FALSE(After({away, back}));
  const auto again = After({away, back, Change(6, "new", "lost", "2026-03-01T11:00:00Z")});
  REQUIRE(again);
  CHECK(again->summary == "RFM etiketi: lost (önceki: new)");
}

TEST_CASE("a label that is taken away is told as that, unless the contact is merged") {
  const LabelChange gone = Change(4, "loyal", "", "2026-03-01T10:00:00Z");
  CHECK(After({gone})->summary == "RFM etiketi kalktı: sayılan sipariş kalmadı (önceki: loyal)");
  CHECK_FALSE(After({gone}, true));
  // What the day told before stands.
  const LabelChange up = Change(3, "new", "loyal", "2026-03-01T09:00:00Z");
  CHECK(After({up, gone}, true)->summary == "RFM etiketi: loyal (önceki: new)");
}

TEST_CASE("days are those of Istanbul, and policies have lines of their own") {
  const LabelChange evening = Change(1, "", "new", "2026-03-01T20:59:59Z");
  const LabelChange night = Change(2, "new", "loyal", "2026-03-01T21:00:00Z");
  CHECK(LineIdOf(evening) != LineIdOf(night));
  LabelChange other = evening;
  other.policy_id = "vip";
  CHECK(LineIdOf(evening) != LineIdOf(other));
  other = evening;
  other.time = ParseRfc3339("2026-02-28T21:00:00Z").value();
  CHECK(LineIdOf(evening) == LineIdOf(other));
}

}  // namespace
}  // namespace esnaf::contacts
