#include "services/gateway/audit_service.h"

#include <span>

#include "libs/api/convert.h"
#include "libs/base/log.h"
#include "services/gateway/audit_store.h"

namespace esnaf::gateway {
namespace {

constexpr std::chrono::milliseconds kPeriod{200};
constexpr std::chrono::milliseconds kFailurePause{1000};
constexpr std::size_t kBatch = 1000;

}  // namespace

runtime::RpcService AuditService::Rpcs() {
  runtime::RpcService rpc("esnaf.gateway.v1.AuditService");
  rpc.Unary("ListAuditEntries", this, &AuditService::ListAuditEntries);
  return rpc;
}

absl::StatusOr<v1::ListAuditEntriesResponse> AuditService::ListAuditEntries(
    runtime::Call& call, const v1::ListAuditEntriesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const auto query, api::ListQuery::Parse(request, AuditFields(), {.default_order = "id desc"}));
  ESNAF_ASSIGN_OR_RETURN(const AuditPage page,
                         call.Read([&](postgres::Tx& tx) { return ListAuditRecords(tx, query, request.actor()); }));
  v1::ListAuditEntriesResponse response;
  for (const AuditRecord& record : page.records) {
    v1::AuditEntry& entry = *response.add_entries();
    entry.set_id(record.id.ToString());
    *entry.mutable_call_time() = api::ToProto(record.call_time);
    entry.set_actor(record.actor);
    entry.set_method(record.method);
    entry.set_code(record.code);
    entry.set_request_id(record.request_id);
    entry.set_peer(record.peer);
  }
  response.set_next_page_token(page.next_page_token);
  return response;
}

AuditWriter::AuditWriter(AuditBuffer& buffer, postgres::ConnectionOptions database)
    : buffer_(buffer), connection_(std::move(database)) {}

absl::Status AuditWriter::Start() {
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void AuditWriter::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void AuditWriter::Run() {
  bool failing = false;
  bool stopping = false;
  while (!stopping) {
    {
      std::unique_lock lock(mutex_);
      stop_.wait_for(lock, failing ? kFailurePause : kPeriod, [this] { return stopping_; });
      stopping = stopping_;
    }
    failing = !WriteAll();
  }
}

bool AuditWriter::WriteAll() {
  std::vector<AuditRecord> records = buffer_.Take();
  for (std::size_t done = 0; done < records.size();) {
    const std::size_t count = std::min(kBatch, records.size() - done);
    const auto first = records.begin() + static_cast<std::ptrdiff_t>(done);
    const std::vector<AuditRecord> batch(first, first + static_cast<std::ptrdiff_t>(count));
    const absl::Status status =
        connection_.Run({.autocommit = true}, [&](postgres::Tx& tx) { return InsertAuditRecords(tx, batch); });
    if (!status.ok()) {
      LogWarning("the audit log cannot be written", {{"error", status.ToString()}, {"waiting", records.size() - done}});
      buffer_.PutBack({std::make_move_iterator(first), std::make_move_iterator(records.end())});
      return false;
    }
    done += count;
  }
  return true;
}

}  // namespace esnaf::gateway
