#include "cli/order_import.h"

#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "cli/csv_reader.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "esnaf/orders/v1/catalog.pb.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"

namespace esnaf::cli {
namespace {

using Clock = std::chrono::steady_clock;

bool MayPass(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kResourceExhausted || status.code() == absl::StatusCode::kAborted;
}

// Whether some order was not taken for a reason that is none of its own; sent again, the others change nothing.
bool SomeMayPass(const orders::v1::BatchIngestOrdersResponse& response) {
  return std::any_of(response.results().begin(), response.results().end(), [](const auto& result) {
    return MayPass(absl::Status(static_cast<absl::StatusCode>(result.error().code()), ""));
  });
}

// Threads that each take the next batch, send it until it is acknowledged, and note the result.
class Sender {
 public:
  Sender(std::size_t first, std::size_t count, const std::function<orders::v1::Order(std::size_t)>& make,
         const std::function<void(std::size_t)>& acknowledged, const SendOptions& options)
      : next_(first),
        acknowledged_below_(first),
        count_(count),
        make_(make),
        acknowledged_(acknowledged),
        options_(options) {}

  absl::StatusOr<SendResult> Run(const Client& client) {
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.in_flight; ++i) {
      threads.emplace_back([this, own = client.Clone()]() mutable { Work(own); });
    }
    for (auto& thread : threads) thread.join();
    ESNAF_RETURN_IF_ERROR(failure_);
    std::sort(result_.refused.begin(), result_.refused.end());
    return result_;
  }

 private:
  struct Batch {
    std::size_t first = 0;
    orders::v1::BatchIngestOrdersRequest request;
    std::size_t end() const { return first + static_cast<std::size_t>(request.orders_size()); }
  };

  // Takes the next orders; false where there are none, or something failed.
  bool Take(Batch& batch) {
    std::lock_guard lock(mutex_);
    if (!failure_.ok() || next_ >= count_) return false;
    batch.first = next_;
    batch.request.Clear();
    batch.request.set_validate_only(options_.validate_only);
    int lines = 0;
    while (next_ < count_ && batch.request.orders_size() < options_.max_orders_per_batch &&
           lines < options_.max_lines_per_batch) {
      *batch.request.add_orders() = make_(next_++);
      lines += batch.request.orders(batch.request.orders_size() - 1).lines_size();
    }
    open_.insert(batch.first);
    return true;
  }

  void Work(Client& client) {
    client.set_timeout(std::chrono::seconds(30));
    Batch batch;
    while (Take(batch)) {
      const auto response = SendUntilAcknowledged(client, batch.request);
      std::lock_guard lock(mutex_);
      if (!response.ok()) {
        if (failure_.ok()) failure_ = response.status();
        return;
      }
      Note(batch, *response);
    }
    std::lock_guard lock(mutex_);
    if (!client.position().empty())
      absl::StrAppend(&result_.position, result_.position.empty() ? "" : ",", client.position());
  }

  absl::StatusOr<orders::v1::BatchIngestOrdersResponse> SendUntilAcknowledged(
      Client& client, const orders::v1::BatchIngestOrdersRequest& request) {
    const auto give_up = Clock::now() + options_.patience;
    auto pause = std::chrono::milliseconds(50);
    while (true) {
      auto response =
          client.Call<orders::v1::BatchIngestOrdersResponse>("orders.v1.OrderService/BatchIngestOrders", request);
      const bool again = response.ok() ? SomeMayPass(*response) : MayPass(response.status());
      if (!again || Clock::now() >= give_up) return response;
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::milliseconds(1000));
    }
  }

  void Note(const Batch& batch, const orders::v1::BatchIngestOrdersResponse& response) {
    for (int i = 0; i < response.results_size(); ++i) {
      const auto& result = response.results(i);
      if (result.has_error() && result.error().code() != 0) {
        result_.refused.emplace_back(batch.first + i, result.error().message());
      } else if (result.outcome() == orders::v1::INGEST_OUTCOME_CREATED) {
        ++result_.created;
      } else if (result.outcome() == orders::v1::INGEST_OUTCOME_UPDATED) {
        ++result_.updated;
      } else {
        ++result_.unchanged;
      }
    }
    open_.erase(batch.first);
    std::size_t below = open_.empty() ? next_ : *open_.begin();
    // A refused order is sent again after a break, so that it is reported again.
    for (const auto& [index, reason] : result_.refused) below = std::min(below, index);
    if (below > acknowledged_below_) {
      acknowledged_below_ = below;
      acknowledged_(below);
    }
  }

