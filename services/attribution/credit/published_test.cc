// The models over many paths against published examples and against ChannelAttribution's own paths, solved exactly.
#include <fstream>
#include <iostream>

#include "libs/testing/catch.h"
#include "libs/testing/data_sets.h"
#include "nlohmann/json.hpp"
#include "services/attribution/credit/channel_paths.h"
#include "services/attribution/credit/markov.h"
#include "services/attribution/credit/shapley.h"

namespace esnaf::attribution {
namespace {

using Json = nlohmann::json;

// Paths of named channels.
struct NamedPaths {
  std::vector<std::string> names;
  ChannelPaths paths{0};

  std::size_t IndexOf(const std::string& name) const {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  }
};

struct RawPath {
  std::vector<std::string> channels;
  double conversions = 0, value = 0, nulls = 0;
};

std::vector<std::string> SplitPath(const std::string& text) {
  std::vector<std::string> channels;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(" > ", begin), text.size());
    channels.push_back(text.substr(begin, end - begin));
    begin = end + 3;
  }
  return channels;
}

NamedPaths Encode(const std::vector<RawPath>& raw) {
  NamedPaths named;
  std::vector<std::vector<ChannelId>> encoded;
  for (const RawPath& path : raw) {
    encoded.emplace_back();
    for (const std::string& name : path.channels) {
      const std::size_t index = named.IndexOf(name);
      if (index == named.names.size()) named.names.push_back(name);
      encoded.back().push_back(static_cast<ChannelId>(index));
    }
  }
  named.paths = ChannelPaths(named.names.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    named.paths.Add(encoded[i], raw[i].conversions, raw[i].value, raw[i].nulls);
  }
  return named;
}

// As the examples write them: [path, conversions, nulls].
NamedPaths EncodeExample(const Json& paths) {
  std::vector<RawPath> raw;
  for (const Json& path : paths) raw.push_back({SplitPath(path[0]), path[1], 0, path[2]});
  return Encode(raw);
}

void CheckAll(const NamedPaths& named, const Json& expected, const std::vector<double>& values, double tolerance) {
  for (const auto& [name, value] : expected.items()) {
    INFO(name);
    REQUIRE(named.IndexOf(name) < named.names.size());
    CHECK(std::abs(values[named.IndexOf(name)] - value.get<double>()) < tolerance);
  }
}

std::optional<Json> Gold() {
  const std::optional<std::filesystem::path> folder = testing::DataFolder("attribution");
  if (!folder) return std::nullopt;
  std::ifstream in(*folder / "gold.json");
  return Json::parse(in);
}

NamedPaths PathData() {
  std::vector<RawPath> raw;
  for (const testing::CsvRow& row : testing::ReadCsvFile(*testing::DataFolder("attribution") / "PathData.csv")) {
    raw.push_back({SplitPath(row.at("path")), std::stod(row.at("total_conversions")),
                   std::stod(row.at("total_conversion_value")), std::stod(row.at("total_null"))});
  }
  return Encode(raw);
}

TEST_CASE("first, last and linear touch over ChannelAttribution's paths") {
  const std::optional<Json> gold = Gold();
  if (!gold) return;
  const NamedPaths named = PathData();
  REQUIRE(named.paths.size() == (*gold)["PathData_totals"]["rows"].get<std::size_t>());
  const Json& heuristics = (*gold)["PathData_heuristics"];
  for (const auto& [model, name] :
       {std::pair(Model::kFirst, "first"), std::pair(Model::kLast, "last"), std::pair(Model::kLinear, "linear")}) {
    const ChannelCredits credits = CreditChannels(model, named.paths);
    CheckAll(named, heuristics[std::string(name) + "_touch_conversions"], credits.conversions, 1e-8);
    CheckAll(named, heuristics[std::string(name) + "_touch_value"], credits.value, 1e-8);
  }
}

TEST_CASE("Markov removal effects of order 1 equal the exact solution over ChannelAttribution's paths") {
  const std::optional<Json> gold = Gold();
  if (!gold) return;
  const NamedPaths named = PathData();
  ESNAF_REQUIRE_VALUE(const MarkovResult markov, FitMarkov(named.paths, 1));
  const Json& expected = (*gold)["PathData_markov_order1_with_null"];
  CHECK(std::abs(markov.conversion_probability - expected["conversion_probability"].get<double>()) < 1e-9);
  CHECK(markov.state_count == expected["n_states"].get<std::size_t>());
  CHECK(markov.transition_count == expected["n_transitions"].get<std::size_t>());
  CheckAll(named, expected["removal_effect_exact"], markov.removal_effects, 1e-9);
  CheckAll(named, expected["removal_effect_value_exact"], markov.value_removal_effects, 1e-9);
  CheckAll(named, expected["attributed_conversions_exact"], markov.credits.conversions, 1e-6);
  CheckAll(named, expected["attributed_value_exact"], markov.credits.value, 1e-6);
}

