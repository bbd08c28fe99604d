#pragma once

// How files of an export leave the house.
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/attribution/exports/export.h"

namespace esnaf::attribution {

struct SendAnswer {
  int status = 0;    // HTTP's
  std::string text;  // the first 2000 bytes
  bool taken() const { return status >= 200 && status < 300; }
};

class ConversionSender {
 public:
  virtual ~ConversionSender() = default;
  // What the receiver answered, also where it refused. UNAVAILABLE where it could not be reached or did not answer.
  virtual absl::StatusOr<SendAnswer> Send(const ExportFile& file) = 0;
};

// Writes each file into a folder under its name: whole or not at all. ALREADY_EXISTS where the folder has a file of
// that name with something else in it, which is left as it is; one with the same in it counts as written.
std::unique_ptr<ConversionSender> MakeFolderSender(std::string folder);

struct HttpsSenderOptions {
  std::string url;    // `https://…`; `http://` only of this machine
  std::string token;  // sent as `Authorization: Bearer`; never logged
  std::chrono::milliseconds timeout{10'000};
};
// Posts each file. INVALID_ARGUMENT where the address is none that secrets and people's data may be sent to.
absl::StatusOr<std::unique_ptr<ConversionSender>> MakeHttpsSender(HttpsSenderOptions options);

}  // namespace esnaf::attribution
