#pragma once

// Configuration from flags (`--listen=…` or `--listen …`) and the environment (`ESNAF_LISTEN`); a flag wins.
// Every key is declared with a default and a sentence. A wrong value stops the program and names the key.
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::runtime {

struct ConfigKey {
  std::string name{};           // lower-case with dashes, for example `database`
  std::string default_value{};  // empty: none
  std::string help{};
  bool required = false;
  // Masked when printed. A secret can also come from a file: `--<name>-file` or `ESNAF_<NAME>_FILE`.
  bool secret = false;
};

class Config {
 public:
  // INVALID_ARGUMENT naming the flag or variable for an unknown flag, a missing value or a required key that is
  // absent. `--help` gives CANCELLED with the help text as message.
  static absl::StatusOr<Config> Load(const std::vector<ConfigKey>& keys, const std::vector<std::string>& arguments,
                                     const std::map<std::string, std::string>& environment);

  // Every getter needs a declared key; an undeclared one is a programming error and ends the process.
  const std::string& Text(std::string_view key) const;
  // INVALID_ARGUMENT naming the key unless it is an integer within [least, most].
  absl::StatusOr<std::int64_t> Integer(std::string_view key, std::int64_t least, std::int64_t most) const;
  absl::StatusOr<bool> Boolean(std::string_view key) const;  // true, false, 1, 0
  // `250ms`, `5s`, `10m`, `1h`.
  absl::StatusOr<std::chrono::milliseconds> Interval(std::string_view key) const;
  // `key=value` lines, secrets masked.
  std::string Describe() const;

 private:
  std::vector<ConfigKey> keys_;
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace esnaf::runtime
