// Measures the suite against the limits of the machine that it runs on, in one run: raw gRPC echo and pgbench.
// tests/load/run starts everything and calls it. See tests/load/README.md for what is measured and the bounds.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/orders/v1/catalog.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "google/protobuf/util/json_util.h"
#include "libs/api/convert.h"
#include "libs/runtime/channel.h"
#include "tests/load/measure.h"

namespace esnaf::load {
namespace {

constexpr int kContacts = 5000;
constexpr char kStore[] = "load";
constexpr char kGet[] = "/esnaf.contacts.v1.ContactService/GetContact";
constexpr char kUpsert[] = "/esnaf.contacts.v1.ContactService/UpsertContact";
constexpr char kIngest[] = "/esnaf.orders.v1.OrderService/IngestOrder";
constexpr char kTouches[] = "/esnaf.attribution.v1.TouchpointService/BatchIngestTouchpoints";
constexpr char kCreateTicket[] = "/esnaf.support.v1.TicketService/CreateTicket";
constexpr char kBatch[] = "/esnaf.orders.v1.OrderService/BatchIngestOrders";

struct Options {
  std::string gateway, http_port, contacts, orders, echo, key_file;
  std::string pgbench;  // the command up to its options, for example `pgbench -h /socket bench`
  int rounds = 3;
  int milliseconds = 2000;
  std::string only;   // measures just what has this in its name; the bounds then mean nothing
  int in_flight = 0;  // measures just with so many calls in flight; 0 with each
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

// What every run of the program calls its own, so that orders of one run are new to the next.
std::string RunName() {
  static const std::string name = std::to_string(std::random_device()());
  return name;
}

orders::v1::Order MakeOrder(std::uint64_t number, int lines) {
  orders::v1::Order order;
  order.set_store_id(kStore);
  order.set_external_id(absl::StrCat(RunName(), "-", number));
  *order.mutable_place_time() = api::ToProto(SystemClock().Now());
  order.set_prices_include_tax(true);
  order.set_paid(true);
  order.mutable_customer()->set_external_id(absl::StrCat("C", number % kContacts));
  for (int i = 0; i < lines; ++i) {
    auto& line = *order.add_lines();
    line.set_sku(absl::StrCat("SKU-", (number + static_cast<std::uint64_t>(i)) % 997));
    line.set_title("Keten elbise (lacivert)");
    line.set_quantity(1 + i % 3);
    line.mutable_unit_price()->set_minor(12990 + i);
    line.mutable_unit_price()->set_currency_code("TRY");
  }
  return order;
}

// A visit as a page tells it: one in three by an ad, a visitor comes ten times.
attribution::v1::Touchpoint MakeTouch(std::uint64_t number) {
  attribution::v1::Touchpoint touch;
  touch.set_store_id(kStore);
  touch.set_event_id(absl::StrCat(RunName(), "-", number));
  touch.set_visitor_id(absl::StrCat("visitor-", RunName(), "-", number / 10));
  *touch.mutable_occur_time() = api::ToProto(SystemClock().Now());
  touch.set_user_agent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0");
  touch.mutable_consent()->set_ad_storage(attribution::v1::CONSENT_WORD_GRANTED);
  touch.mutable_consent()->set_analytics_storage(attribution::v1::CONSENT_WORD_GRANTED);
  const std::string page = absl::StrCat("https://shop.example/elbise/", number % 997);
  if (number % 3 == 0) {
    touch.set_landing_page(absl::StrCat(page, "?utm_source=google&utm_medium=cpc&utm_campaign=yaz-", number % 50,
                                        "&utm_content=", number % 7, "&gclid=Cj0KCQ", RunName(), number));
    touch.set_referrer("https://www.google.com/");
  } else {
    touch.set_landing_page(page);
    touch.set_referrer(number % 3 == 1 ? "https://www.instagram.com/" : "");
  }
  return touch;
}

contacts::v1::UpsertContactRequest MakeUpsert(std::uint64_t number) {
  contacts::v1::UpsertContactRequest request;
  auto& contact = *request.mutable_contact();
  contact.set_given_name("Ayşe");
  contact.set_family_name("Yılmaz");
  auto& identity = *contact.add_identities();
  identity.set_kind(contacts::v1::IDENTITY_KIND_STORE_CUSTOMER);
  identity.set_store_id(kStore);
  identity.set_value(absl::StrCat("U", RunName(), "-", number));
  identity.set_verified(true);
  auto& email = *contact.add_identities();
  email.set_kind(contacts::v1::IDENTITY_KIND_EMAIL);
  email.set_value(absl::StrCat("u", RunName(), ".", number, "@example.com"));
  email.set_verified(true);
  return request;
}

std::string Json(const google::protobuf::Message& message) {
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  return status.ok() ? json : std::string();
}

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)) {
    std::getline(std::ifstream(options_.key_file) >> std::ws, key_);
    metadata_ = {{"authorization", absl::StrCat("Bearer ", key_)}};
  }