TEST_CASE("the chain of ChannelAttribution's paths has the published transitions") {
  if (!testing::DataFolder("attribution")) return;
  const NamedPaths named = PathData();
  ESNAF_REQUIRE_VALUE(const std::vector<MarkovTransition> transitions, MarkovTransitions(named.paths, 1));
  std::map<std::pair<std::string, std::string>, double> made;
  for (const MarkovTransition& transition : transitions) {
    const std::string from = transition.from.empty() ? "(start)" : named.names[transition.from[0]];
    const std::string to = !transition.to.empty()     ? named.names[transition.to[0]]
                           : transition.to_conversion ? "(conversion)"
                                                      : "(null)";
    made[{from, to}] = transition.probability;
  }
  const std::vector<testing::CsvRow> expected =
      testing::ReadCsvFile(*testing::DataFolder("attribution") / "expected_transition_matrix_order1_with_null.csv");
  CHECK(made.size() == expected.size());
  for (const testing::CsvRow& row : expected) {
    INFO(row.at("channel_from") << " > " << row.at("channel_to"));
    CHECK(std::abs(made[{row.at("channel_from"), row.at("channel_to")}] - std::stod(row.at("transition_probability"))) <
          1e-12);
  }
}

TEST_CASE("the published small examples of Markov chains") {
  const std::optional<Json> gold = Gold();
  if (!gold) return;
  for (const Json& example : (*gold)["markov_small_examples"]) {
    INFO(example["source"].get<std::string>());
    const NamedPaths named = EncodeExample(example["paths"]);
    ESNAF_REQUIRE_VALUE(const MarkovResult markov, FitMarkov(named.paths, 1));
    CHECK(std::abs(markov.conversion_probability - example["conversion_probability"].get<double>()) < 1e-9);
    CheckAll(named, example["removal_effect"], markov.removal_effects, 1e-9);
    CheckAll(named, example["attributed_conversions"], markov.credits.conversions, 1e-9);
  }
}

TEST_CASE("the published small examples of heuristics") {
  const std::optional<Json> gold = Gold();
  if (!gold) return;
  const Json& examples = (*gold)["heuristics_published_examples"];
  const NamedPaths named = EncodeExample(examples[0]["paths"]);
  CheckAll(named, examples[0]["first_touch"], CreditChannels(Model::kFirst, named.paths).conversions, 1e-9);
  CheckAll(named, examples[0]["last_touch"], CreditChannels(Model::kLast, named.paths).conversions, 1e-9);
  CheckAll(named, examples[0]["linear"], CreditChannels(Model::kLinear, named.paths).conversions, 1e-9);
  CheckAll(named, examples[0]["position_based_40_20_40"],
           CreditChannels(Model::kPositionBased, named.paths).conversions, 1e-9);
  const NamedPaths repeats = EncodeExample(examples[1]["paths"]);
  CheckAll(repeats, examples[1]["linear_counting_repeats"], CreditChannels(Model::kLinear, repeats.paths).conversions,
           1e-9);
  const NamedPaths two = EncodeExample(examples[2]["paths"]);
  CheckAll(two, examples[2]["position_based_40_40"], CreditChannels(Model::kPositionBased, two.paths).conversions,
           1e-9);
}

// The players of `F+L`, by their names.
std::uint64_t PlayersOf(const std::string& text, const std::vector<std::string>& names) {
  std::uint64_t players = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('+', begin), text.size());
    const auto name = std::find(names.begin(), names.end(), text.substr(begin, end - begin));
    players |= std::uint64_t{1} << (name - names.begin());
    begin = end + 1;
  }
  return players;
}

TEST_CASE("the published Shapley values, exactly and sampled") {
  const std::optional<Json> gold = Gold();
  if (!gold) return;
  const Json& examples = (*gold)["shapley_published_examples"];
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    INFO(examples[i]["source"].get<std::string>());
    NamedPaths named;
    for (const auto& [name, value] : examples[i]["computed"].items()) named.names.push_back(name);
    std::map<std::uint64_t, double> worth;
    for (const auto& [players, value] : examples[i]["characteristic_function"].items()) {
      worth[PlayersOf(players, named.names)] = value;
    }
    const Game game = [&](std::uint64_t players) { return worth[players]; };
    ESNAF_REQUIRE_VALUE(const std::vector<double> exact, ShapleyOfGame(3, game));
    CheckAll(named, examples[i]["computed"], exact, 1e-9);
    ESNAF_REQUIRE_VALUE(const std::vector<double> sampled, SampleShapley(3, game, 20000, 7));
    CheckAll(named, examples[i]["computed"], sampled, 0.02 * game(7));
  }
  for (const Json& example : examples[2]["cases"]) {
    Json paths = Json::array();
    for (const auto& [path, counts] : example["paths"].items()) paths.push_back({path, counts[0], counts[1]});
    const NamedPaths named = EncodeExample(paths);
    CheckAll(named, example["published"], ShapleyOfPaths(named.paths).conversions, 1e-9);
  }
}

TEST_CASE("the closed form gives what the published journeys behind a game give") {
  // Per 100 conversions: F 20, O 10, L 17, F+O 17, F+L 30, F+O+L 6 (see the note in gold.json).
  const NamedPaths named = Encode({{{"F"}, 20, 0, 0},
                                   {{"O"}, 10, 0, 0},
                                   {{"L"}, 17, 0, 0},
                                   {{"F", "O"}, 17, 0, 0},
                                   {{"L", "F"}, 30, 0, 0},
                                   {{"F", "O", "L", "F"}, 6, 0, 0}});
  const ChannelCredits credits = ShapleyOfPaths(named.paths);
  CHECK(std::abs(credits.conversions[0] - 45.5) < 1e-9);
  CHECK(std::abs(credits.conversions[1] - 20.5) < 1e-9);
  CHECK(std::abs(credits.conversions[2] - 34) < 1e-9);
}

}  // namespace
}  // namespace esnaf::attribution
