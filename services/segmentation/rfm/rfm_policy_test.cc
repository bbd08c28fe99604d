// What is allowed in a policy, and which label each combination of scores earns.
#include "services/segmentation/rfm/rfm_policy.h"

#include <rapidcheck.h>

#include <set>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

Time At(std::string_view text) { return ParseRfc3339(text).value(); }

void CheckRefused(const Policy& policy, const std::string& field) {
  const absl::Status status = ValidatePolicy(policy);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  const auto fields = ErrorFields(status);
  INFO("expected a violation of " << field << ", got " << testing::DescribeStatus(status));
  CHECK(std::any_of(fields.begin(), fields.end(), [&](const auto& f) { return f.first == field; }));
}

TEST_CASE("the default policy is allowed and its ten labels share the 25 cells out") {
  const Policy policy = DefaultPolicy();
  CHECK_OK(ValidatePolicy(policy));
  CHECK(policy.labels.size() == 10);
  for (int r = 1; r <= 5; ++r) {
    for (int f = 1; f <= 5; ++f) {
      int labels = 0;
      for (const Label& label : policy.labels) {
        labels += std::any_of(label.boxes.begin(), label.boxes.end(), [&](const Box& b) {
          return b.Contains({r, f, 3});
        });
      }
      INFO("recency " << r << " frequency " << f);
      CHECK(labels == 1);
    }
  }
}

TEST_CASE("the default grid is the one that the trade knows") {
  const Policy policy = DefaultPolicy();
  const LabelGrid grid(policy);
  // Rows: recency 1 to 5; columns: frequency 1 to 5.
  const char* expected[5][5] = {
      {"hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"},
      {"hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"},
      {"about_to_sleep", "about_to_sleep", "need_attention", "loyal_customers", "loyal_customers"},
      {"promising", "potential_loyalists", "potential_loyalists", "loyal_customers", "loyal_customers"},
      {"new_customers", "potential_loyalists", "potential_loyalists", "champions", "champions"}};
  for (int r = 1; r <= 5; ++r) {
    for (int f = 1; f <= 5; ++f) {
      for (int m = 1; m <= 5; ++m) CHECK(grid.LabelOf({r, f, m}).key == expected[r - 1][f - 1]);
    }
  }
}

TEST_CASE("everybody has exactly one label under any policy that is allowed") {
  REQUIRE(rc::check("a policy is allowed exactly where every combination fits a box, and the first label wins", [] {
    Policy policy;
    policy.id = "any";
    policy.bucket_count = *rc::gen::inRange(3, 7);
    const int label_count = *rc::gen::inRange(1, 6);
    const auto range = [&] {
      const int min = *rc::gen::inRange(0, policy.bucket_count + 1);
      return min == 0 ? ScoreRange{} : ScoreRange{min, *rc::gen::inRange(min, policy.bucket_count + 1)};
    };
    for (int i = 0; i < label_count; ++i) {
      Label label{.key = absl::StrCat("label_", i), .name_tr = "Etiket", .name_en = "Label", .rank = i};
      for (int j = *rc::gen::inRange(1, 4); j > 0; --j) label.boxes.push_back({range(), range(), range()});
      policy.labels.push_back(std::move(label));
    }
    if (*rc::gen::arbitrary<bool>()) policy.labels.push_back({"rest", "Kalan", "Rest", 0, {Box{}}});
    bool complete = true;
    std::vector<std::string> expected;
    for (int r = 1; r <= policy.bucket_count; ++r) {
      for (int f = 1; f <= policy.bucket_count; ++f) {
        for (int m = 1; m <= policy.bucket_count; ++m) {
          const auto fits = [&](const Label& label) {
            return std::any_of(label.boxes.begin(), label.boxes.end(), [&](const Box& box) {
              return box.Contains({r, f, m});
            });
          };
          const auto first = std::find_if(policy.labels.begin(), policy.labels.end(), fits);
          complete = complete && first != policy.labels.end();
          expected.push_back(first == policy.labels.end() ? "" : first->key);
        }
      }
    }
    RC_ASSERT(ValidatePolicy(policy).ok() == complete);
    if (!complete) return;
    const LabelGrid grid(policy);
    std::size_t i = 0;
    for (int r = 1; r <= policy.bucket_count; ++r) {
      for (int f = 1; f <= policy.bucket_count; ++f) {
        for (int m = 1; m <= policy.bucket_count; ++m) RC_ASSERT(grid.LabelOf({r, f, m}).key == expected[i++]);
      }
    }
  }));
}

TEST_CASE("a policy that makes no sense is refused, each field by its name") {
  Policy policy = DefaultPolicy();
  policy.id = "Default";
  policy.bucket_count = 11;
  policy.window_days = -1;
  policy.time_zone = "Asia/Atlantis";
  policy.currency_code = "lira";
  policy.labels[2].key = "9lives";
  policy.labels[3].key = policy.labels[1].key;
  policy.labels[4].name_tr = "";
  policy.labels[5].boxes.clear();
  for (const char* field :
       {"policy.id", "policy.bucket_count", "policy.window_days", "policy.time_zone", "policy.currency_code",
        "policy.labels[2].key", "policy.labels[3].key", "policy.labels[4].name_tr", "policy.labels[5].boxes"}) {
    CheckRefused(policy, field);
  }
}

TEST_CASE("ranges lie within the buckets") {
  Policy policy = DefaultPolicy();
  policy.labels[0].boxes[0].recency = {5, 6};
  CheckRefused(policy, "policy.labels[0].boxes[0].recency");
  policy = DefaultPolicy();
  policy.labels[0].boxes[0].monetary = {3, 2};
  CheckRefused(policy, "policy.labels[0].boxes[0].monetary");
}

