#include "libs/runtime/config.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::runtime {
namespace {

// `queue-limit` is ESNAF_QUEUE_LIMIT in the environment.
std::string VariableOf(std::string_view key) {
  std::string variable = "ESNAF_";
  for (char c : key) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    variable.push_back(c == '-' ? '_' : c);
  }
  return variable;
}

absl::Status BadKey(std::string_view key, std::string_view problem) {
  const std::string name(key);
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_CONFIGURATION",
                   absl::StrFormat("--%s (or %s) %s", name, VariableOf(key), problem), {{"key", name}});
}

std::string HelpText(const std::vector<ConfigKey>& keys) {
  std::string text = "Options, each also an environment variable (a flag wins):\n";
  for (const ConfigKey& key : keys) {
    absl::StrAppend(&text, "  --", key.name, "  ", VariableOf(key.name), "\n      ", key.help);
    if (!key.default_value.empty()) absl::StrAppend(&text, " Default: ", key.default_value, ".");
    if (key.required) absl::StrAppend(&text, " Required.");
    if (key.secret) absl::StrAppend(&text, " Also from a file: --", key.name, "-file.");
    absl::StrAppend(&text, "\n");
  }
  return text;
}

// A secret's file holds nothing else; editors like to end it with a newline.
absl::StatusOr<std::string> ReadSecretFile(const std::string& key, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return BadKey(key + "-file", "names a file that cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return std::string(Trim(text));
}

using Given = std::map<std::string, std::string, std::less<>>;

// The flags as written, by name without dashes.
absl::StatusOr<Given> ParseFlags(const std::vector<std::string>& arguments, const Given& known) {
  Given flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 3 || argument.compare(0, 2, "--") != 0) {
      return BadKey("help", absl::StrCat("lists the options; `", argument, "` is none"));
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (!known.contains(name)) return BadKey(name, "is no option of this program");
    if (equals != std::string::npos) {
      flags[name] = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && arguments[i + 1].compare(0, 2, "--") != 0) {
      flags[name] = arguments[++i];
    } else {
      return BadKey(name, "needs a value");
    }
  }
  return flags;
}

}  // namespace

absl::StatusOr<Config> Config::Load(const std::vector<ConfigKey>& keys, const std::vector<std::string>& arguments,
                                    const std::map<std::string, std::string>& environment) {
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    return absl::CancelledError(HelpText(keys));
  }
  Given known;
  for (const ConfigKey& key : keys) {
    known[key.name];
    if (key.secret) known[key.name + "-file"];
  }
  ESNAF_ASSIGN_OR_RETURN(const Given flags, ParseFlags(arguments, known));
  const auto given = [&](const std::string& name) -> std::optional<std::string> {
    if (auto flag = flags.find(name); flag != flags.end()) return flag->second;
    if (auto variable = environment.find(VariableOf(name)); variable != environment.end()) return variable->second;
    return std::nullopt;
  };

  Config config;
  config.keys_ = keys;
  for (const ConfigKey& key : keys) {
    std::optional<std::string> value = given(key.name);
    if (!value && key.secret) {
      if (std::optional<std::string> path = given(key.name + "-file")) {
        ESNAF_ASSIGN_OR_RETURN(value, ReadSecretFile(key.name, *path));
      }
    }
    if (key.required && (!value || value->empty()) && key.default_value.empty()) {
      return BadKey(key.name, "is required");
    }
    config.values_[key.name] = value ? *std::move(value) : key.default_value;
  }
  return config;
}

const std::string& Config::Text(std::string_view key) const {
  const auto value = values_.find(key);
  if (value == values_.end()) {
    LogError("the program reads a configuration key that it does not declare", {{"key", key}});
    std::abort();
  }
  return value->second;
}

absl::StatusOr<std::int64_t> Config::Integer(std::string_view key, std::int64_t least, std::int64_t most) const {
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(Text(key), &value) || value < least || value > most) {
    return BadKey(key, absl::StrFormat("must be an integer from %d to %d", least, most));
  }
  return value;
}

absl::StatusOr<bool> Config::Boolean(std::string_view key) const {
  const std::string& text = Text(key);
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return BadKey(key, "must be true or false");
}

absl::StatusOr<std::chrono::milliseconds> Config::Interval(std::string_view key) const {
  const std::string& text = Text(key);
  const std::size_t unit_at = text.find_first_not_of("0123456789");
  const std::string unit = unit_at == std::string::npos ? "" : text.substr(unit_at);
  std::int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60 * 1000;
  if (unit == "h") factor = 60 * 60 * 1000;
  // Ten years: far more than any interval here means, and far from overflow.
  constexpr std::int64_t kMost = std::int64_t{10} * 366 * 24 * 60 * 60 * 1000;
  std::int64_t count = 0;
  if (factor == 0 || !absl::SimpleAtoi(text.substr(0, unit_at), &count) || count > kMost / factor) {
    return BadKey(key, "must be an interval such as 250ms, 5s, 10m or 1h");
  }
  return std::chrono::milliseconds(count * factor);
}

std::string Config::Describe() const {
  std::string text;
  for (const ConfigKey& key : keys_) {
    const std::string& value = Text(key.name);
    absl::StrAppend(&text, key.name, "=", key.secret && !value.empty() ? "***" : value, "\n");
  }
  return text;
}

}  // namespace esnaf::runtime
