#pragma once

// What changed something or was refused, on its way to the database. Calls only append to a bounded buffer; a worker
// writes it down.
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::gateway {

struct AuditRecord {
  Uuid id;
  Time call_time;
  std::string actor;  // `key:<id>` or `anonymous`
  std::string method;
  std::string code;
  std::string request_id;
  std::string peer;
};

class AuditBuffer {
 public:
  explicit AuditBuffer(std::size_t limit = 20'000) : limit_(limit) {}

  // False where the buffer is full: the record is dropped, which the caller counts.
  bool Add(AuditRecord record);
  // Everything that waits, in order.
  std::vector<AuditRecord> Take();
  // Puts back what could not be written, before what came since; the newest of it is dropped where there is no room.
  void PutBack(std::vector<AuditRecord> records);

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::vector<AuditRecord> records_;
};

}  // namespace esnaf::gateway
