#pragma once

// Asks segmentation in which segments those are who were asked, soon after they were, and keeps what it says: results
// by segment do not change when people move on.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/channel.h"

namespace esnaf::support {

class SurveySegments {
 public:
  explicit SurveySegments(std::shared_ptr<runtime::Channel> segmentation) : segmentation_(std::move(segmentation)) {}

  // Asks about at most 50 invitations, the oldest first; a worker's step. True where more may be left.
  absl::StatusOr<bool> AskSome(postgres::Connection& connection) const;

 private:
  absl::StatusOr<std::vector<std::string>> Ask(const Uuid& contact) const;
  std::shared_ptr<runtime::Channel> segmentation_;
};

}  // namespace esnaf::support