TEST_CASE("a combination without a label is named") {
  Policy policy = DefaultPolicy();
  std::erase_if(policy.labels, [](const Label& label) { return label.key == "need_attention"; });
  CHECK_STATUS_IS(ValidatePolicy(policy), absl::StatusCode::kInvalidArgument, "5 combinations of scores, first 331");
}

TEST_CASE("fixed thresholds are as many as needed and ascend") {
  Policy policy = DefaultPolicy();
  policy.method = Method::kFixed;
  CheckRefused(policy, "policy.fixed_thresholds.frequency");
  policy.fixed_thresholds = {{30, 60, 90, 180}, {1, 2, 3, 5}, {10000, 20000, 50000, 100000}};
  CHECK_OK(ValidatePolicy(policy));
  policy.fixed_thresholds.recency_days = {30, 30, 90, 180};
  CheckRefused(policy, "policy.fixed_thresholds.recency_days");
  policy.fixed_thresholds.recency_days = {30, 60, 90, std::numeric_limits<double>::infinity()};
  CheckRefused(policy, "policy.fixed_thresholds.recency_days");
}

TEST_CASE("recency counts midnights in the policy's zone") {
  const TimeZone istanbul = TimeZone::Load("Europe/Istanbul").value();
  CHECK(RecencyDays(istanbul, At("2026-01-31T20:59:59Z"), At("2026-01-31T21:00:00Z")) == 1);
  CHECK(RecencyDays(TimeZone::Utc(), At("2026-01-31T20:59:59Z"), At("2026-01-31T21:00:00Z")) == 0);
  CHECK(RecencyDays(istanbul, At("2025-01-31T10:00:00Z"), At("2026-01-31T05:00:00Z")) == 365);
  // A shop's clock that runs ahead makes nobody buy in the future.
  CHECK(RecencyDays(istanbul, At("2026-02-01T10:00:00Z"), At("2026-01-31T10:00:00Z")) == 0);
}

TEST_CASE("the window holds the days whose recency is within it") {
  Policy policy = DefaultPolicy();
  const TimeZone istanbul = TimeZone::Load("Europe/Istanbul").value();
  CHECK_FALSE(WindowStart(policy, istanbul, At("2026-01-31T12:00:00Z")).has_value());
  policy.window_days = 30;
  CHECK(WindowStart(policy, istanbul, At("2026-01-31T12:00:00Z")) == At("2025-12-31T21:00:00Z"));
}

TEST_CASE("a move to a higher rank is up, to or from no label neither") {
  const Policy policy = DefaultPolicy();
  CHECK(DirectionOf(policy, "hibernating", "champions") == 1);
  CHECK(DirectionOf(policy, "champions", "at_risk") == -1);
  CHECK(DirectionOf(policy, "champions", "champions") == 0);
  CHECK(DirectionOf(policy, "", "champions") == 0);
  CHECK(DirectionOf(policy, "champions", "") == 0);
}

TEST_CASE("a policy is computed anew when something has moved, and not otherwise") {
  const Time now = At("2026-03-10T12:00:00Z");
  PolicyRecord record{.policy = DefaultPolicy(), .version = 1};
  CHECK(NeedsComputation(record, now));
  record.active = ActivePolicy{.policy = record.policy, .version = 1, .as_of = now, .compute_time = now};
  record.active->policy.currency_code = "TRY";
  record.scored_count = 100;
  CHECK_FALSE(NeedsComputation(record, now));

  SECTION("a new day in the policy's zone") {
    CHECK_FALSE(NeedsComputation(record, At("2026-03-10T20:59:00Z")));
    CHECK(NeedsComputation(record, At("2026-03-10T21:00:00Z")));
  }
  SECTION("a look back stands until the next day") {
    record.active->as_of = At("2011-12-10T00:00:00Z");
    CHECK_FALSE(NeedsComputation(record, now));
  }
  SECTION("more than a quarter of the people") {
    record.touched_count = 25;
    CHECK_FALSE(NeedsComputation(record, now));
    record.touched_count = 26;
    CHECK_FALSE(NeedsComputation(record, now));
    CHECK_FALSE(NeedsComputation(record, now + std::chrono::milliseconds(199)));
    CHECK(NeedsComputation(record, now + std::chrono::milliseconds(200)));
  }
  SECTION("a quarter of very many is waited for a minute at most") {
    record.scored_count = 1'000'000;
    record.touched_count = 300'000;
    CHECK_FALSE(NeedsComputation(record, now + std::chrono::milliseconds(59'999)));
    CHECK(NeedsComputation(record, now + std::chrono::minutes(1)));
  }
  SECTION("the first people") {
    record.scored_count = 0;
    CHECK_FALSE(NeedsComputation(record, now));
    record.touched_count = 1;
    CHECK(NeedsComputation(record, now));
  }
  SECTION("a changed policy, but not a new title") {
    record.version = 2;
    record.policy.display_name = "Müşteri değeri";
    CHECK_FALSE(NeedsComputation(record, now));
    record.policy.window_days = 365;
    CHECK(NeedsComputation(record, now));
  }
}

TEST_CASE("scores print without a separator until they need one") {
  CHECK(FormatScores({5, 4, 5}) == "545");
  CHECK(FormatScores({10, 4, 5}) == "10-4-5");
}

}  // namespace
}  // namespace esnaf::segmentation
