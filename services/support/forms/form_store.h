#pragma once

// Forms and what was sent by them, as they are stored.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/forms.pb.h"
#include "libs/postgres/connection.h"
#include "services/support/records.h"

namespace esnaf::support {

struct FormRecord {
  Record<v1::TicketForm> record;
  std::int64_t tickets = 0;
  std::int64_t spam = 0;
};

// ALREADY_EXISTS where the id is taken, RESOURCE_EXHAUSTED where there are 500.
absl::Status InsertForm(postgres::Tx& tx, const Record<v1::TicketForm>& record);
absl::Status UpdateForm(postgres::Tx& tx, const Record<v1::TicketForm>& record);
absl::Status DeleteForm(postgres::Tx& tx, const std::string& id);
// NOT_FOUND where there is none; locked where it is about to change.
absl::StatusOr<FormRecord> GetForm(postgres::Tx& tx, const std::string& id, bool lock = false);
// What lists select of `ticket_form f`.
extern const char kFormColumns[];
inline constexpr int kFormColumnCount = 6;
absl::StatusOr<FormRecord> ReadForm(const postgres::Row& row);

// What was sent, without its text: hashes that only the installation makes.
struct Submission {
  Uuid ticket_id;
  std::string form_id;
  std::string store_id;
  std::string address_hash;  // empty where the address is not known
  std::string content_hash;
  std::vector<std::string> suspicions;
  Time create_time;
};
// False where its ticket is made already; waits for a transaction that is making it. Forgets addresses of the day
// before.
absl::StatusOr<bool> InsertSubmission(postgres::Tx& tx, const Submission& submission);

struct SentBefore {
  std::int64_t from_address = 0;  // since `since`, of this address
  std::int64_t to_store = 0;      // since `since`
  bool said_before = false;       // since `said_since`, by anybody
};
absl::StatusOr<SentBefore> CountSent(postgres::Tx& tx, const Submission& submission, Time since, Time said_since);

}  // namespace esnaf::support
