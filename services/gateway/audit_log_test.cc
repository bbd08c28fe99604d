// The buffer of the audit log: bounded, in order, and nothing twice.
#include "services/gateway/audit_log.h"

#include "libs/testing/catch.h"

namespace esnaf::gateway {
namespace {

AuditRecord Record(const std::string& id) { return {.request_id = id}; }

std::string Ids(const std::vector<AuditRecord>& records) {
  std::string ids;
  for (const AuditRecord& record : records) ids += record.request_id;
  return ids;
}

TEST_CASE("records come out in order, once") {
  AuditBuffer buffer;
  for (const char* id : {"a", "b", "c"}) CHECK(buffer.Add(Record(id)));
  CHECK(Ids(buffer.Take()) == "abc");
  CHECK(buffer.Take().empty());
}

TEST_CASE("a full buffer refuses, and takes again when it is emptied") {
  AuditBuffer buffer(2);
  CHECK(buffer.Add(Record("a")));
  CHECK(buffer.Add(Record("b")));
  CHECK_FALSE(buffer.Add(Record("c")));
  CHECK(Ids(buffer.Take()) == "ab");
  CHECK(buffer.Add(Record("d")));
}

TEST_CASE("what is put back stands before what came since, and the newest gives way") {
  AuditBuffer buffer(3);
  CHECK(buffer.Add(Record("a")));
  CHECK(buffer.Add(Record("b")));
  std::vector<AuditRecord> taken = buffer.Take();
  CHECK(buffer.Add(Record("c")));
  CHECK(buffer.Add(Record("d")));
  buffer.PutBack(std::move(taken));
  CHECK(Ids(buffer.Take()) == "abc");
}

}  // namespace
}  // namespace esnaf::gateway