  std::mutex mutex_;
  std::size_t next_;
  std::size_t acknowledged_below_;
  const std::size_t count_;
  std::set<std::size_t> open_;  // first indexes of batches under way
  absl::Status failure_;
  SendResult result_;
  const std::function<orders::v1::Order(std::size_t)>& make_;
  const std::function<void(std::size_t)>& acknowledged_;
  const SendOptions& options_;
};

// Where an import stands, in a file of the user's own state folder, named by what is imported.
class Checkpoint {
 public:
  // The store's creation tells one installation from another that has a store of the same name.
  Checkpoint(const OrderFileOptions& file, const orders::v1::Store& store) {
    std::string key =
        absl::StrCat(file.store_id, "\n", store.create_time().seconds(), ".", store.create_time().nanos(), "\n",
                     file.time_zone.name(), "\n", file.currency.code(), "\n", file.cancellation_prefix);
    for (const std::string& path : {file.path, file.join_path}) {
      struct stat state = {};
      if (stat(path.c_str(), &state) != 0) continue;
      const auto absolute = std::filesystem::absolute(path).string();
      key += absl::StrCat("\n", absolute, "\n", state.st_size, "\n", state.st_mtim.tv_sec, ".", state.st_mtim.tv_nsec);
    }
    for (const auto& [field, column] : file.columns) key += absl::StrCat("\n", field, "=", column);
    const char* state_home = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    std::filesystem::path folder = state_home != nullptr && *state_home != '\0' ? std::filesystem::path(state_home)
                                   : home != nullptr ? std::filesystem::path(home) / ".local/state"
                                                     : std::filesystem::temp_directory_path();
    folder /= "esnaf/imports";
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    path_ = folder / Sha256Hex(key).substr(0, 24);
  }

  std::size_t Read() const {
    std::ifstream file(path_);
    std::size_t below = 0;
    file >> below;
    return below;
  }
  // Written beside and renamed, so that a kill leaves the old or the new number.
  void Write(std::size_t below) {
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    const std::filesystem::path temporary = path_.string() + ".new";
    std::ofstream(temporary) << below << "\n";
    std::error_code ignored;
    std::filesystem::rename(temporary, path_, ignored);
  }
  void Forget() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

 private:
  std::filesystem::path path_;
  Clock::time_point last_;
};

// Copies the rejected rows of the file, each with its line and reason, to a CSV that can be mended and imported.
absl::Status WriteRejects(const std::string& path, const std::string& source,
                          const std::map<std::int64_t, std::string>& rejected) {
  std::ofstream out(path);
  if (!out) return absl::InvalidArgumentError(absl::StrCat("cannot write ", path));
  ESNAF_ASSIGN_OR_RETURN(const auto reader, CsvReader::Open(source));
  Table table;
  table.header = reader->header();
  table.header.insert(table.header.end(), {"rejected_line", "rejected_reason"});
  std::vector<std::string> row;
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const bool found, reader->Next(row));
    if (!found) break;
    const auto reason = rejected.find(reader->line());
    if (reason == rejected.end()) continue;
    row.resize(reader->header().size());
    row.insert(row.end(), {std::to_string(reader->line()), reason->second});
    table.rows.push_back(row);
  }
  out << RenderCsv(table);
  out.flush();
  return out ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot write ", path));
}

absl::StatusOr<orders::v1::Store> FindStore(Client& client, const std::string& store_id) {
  orders::v1::GetStoreRequest request;
  request.set_id(store_id);
  auto store = client.Call<orders::v1::Store>("orders.v1.StoreService/GetStore", request);
  if (!absl::IsNotFound(store.status())) return store;
  return absl::NotFoundError(absl::StrFormat(
      "there is no store \"%s\"; `esnaf stores create %s --currency TRY` makes it", store_id, store_id));
}

