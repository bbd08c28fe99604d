#pragma once

// What an order means for the ledger of purchases. Pure: no SQL, no clock, no protobuf.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/segmentation/people/fact_lines.h"

namespace esnaf::segmentation {

// Which value of an order a policy counts.
enum class ValueBasis { kNet, kGross };

// The numbers are those of esnaf.orders.v1.OrderKind.
enum class PurchaseKind { kSale = 1, kReturn = 2 };

// An order as the ledger keeps it.
struct Purchase {
  Uuid order_id;
  std::optional<Uuid> contact_id;  // as the order names it, unmerged; none where nobody is known
  std::string store_id;
  Time place_time;
  std::string currency_code;
  PurchaseKind kind = PurchaseKind::kSale;
  bool cancelled = false;
  bool completed = false;        // paid and fulfilled
  std::string channel;           // by which way it came, for example `web`
  std::int64_t gross_minor = 0;  // the lines' amounts, never negative
  std::int64_t net_minor = 0;    // what stayed sold; negative for a return
  std::int64_t cost_minor = 0;   // what that cost the shop, as far as it is known; negative for a return
  std::vector<FactLine> lines;
  std::int64_t version = 0;

  // Whether it is one of the person's orders on this basis. A return never is; a sale is where it was not cancelled
  // and is worth something.
  bool CountsAsOrder(ValueBasis basis) const;
  // What it adds to the person's monetary value; negative for a return that came without its order, on the basis of
  // net.
  std::int64_t ValueOn(ValueBasis basis) const;
  bool operator==(const Purchase&) const = default;
};

// Spreads what an order is worth over its lines by the values that they have; over all alike where none has one.
// Largest remainder: the lines add up to it to the minor unit.
void SpreadValue(std::int64_t value_minor, std::vector<FactLine>& lines);

// The newest version of each order, in the order of their ids: one statement cannot write a row twice, and writing in
// one order everywhere cannot deadlock.
std::vector<Purchase> NewestOfEachOrder(std::vector<Purchase> purchases);

}  // namespace esnaf::segmentation
