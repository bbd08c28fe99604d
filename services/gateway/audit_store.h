#pragma once

// The SQL of the audit log.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/list_query.h"
#include "libs/postgres/connection.h"
#include "services/gateway/audit_log.h"

namespace esnaf::gateway {

const api::FieldTable& AuditFields();

// Writes records in one statement. A record that is there already, from a try whose outcome was not known, stays.
absl::Status InsertAuditRecords(postgres::Tx& tx, const std::vector<AuditRecord>& records);

struct AuditPage {
  std::vector<AuditRecord> records;
  std::string next_page_token;
};
// Of one actor, or of all where `actor` is empty.
absl::StatusOr<AuditPage> ListAuditRecords(postgres::Tx& tx, const api::ListQuery& query, const std::string& actor);

}  // namespace esnaf::gateway
