#pragma once

// Sends orders to the gateway in batches, several in flight, and survives breaks: batches may repeat without harm, and
// what is acknowledged is remembered in a file, so that the same import goes on where it stopped.
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/order_rows.h"

namespace esnaf::cli {

struct SendOptions {
  int in_flight = 4;
  int max_orders_per_batch = 200;
  int max_lines_per_batch = 2000;
  bool validate_only = false;
  // How long the suite may be away before the import gives up.
  std::chrono::seconds patience{120};
};

struct SendResult {
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
  // What to read after, to see everything that was sent (`esnaf-after`).
  std::string position;
  // Indexes of orders that the server refused, with why.
  std::vector<std::pair<std::size_t, std::string>> refused;
};

// Sends the orders `make(index)` for index in [first, count). `acknowledged(n)` is told each time all orders below n
// are recorded for good. Fails where the suite stays away, or refuses a whole batch.
absl::StatusOr<SendResult> SendOrders(const Client& client, std::size_t first, std::size_t count,
                                      const std::function<orders::v1::Order(std::size_t)>& make,
                                      const std::function<void(std::size_t)>& acknowledged, const SendOptions& options);

struct ImportOptions {
  OrderFileOptions file;
  SendOptions send;
  bool dry_run = false;
  bool restart = false;     // forgets where an earlier try stopped
  std::string reject_path;  // where rejected rows go; empty: only counted and the first ones shown
};

// `esnaf orders import`. Answers the exit code.
int ImportOrders(Client& client, const ImportOptions& options);

}  // namespace esnaf::cli