  int Run() {
    if (const auto status = Prepare(); !status.ok()) {
      std::cerr << "cannot prepare: " << std::string(status.message()) << "\n";
      return 1;
    }
    for (int round = 0; round < options_.rounds; ++round) {
      std::cerr << "round " << round + 1 << " of " << options_.rounds << "\n";
      Round();
    }
    Report();
    return failures_ == 0 ? 0 : 1;
  }

 private:
  // The store, and contacts that own a customer number each; made by orders, as in life.
  absl::Status Prepare() {
    const auto channel = runtime::Channel::Open(options_.gateway);
    runtime::ClientCallOptions call;
    call.metadata = metadata_;
    call.timeout = std::chrono::seconds(30);
    orders::v1::CreateStoreRequest store;
    store.mutable_store()->set_id(kStore);
    store.mutable_store()->set_display_name(kStore);
    store.mutable_store()->set_currency_code("TRY");
    const auto created = channel->Call<orders::v1::Store>("/esnaf.orders.v1.StoreService/CreateStore", store, call);
    if (!created.ok() && !absl::IsAlreadyExists(created.status())) return created.status();
    for (int first = 0; first < kContacts; first += 500) {
      contacts::v1::ResolveContactsRequest request;
      request.set_create_missing(true);
      for (int i = first; i < first + 500; ++i) {
        auto& set = *request.add_sets();
        set.set_display_name("Ayşe Yılmaz");
        auto& identity = *set.add_identities();
        identity.set_kind(contacts::v1::IDENTITY_KIND_STORE_CUSTOMER);
        identity.set_store_id(kStore);
        identity.set_value(absl::StrCat("C", i));
        identity.set_verified(true);
      }
      ESNAF_ASSIGN_OR_RETURN(const auto resolved,
                             channel->Call<contacts::v1::ResolveContactsResponse>(
                                 "/esnaf.contacts.v1.ContactService/ResolveContacts", request, call));
      for (const auto& contact : resolved.contacts()) contact_ids_.push_back(contact.contact_id());
    }
    return absl::OkStatus();
  }

  void Round() {
    const std::string payload(300, 'x');
    const NextRequest echo = [&](std::uint64_t) {
      return std::pair<std::string, std::string>("/esnaf.load.Echo/Echo", payload);
    };
    const NextRequest get = [&](std::uint64_t n) {
      contacts::v1::GetContactRequest request;
      request.set_id(contact_ids_[n * 7919 % contact_ids_.size()]);
      return std::pair<std::string, std::string>(kGet, request.SerializeAsString());
    };
    const NextRequest upsert = [&](std::uint64_t) {
      return std::pair<std::string, std::string>(kUpsert, MakeUpsert(serial_++).SerializeAsString());
    };
    const NextRequest ingest = [&](std::uint64_t) {
      orders::v1::IngestOrderRequest request;
      *request.mutable_order() = MakeOrder(serial_++, 3);
      return std::pair<std::string, std::string>(kIngest, request.SerializeAsString());
    };
    const NextRequest ticket = [&](std::uint64_t) {
      support::v1::CreateTicketRequest request;
      request.mutable_ticket()->set_store_id(kStore);
      request.mutable_ticket()->set_subject(absl::StrCat("Kargo nerede? ", serial_++));
      request.mutable_ticket()->set_contact_id(contact_ids_[serial_ % contact_ids_.size()]);
      request.mutable_message()->set_author(support::v1::TICKET_AUTHOR_CUSTOMER);
      request.mutable_message()->set_text("Siparişim hâlâ gelmedi, ne zaman teslim edilecek?");
      return std::pair<std::string, std::string>(kCreateTicket, request.SerializeAsString());
    };
    for (int n : {1, 8, 32}) {
      if (options_.in_flight != 0 && options_.in_flight != n) continue;
      Grpc("echo", options_.echo, echo, n);
      Pgbench("pgbench -S", "-S", n);
      Pgbench("pgbench simple-update", "-N", n);
      Grpc("get contact, direct", options_.contacts, get, n);
      Grpc("get contact, gateway", options_.gateway, get, n);
      Http("get contact, HTTP", n, [&](std::uint64_t i) {
        return HttpRequest{"GET", absl::StrCat("/v1/contacts/", contact_ids_[i * 7919 % contact_ids_.size()]), ""};
      });
      Grpc("upsert contact, direct", options_.contacts, upsert, n);
      Grpc("upsert contact, gateway", options_.gateway, upsert, n);
      Http("upsert contact, HTTP", n, [&](std::uint64_t) {
        return HttpRequest{"POST", "/v1/contacts:upsert", Json(MakeUpsert(serial_++))};
      });
      Grpc("ingest order, direct", options_.orders, ingest, n);
      Grpc("ingest order, gateway", options_.gateway, ingest, n);
      Grpc("create ticket, gateway", options_.gateway, ticket, n);
      Http("ingest order, HTTP", n, [&](std::uint64_t) {
        orders::v1::IngestOrderRequest request;
        *request.mutable_order() = MakeOrder(serial_++, 3);
        return HttpRequest{"POST", "/v1/orders:ingest", Json(request)};
      });
    }
    constexpr int kOrdersPerBatch = 200;
    constexpr int kLinesPerOrder = 10;
    const NextRequest batch = [&](std::uint64_t) {
      orders::v1::BatchIngestOrdersRequest request;
      for (int i = 0; i < kOrdersPerBatch; ++i) *request.add_orders() = MakeOrder(serial_++, kLinesPerOrder);
      return std::pair<std::string, std::string>(kBatch, request.SerializeAsString());
    };
    const Sample sample = Grpc("batch ingest, gateway", options_.gateway, batch, 4);
    lines_per_second_.push_back(sample.rps * kOrdersPerBatch * kLinesPerOrder);
    constexpr int kTouchesPerBatch = 500;
    const NextRequest touches = [&](std::uint64_t) {
      attribution::v1::BatchIngestTouchpointsRequest request;
      for (int i = 0; i < kTouchesPerBatch; ++i) *request.add_touchpoints() = MakeTouch(serial_++);
      return std::pair<std::string, std::string>(kTouches, request.SerializeAsString());
    };
    touches_per_second_.push_back(Grpc("batch of touches, gateway", options_.gateway, touches, 4).rps *
                                  kTouchesPerBatch);
  }

