#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "absl/strings/str_format.h"

namespace esnaf::cli {

Progress::Progress(std::string what, std::int64_t total)
    : what_(std::move(what)),
      total_(std::max<std::int64_t>(total, 1)),
      visible_(isatty(STDERR_FILENO) == 1),
      started_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (shown_) std::cerr << "\n";
}

void Progress::Show(std::int64_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (!visible_ || (shown_ && done < total_ && now - last_ < std::chrono::milliseconds(200))) return;
  last_ = now;
  shown_ = true;
  constexpr int kWidth = 30;
  const int filled = static_cast<int>(done * kWidth / total_);
  const double seconds = std::chrono::duration<double>(now - started_).count();
  std::cerr << absl::StrFormat("\r%s [%s%s] %d of %d, %.0f a second ", what_, std::string(filled, '#'),
                               std::string(kWidth - filled, '.'), done, total_, seconds > 0 ? done / seconds : 0);
}

}  // namespace esnaf::cli
