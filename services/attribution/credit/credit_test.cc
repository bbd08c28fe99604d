// The models over one path, and that money always adds up.
#include "services/attribution/credit/credit.h"

#include <numeric>

#include "libs/testing/catch.h"
#include "rapidcheck.h"
#include "services/attribution/credit/path.h"

namespace esnaf::attribution {
namespace {

const Time kStart = ParseRfc3339("2026-10-01T00:00:00Z").value();

// Touches of channels 0, 1, ... on the given days.
ModelPath PathOnDays(const std::vector<int>& days, int conversion_day) {
  ModelPath path{.conversion_time = kStart + std::chrono::days(conversion_day)};
  for (std::size_t i = 0; i < days.size(); ++i) {
    path.touches.push_back({kStart + std::chrono::days(days[i]), static_cast<std::uint32_t>(i), false});
  }
  return path;
}

// The net of each touch of a conversion of 1000.
std::vector<std::int64_t> NetOf(Model model, const ModelPath& path, const ModelOptions& options = {}) {
  std::vector<std::int64_t> net(path.touches.size(), 0);
  for (const Credit& credit : CreditsOf(model, path, options, kWholeShare, {.net = 1000})) {
    net[credit.touch] = credit.amounts.net;
  }
  return net;
}

using Nets = std::vector<std::int64_t>;

TEST_CASE("each model shares by its definition") {
  ModelPath path = PathOnDays({0, 7, 14, 14}, 15);
  path.touches[3].direct = true;
  CHECK(NetOf(Model::kFirst, path) == Nets{1000, 0, 0, 0});
  CHECK(NetOf(Model::kLast, path) == Nets{0, 0, 0, 1000});
  CHECK(NetOf(Model::kLastNonDirect, path) == Nets{0, 0, 1000, 0});
  CHECK(NetOf(Model::kLinear, path) == Nets{250, 250, 250, 250});
  // 1/4, 1/2, 1, 1 of 2.75.
  CHECK(NetOf(Model::kTimeDecay, path) == Nets{91, 182, 364, 363});
  CHECK(NetOf(Model::kPositionBased, path) == Nets{400, 100, 100, 400});
  CHECK(NetOf(Model::kShapley, path) == Nets{250, 250, 250, 250});
}

TEST_CASE("the half-life is the time in which a touch loses half its share") {
  CHECK(NetOf(Model::kTimeDecay, PathOnDays({0, 2}, 2), {.half_life_days = 2}) == Nets{333, 667});
  CHECK(NetOf(Model::kTimeDecay, PathOnDays({0, 7}, 40)) == Nets{333, 667});
}

TEST_CASE("short paths have no middle") {
  CHECK(NetOf(Model::kPositionBased, PathOnDays({0}, 1)) == Nets{1000});
  CHECK(NetOf(Model::kPositionBased, PathOnDays({0, 1}, 1)) == Nets{500, 500});
  CHECK(NetOf(Model::kPositionBased, PathOnDays({0, 1, 2}, 2)) == Nets{400, 200, 400});
}

TEST_CASE("U and W know where the person became known and where the cart was begun") {
  ModelPath path = PathOnDays({0, 1, 2, 3, 4}, 5);
  path.lead = 2;
  path.deal = 4;
  CHECK(NetOf(Model::kUShaped, path) == Nets{400, 67, 400, 67, 66});
  CHECK(NetOf(Model::kWShaped, path) == Nets{300, 50, 300, 50, 300});
  // One touch in two places has the shares of both.
  path.lead = 0;
  CHECK(NetOf(Model::kWShaped, path) == Nets{600, 34, 33, 33, 300});
  // Without a lead the rest share what it leaves: 40 to 20.
  path.lead = std::nullopt;
  CHECK(NetOf(Model::kUShaped, path) == Nets{667, 84, 83, 83, 83});
  ModelPath all_one = PathOnDays({0}, 1);
  all_one.lead = all_one.deal = 0;
  CHECK(NetOf(Model::kWShaped, all_one) == Nets{1000});
}

TEST_CASE("a direct visit is the last non-direct one only where all are direct") {
  ModelPath path = PathOnDays({0, 1}, 2);
  path.touches[0].direct = path.touches[1].direct = true;
  CHECK(NetOf(Model::kLastNonDirect, path) == Nets{0, 1000});
}

TEST_CASE("data-driven models share among channels, then among a channel's touches") {
  ModelPath path = PathOnDays({0, 1, 2}, 3);
  path.touches[2].channel = 0;
  CHECK(NetOf(Model::kShapley, path) == Nets{250, 500, 250});
  const std::vector<double> effects{0.6, 0.2};
  CHECK(NetOf(Model::kMarkov, path, {.removal_effects = effects}) == Nets{375, 250, 375});
  // Without a fit, or of channels that no fit knows, all are alike.
  CHECK(NetOf(Model::kMarkov, path) == Nets{334, 333, 333});
  path.touches[1].channel = 9;
  CHECK(NetOf(Model::kMarkov, path, {.removal_effects = effects}) == Nets{500, 0, 500});
}

TEST_CASE("a path without touches earns nobody anything") {
  for (const Model model : kAllModels) CHECK(CreditsOf(model, {}, {}, kWholeShare, {.net = 5}).empty());
}

TEST_CASE("an order's credits add up to it to the minor unit under every model") {
  CHECK(rc::check([] {
    ModelPath path;
    const auto size = *rc::gen::inRange<std::size_t>(1, 30);
    for (std::size_t i = 0; i < size; ++i) {
      path.touches.push_back({kStart + std::chrono::hours(*rc::gen::inRange(0, 24 * 400)),
                              *rc::gen::inRange<std::uint32_t>(0, 6), *rc::gen::arbitrary<bool>()});
    }
    std::sort(path.touches.begin(), path.touches.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    path.conversion_time = path.touches.back().time + std::chrono::hours(1);
    if (*rc::gen::arbitrary<bool>()) path.lead = *rc::gen::inRange<std::size_t>(0, size);
    if (*rc::gen::arbitrary<bool>()) path.deal = *rc::gen::inRange<std::size_t>(0, size);
    const std::vector<double> effects{0.5, 0.25, 0.0, 1e-9};
    const Amounts amounts{*rc::gen::inRange<std::int64_t>(-1000000, 1000000000), *rc::gen::arbitrary<std::int64_t>(),
                          *rc::gen::inRange<std::int64_t>(0, 7)};
    for (const Model model : kAllModels) {
      const std::vector<Credit> credits = CreditsOf(model, path, {.removal_effects = effects}, kWholeShare, amounts);
      Amounts sum;
      std::int64_t share = 0;
      for (const Credit& credit : credits) {
        share += credit.share;
        sum.revenue += credit.amounts.revenue;
        sum.net += credit.amounts.net;
        sum.cost += credit.amounts.cost;
        RC_ASSERT(credit.share >= 0);
      }
      RC_ASSERT(share == kWholeShare);
      RC_ASSERT(sum == amounts);
      RC_ASSERT(credits == CreditsOf(model, path, {.removal_effects = effects}, kWholeShare, amounts));
    }
  }));
}

PathTouch TouchAt(std::string_view time, bool view = false) { return {ParseRfc3339(time).value(), view}; }

TEST_CASE("only touches of their window count, and each other says why not") {
  const std::vector<PathTouch> touches{
      TouchAt("2026-10-01T11:59:59Z"),       TouchAt("2026-10-01T12:00:00Z"), TouchAt("2026-10-30T11:59:59Z", true),
      TouchAt("2026-10-30T12:00:00Z", true), TouchAt("2026-10-31T12:00:00Z"), TouchAt("2026-10-31T12:00:01Z"),
  };
  const Time conversion = ParseRfc3339("2026-10-31T12:00:00Z").value();
  CHECK(ExclusionsOf(touches, conversion, {.click_days = 30, .view_days = 1}) ==
        std::vector{Exclusion::kOutsideClickWindow, Exclusion::kNone, Exclusion::kOutsideViewWindow, Exclusion::kNone,
                    Exclusion::kNone, Exclusion::kAfterConversion});
}

TEST_CASE("a conversion that is stamped by whole seconds may be anywhere in its second") {
  const std::vector<PathTouch> touches{TouchAt("2026-10-31T12:00:00.4Z"), TouchAt("2026-10-31T12:00:00.999999Z"),
                                       TouchAt("2026-10-31T12:00:01Z")};
  const auto after = [&](std::string_view conversion) {
    const auto exclusions = ExclusionsOf(touches, ParseRfc3339(conversion).value(), {});
    return std::count(exclusions.begin(), exclusions.end(), Exclusion::kAfterConversion);
  };
  CHECK(after("2026-10-31T12:00:00Z") == 1);
  CHECK(after("2026-10-31T12:00:00.3Z") == 3);
  CHECK(after("2026-10-31T12:00:00.4Z") == 2);
  CHECK(LastMomentOf(ParseRfc3339("2026-10-31T12:00:00Z").value()) ==
        ParseRfc3339("2026-10-31T12:00:00.999999Z").value());
  CHECK(LastMomentOf(ParseRfc3339("2026-10-31T12:00:00.5Z").value()) == ParseRfc3339("2026-10-31T12:00:00.5Z").value());
}

TEST_CASE("a very long path keeps its newest touches") {
  std::vector<PathTouch> touches;
  for (std::size_t i = 0; i < kMostTouches + 2; ++i) {
    touches.push_back({kStart + std::chrono::minutes(i)});
  }
  const std::vector<Exclusion> exclusions = ExclusionsOf(touches, kStart + std::chrono::days(1), {});
  CHECK(exclusions[1] == Exclusion::kPathTooLong);
  CHECK(std::count(exclusions.begin(), exclusions.end(), Exclusion::kNone) ==
        static_cast<std::ptrdiff_t>(kMostTouches));
}

}  // namespace
}  // namespace esnaf::attribution