  bool Wanted(const std::string& name) const { return name.find(options_.only) != std::string::npos; }

  // Waits until the consumers of what was measured last have caught up, so that no measure pays for the one before:
  // until the machine does next to nothing, for ten seconds at most, since others may use it too.
  static void Settle() {
    constexpr auto kLook = std::chrono::milliseconds(200);
    constexpr double kIdleMicroseconds = 0.1 * 200'000;
    for (int looks = 0; looks < 50; ++looks) {
      const double cpu = MachineCpuMicroseconds();
      std::this_thread::sleep_for(kLook);
      if (MachineCpuMicroseconds() - cpu < kIdleMicroseconds) return;
    }
  }

  Sample Grpc(const std::string& name, const std::string& address, const NextRequest& next, int in_flight) {
    if (!Wanted(name)) return {};
    Settle();
    return Note(name, in_flight,
                RunGrpc(address, metadata_, next, in_flight, std::chrono::milliseconds(options_.milliseconds)));
  }

  void Http(const std::string& name, int in_flight, const NextHttpRequest& next) {
    if (!Wanted(name)) return;
    Settle();
    Note(name, in_flight,
         RunHttp("127.0.0.1", options_.http_port, key_, next, in_flight,
                 std::chrono::milliseconds(options_.milliseconds)));
  }

  void Pgbench(const std::string& name, const std::string& script, int clients) {
    if (!Wanted(name)) return;
    Settle();
    const std::string command =
        absl::StrFormat("%s %s -n -M prepared -c %d -j %d -T %d 2>&1", options_.pgbench, script, clients,
                        std::min(clients, 2), std::max(1, options_.milliseconds / 1000));
    const double cpu = MachineCpuMicroseconds();
    Sample sample;
    double transactions = 0, latency_ms = 0;
    if (FILE* pipe = popen(command.c_str(), "r"); pipe != nullptr) {
      std::array<char, 512> line;
      while (fgets(line.data(), line.size(), pipe) != nullptr) {
        std::sscanf(line.data(), "tps = %lf", &sample.rps);
        std::sscanf(line.data(), "latency average = %lf", &latency_ms);
        std::sscanf(line.data(), "number of transactions actually processed: %lf", &transactions);
      }
      pclose(pipe);
    }
    sample.p50_us = latency_ms * 1000;
    sample.cpu_us_per_call = transactions > 0 ? (MachineCpuMicroseconds() - cpu) / transactions : 0;
    if (sample.rps == 0) sample.failures = 1;
    Note(name, clients, sample);
  }

  Sample Note(const std::string& name, int in_flight, const Sample& sample) {
    const auto key = std::pair(name, in_flight);
    if (!samples_.contains(key)) order_.push_back(key);
    samples_[key].push_back(sample);
    failures_ += sample.failures;
    return sample;
  }

