#pragma once

// The handler of AuditService, and the thread that writes the audit log down.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "esnaf/gateway/v1/keys.pb.h"
#include "libs/runtime/app.h"
#include "libs/runtime/rpc_service.h"
#include "services/gateway/audit_log.h"

namespace esnaf::gateway {

class AuditService {
 public:
  runtime::RpcService Rpcs();
  absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(runtime::Call& call,
                                                                const v1::ListAuditEntriesRequest& request);
};

// Writes what waits in the buffer every 200 ms, and once more when it stops. While the database is away the buffer
// fills.
class AuditWriter final : public runtime::Background {
 public:
  // The buffer outlives the writer.
  AuditWriter(AuditBuffer& buffer, postgres::ConnectionOptions database);
  ~AuditWriter() override { Stop(); }
  absl::Status Start() override;
  void Stop() override;

 private:
  void Run();
  bool WriteAll();

  AuditBuffer& buffer_;
  postgres::Connection connection_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace esnaf::gateway
