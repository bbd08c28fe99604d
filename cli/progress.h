#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace esnaf::cli {

// A bar on standard error while something long runs; silent where standard error is no terminal.
class Progress {
 public:
  Progress(std::string what, std::int64_t total);
  ~Progress();  // ends the line
  void Show(std::int64_t done);

 private:
  std::string what_;
  std::int64_t total_;
  bool visible_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace esnaf::cli