void Report(const OrderFile& file, const SendResult& result, std::size_t skipped, const ImportOptions& options,
            double seconds) {
  std::int64_t lines = 0;
  for (const auto& order : file.orders) lines += static_cast<std::int64_t>(order.lines.size());
  std::cout << absl::StrFormat("%s%d rows: %d new orders, %d updated, %d unchanged",
                               options.dry_run ? "dry run, nothing changed: " : "", file.row_count, result.created,
                               result.updated, result.unchanged);
  if (skipped > 0) std::cout << absl::StrFormat(", %d acknowledged before the break", skipped);
  std::cout << absl::StrFormat("; %d rows rejected; %.1f s", file.rejected.size(), seconds);
  if (seconds > 0 && skipped == 0)
    std::cout << absl::StrFormat(", %.0f order lines a second", static_cast<double>(lines) / seconds);
  std::cout << "\n";
  int shown = 0;
  for (const auto& [line, reason] : file.rejected) {
    if (++shown > 10) break;
    std::cerr << options.file.path << ":" << line << ": " << reason << "\n";
  }
  if (file.rejected.size() > 10) {
    std::cerr << "... and " << file.rejected.size() - 10 << " more"
              << (options.reject_path.empty() ? "; --reject FILE keeps all of them"
                                              : absl::StrCat(", all in ", options.reject_path))
              << "\n";
  }
}

}  // namespace

absl::StatusOr<SendResult> SendOrders(const Client& client, std::size_t first, std::size_t count,
                                      const std::function<orders::v1::Order(std::size_t)>& make,
                                      const std::function<void(std::size_t)>& acknowledged,
                                      const SendOptions& options) {
  return Sender(first, count, make, acknowledged, options).Run(client);
}

int ImportOrders(Client& client, const ImportOptions& options) {
  const auto store = FindStore(client, options.file.store_id);
  if (!store.ok()) {
    PrintError(store.status());
    return ExitCodeOf(store.status());
  }
  auto file = ReadOrderFile(options.file);
  if (!file.ok()) {
    PrintError(file.status());
    return kUsage;
  }
  Checkpoint checkpoint(options.file, *store);
  if (options.restart) checkpoint.Forget();
  const std::size_t first = options.dry_run ? 0 : std::min(checkpoint.Read(), file->orders.size());
  if (first > 0) std::cerr << "going on behind order " << first << " of " << file->orders.size() << "\n";

  const auto started = Clock::now();
  SendOptions send = options.send;
  send.validate_only = options.dry_run;
  absl::StatusOr<SendResult> result = SendResult();
  {
    Progress progress("importing", static_cast<std::int64_t>(file->orders.size()));
    result = SendOrders(
        client, first, file->orders.size(), [&](std::size_t i) { return ToOrder(file->orders[i], options.file); },
        [&](std::size_t below) {
          if (!options.dry_run) checkpoint.Write(below);
          progress.Show(static_cast<std::int64_t>(below));
        },
        send);
  }
  if (!result.ok()) {
    PrintError(result.status());
    std::cerr << "  the same command goes on where this one stopped\n";
    return ExitCodeOf(result.status());
  }
  for (const auto& [index, reason] : result->refused) {
    for (const LineFacts& line : file->orders[index].lines) {
      file->rejected[line.file_line] = absl::StrCat("order ", file->orders[index].number, ": ", reason);
    }
  }
  if (!options.dry_run) checkpoint.Forget();
  if (!options.reject_path.empty() && !file->rejected.empty()) {
    if (const auto status = WriteRejects(options.reject_path, options.file.path, file->rejected); !status.ok()) {
      PrintError(status);
      return kFailed;
    }
  }
  Report(*file, *result, first, options, std::chrono::duration<double>(Clock::now() - started).count());
  return file->rejected.empty() ? kOk : kPartly;
}

}  // namespace esnaf::cli
