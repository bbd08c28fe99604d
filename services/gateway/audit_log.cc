#include "services/gateway/audit_log.h"

#include <algorithm>
#include <iterator>

namespace esnaf::gateway {

bool AuditBuffer::Add(AuditRecord record) {
  std::lock_guard lock(mutex_);
  if (records_.size() >= limit_) return false;
  records_.push_back(std::move(record));
  return true;
}

std::vector<AuditRecord> AuditBuffer::Take() {
  std::lock_guard lock(mutex_);
  return std::exchange(records_, {});
}

void AuditBuffer::PutBack(std::vector<AuditRecord> records) {
  std::lock_guard lock(mutex_);
  const std::size_t room = limit_ - std::min(records.size(), limit_);
  if (records_.size() > room) records_.resize(room);
  records.insert(records.end(), std::make_move_iterator(records_.begin()), std::make_move_iterator(records_.end()));
  records_ = std::move(records);
}

}  // namespace esnaf::gateway
