#pragma once

// What this schema keeps of people besides purchases and scores: profiles, consents, carts, tickets, answers to
// surveys, and whose facts changed.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/fact_lines.h"
#include "services/segmentation/people/person_profile.h"

namespace esnaf::segmentation {

struct CartRecord {
  Uuid cart_id;
  std::optional<Uuid> contact_id;  // unmerged; none where nobody is known
  std::string store_id;
  std::string currency_code;
  std::int64_t value_minor = 0;
  bool ordered = false;  // an order came of it
  Time change_time;
  std::vector<FactLine> lines;
  std::int64_t version = 0;
};
// The newest version of each cart, in the order of their ids.
std::vector<CartRecord> NewestOfEachCart(std::vector<CartRecord> carts);

// By which way an order came that may be a person's first.
struct AcquisitionRecord {
  Uuid order_id;
  std::optional<Uuid> contact_id;  // unmerged; none where nobody is known
  Time place_time;
  bool first_order = false;
  std::string channel;
  std::string source;
  std::string medium;
  std::string campaign;
  std::int64_t version = 0;
};
// The newest version of each order, in the order of their ids.
std::vector<AcquisitionRecord> NewestOfEachAcquisition(std::vector<AcquisitionRecord> acquisitions);

// A ticket of the help desk.
struct TicketRecord {
  Uuid ticket_id;
  std::optional<Uuid> contact_id;  // unmerged; none where nobody is known
  std::string store_id;
  std::string channel;  // `email`
  Time create_time;
  bool solved = false;
  bool spam = false;
  bool merged = false;
  bool breached = false;  // a promise was broken
  // One: the product as its sku, the type as its category, the priority as its brand, the seller.
  std::vector<FactLine> lines;
  std::int64_t version = 0;
};
// The newest version of each ticket, in the order of their ids; breached where any version says so.
std::vector<TicketRecord> NewestOfEachTicket(std::vector<TicketRecord> tickets);

// An answer to a survey.
struct AnswerRecord {
  Uuid invitation_id;
  std::optional<Uuid> contact_id;  // unmerged; none where nobody is known
  std::string store_id;
  std::string kind;  // `csat`
  int score = 0;
  Time answer_time;
  std::vector<FactLine> lines;  // one: the product as its sku, the seller
  std::int64_t version = 0;
};
// The newest version of each answer, in the order of their invitations' ids.
std::vector<AnswerRecord> NewestOfEachAnswer(std::vector<AnswerRecord> answers);

// Each takes what is newer than what is known, in one statement, and answers the contacts that it changed something of.
// Each contact, or cart, or contact with purpose and channel, may occur once, in ascending order.
absl::StatusOr<std::vector<Uuid>> UpsertProfiles(postgres::Tx& tx, const std::vector<Profile>& profiles);
absl::StatusOr<std::vector<Uuid>> UpsertConsents(postgres::Tx& tx, const std::vector<ConsentWord>& words);
// A cart without a contact enters only to take the place of what was known of it.
absl::StatusOr<std::vector<Uuid>> UpsertCarts(postgres::Tx& tx, const std::vector<CartRecord>& carts);

absl::StatusOr<std::vector<Uuid>> UpsertAcquisitions(postgres::Tx& tx,
                                                     const std::vector<AcquisitionRecord>& acquisitions);

// What was ever breached stays so, in whatever order the news come.
absl::StatusOr<std::vector<Uuid>> UpsertTickets(postgres::Tx& tx, const std::vector<TicketRecord>& tickets);

absl::StatusOr<std::vector<Uuid>> UpsertAnswers(postgres::Tx& tx, const std::vector<AnswerRecord>& answers);

// Tells copies in memory that facts of these contacts changed in this transaction.
absl::Status NoteChanges(postgres::Tx& tx, const std::vector<Uuid>& contacts);

}  // namespace esnaf::segmentation