  double Of(const std::string& name, int in_flight, double Sample::*field) const {
    std::vector<double> values;
    const auto found = samples_.find({name, in_flight});
    if (found == samples_.end()) return 0;
    for (const Sample& sample : found->second) values.push_back(sample.*field);
    return Median(values);
  }

  void Report() const {
    std::cout << absl::StrFormat(
        "medians of %d rounds of %d ms; CPU is the whole machine's, client and Postgres included\n\n", options_.rounds,
        options_.milliseconds);
    std::cout << absl::StrFormat("%-26s %9s %10s %10s %10s %12s\n", "what", "in flight", "a second", "p50 us", "p99 us",
                                 "CPU us/call");
    for (const auto& [name, n] : order_) {
      const double p99 = Of(name, n, &Sample::p99_us);
      std::cout << absl::StrFormat("%-26s %9d %10.0f %10.0f %10s %12.0f\n", name, n, Of(name, n, &Sample::rps),
                                   Of(name, n, &Sample::p50_us), p99 > 0 ? absl::StrFormat("%.0f", p99) : "",
                                   Of(name, n, &Sample::cpu_us_per_call));
    }
    const double echo = Of("echo", 32, &Sample::rps);
    const double select = Of("pgbench -S", 32, &Sample::rps);
    const double update = Of("pgbench simple-update", 32, &Sample::rps);
    const double get_limit = 1 / (2 / echo + 1 / select);
    const double ingest_limit = 1 / (2 / echo + 1 / update);
    const double p50 = Of("get contact, gateway", 1, &Sample::p50_us);
    std::cout << "\n";
    Bound("get contact through the gateway / 1/(2/echo + 1/select), 32 in flight",
          Of("get contact, gateway", 32, &Sample::rps) / get_limit, 0.6, true);
    Bound("ingest order through the gateway / 1/(2/echo + 1/update), 32 in flight",
          Of("ingest order, gateway", 32, &Sample::rps) / ingest_limit, 0.5, true);
    Bound("create ticket through the gateway / simple-update, 32 in flight",
          Of("create ticket, gateway", 32, &Sample::rps) / update, 0.5, true);
    Bound("batch ingest through the gateway, order lines a second", Median(lines_per_second_), 15000, true);
    Bound("batch ingest through the gateway, touches a second", Median(touches_per_second_), 10000, true);
    Bound("get contact, 1 in flight: p99 / p50", Of("get contact, gateway", 1, &Sample::p99_us) / p50, 5, false);
    if (failures_ > 0) std::cout << failures_ << " calls FAILED\n";
  }

  static void Bound(const std::string& what, double value, double bound, bool at_least) {
    const bool kept = at_least ? value >= bound : value <= bound;
    std::cout << absl::StrFormat("%-76s %10.2f  %s %g: %s\n", what, value, at_least ? "at least" : "at most", bound,
                                 kept ? "kept" : "MISSED");
  }

  Options options_;
  std::string key_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<std::string> contact_ids_;
  std::atomic<std::uint64_t> serial_ = 0;
  std::map<std::pair<std::string, int>, std::vector<Sample>> samples_;
  std::vector<std::pair<std::string, int>> order_;
  std::vector<double> lines_per_second_;
  std::vector<double> touches_per_second_;
  std::int64_t failures_ = 0;
};

}  // namespace
}  // namespace esnaf::load

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app("Measures the suite against the machine's own limits", "esnaf-load");
  std::string echo_address;
  app.add_option("--serve-echo", echo_address, "Only serve the raw echo on this address");
  esnaf::load::Options options;
  app.add_option("--gateway", options.gateway, "The gateway's gRPC address");
  app.add_option("--http-port", options.http_port, "The gateway's HTTP port");
  app.add_option("--contacts", options.contacts, "The address of contacts");
  app.add_option("--orders", options.orders, "The address of orders");
  app.add_option("--echo", options.echo, "The address of a raw echo server");
  app.add_option("--key-file", options.key_file, "The admin key's file");
  app.add_option("--pgbench", options.pgbench, "pgbench with its connection");
  app.add_option("--rounds", options.rounds, "Rounds")->capture_default_str();
  app.add_option("--milliseconds", options.milliseconds, "How long each measurement takes")->capture_default_str();
  app.add_option("--only", options.only, "Measure just what has this in its name");
  app.add_option("--in-flight", options.in_flight, "Measure just with so many calls in flight: 1, 8 or 32");
  CLI11_PARSE(app, argc, argv);
  if (!echo_address.empty()) return esnaf::load::ServeEcho(echo_address);
  return esnaf::load::Load(options).Run();
}
