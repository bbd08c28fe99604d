// Connections, what is posted to them, and what becomes of it.
#include "libs/hooks/hook_service.h"

#include "esnaf/migrations/hooks.h"
#include "esnaf/migrations/runtime.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"

namespace esnaf::hooks {
namespace {

using absl::StatusCode;

// The key stands in a header, and each line of the body is a parcel. `done` counts what was handled, in its
// transaction.
class LineConnector final : public Connector {
 public:
  const std::string& name() const override { return name_; }
  const std::vector<SecretKind>& secret_kinds() const override { return kinds_; }
  absl::StatusOr<Reception> Receive(const Request& request, const Secrets& secrets) const override {
    if (!Matches(request.Header("x-key"), secrets, "key")) return NotVerified();
    Reception reception{.content_type = "text/plain", .body = "thanks"};
    std::string_view rest = request.body;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      reception.parcels.push_back({.external_id = std::string(line), .payload = std::string(line)});
    }
    return reception;
  }
  absl::StatusOr<std::string> Fetch(const Delivery&, const Secrets& secrets) override {
    if (!fetch_failure.ok()) return fetch_failure;
    return std::string(SecretOf(secrets, "token"));
  }
  absl::StatusOr<Outcome> Handle(const runtime::Call&, postgres::Tx& tx, const Delivery& delivery,
                                 const std::string& fetched) override {
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("INSERT INTO done VALUES ($1)", {delivery.payload}).status());
    if (!handle_failure.ok()) return handle_failure;
    return Outcome{.subject_id = "s-" + delivery.external_id, .message = "with " + fetched};
  }
  absl::Status fetch_failure;
  absl::Status handle_failure;

 private:
  const std::string name_ = "lines";
  const std::vector<SecretKind> kinds_ = {{.name = "key", .only_compared = true}, {.name = "token", .required = false}};
};

class Hooks {
 public:
  Hooks() { schema.Sql("CREATE TABLE done (payload text)"); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, Request request, const std::string& stores = "") {
    request.set_connector("lines");
    std::multimap<std::string, std::string> metadata = {{"esnaf-caller-kind", "admin"}, {"esnaf-actor", "key:a"}};
    if (!stores.empty()) metadata.emplace("esnaf-stores", stores);
    return server.channel()->Call<Response>("/esnaf.api.v1.HookService/" + method, request,
                                            {.metadata = {metadata.begin(), metadata.end()}});
  }
  absl::StatusOr<api::v1::HookConnection> Connect(const std::string& store, const std::string& stores = "") {
    api::v1::CreateHookConnectionRequest request;
    request.set_store_id(store);
    (*request.mutable_secrets())["key"] = "sesame";
    (*request.mutable_secrets())["token"] = "t1";
    return Call<api::v1::HookConnection>("CreateHookConnection", request, stores);
  }
  absl::StatusOr<api::v1::ReceiveHookResponse> Post(const std::string& body, const std::string& key = "sesame",
                                                    const std::string& store = "web") {
    api::v1::ReceiveHookRequest request;
    request.set_store_id(store);
    request.set_verb("POST");
    api::v1::HookHeader& header = *request.add_headers();
    header.set_name("x-key");
    header.set_value(key);
    request.set_body(body);
    return Call<api::v1::ReceiveHookResponse>("ReceiveHook", request);
  }
  std::vector<api::v1::HookDelivery> Deliveries(api::v1::HookDeliveryState state = {}, const std::string& stores = "") {
    api::v1::ListHookDeliveriesRequest request;
    request.set_state(state);
    ESNAF_REQUIRE_VALUE(const auto page,
                        Call<api::v1::ListHookDeliveriesResponse>("ListHookDeliveries", request, stores));
    return {page.deliveries().begin(), page.deliveries().end()};
  }
  absl::StatusOr<api::v1::HookDelivery> Retry(const std::string& id) {
    api::v1::RetryHookDeliveryRequest request;
    request.set_id(id);
    return Call<api::v1::HookDelivery>("RetryHookDelivery", request);
  }
  bool HandleNext() {
    ESNAF_REQUIRE_VALUE(const bool handled, worker.HandleNext(schema.connection()));
    return handled;
  }
  std::int64_t Done() { return schema.Sql("SELECT count(*) FROM done")[0].Get<std::int64_t>(0); }

  testing::TestSchema schema{"hooks", {&migrations::runtime(), &migrations::hooks()}, {"runtime", "hooks"}};
  ManualClock clock{SystemClock().Now()};
  LineConnector lines;
  HookService service{{&lines}};
  HookWorker worker{lines, "service:test", clock, {.most_attempts = 3}, {}};
  testing::TestServer server{schema, {service.Rpcs()}, {.clock = &clock}};
};

TEST_CASE("a store is connected once, and its secrets are not shown; those only compared are not kept either") {
  Hooks hooks;
  ESNAF_REQUIRE_VALUE(const auto made, hooks.Connect("web"));
  CHECK(made.secret_names_size() == 2);
  CHECK(made.SerializeAsString().find("sesame") == std::string::npos);
  CHECK(made.SerializeAsString().find("t1") == std::string::npos);
  const std::string kept = hooks.schema.Sql("SELECT secrets::text FROM hook_connection")[0].Get<std::string>(0);
  CHECK(kept.find("sesame") == std::string::npos);
  CHECK(kept.find(Sha256Hex("sesame")) != std::string::npos);
  CHECK(ErrorReason(hooks.Connect("web").status()) == "HOOK_CONNECTION_EXISTS");
  CHECK(ErrorReason(hooks.Connect("other", "web").status()) == "STORE_NOT_ALLOWED");
  api::v1::CreateHookConnectionRequest wrong;
  wrong.set_store_id("Web!");
  (*wrong.mutable_secrets())["password"] = "x";
  const auto refused = hooks.Call<api::v1::HookConnection>("CreateHookConnection", wrong);
  CHECK(ErrorFields(refused.status()).size() == 3);
  api::v1::DeleteHookConnectionRequest end;
  end.set_id(made.id());
  const auto delete_as = [&](const std::string& stores) {
    return hooks.Call<api::v1::DeleteHookConnectionResponse>("DeleteHookConnection", end, stores).status();
  };
  CHECK_STATUS_IS(delete_as("other"), StatusCode::kNotFound, "");
  REQUIRE_OK(delete_as("web"));
  CHECK_STATUS_IS(delete_as("web"), StatusCode::kNotFound, "");
  CHECK(ErrorReason(hooks.Post("a").status()) == "HOOK_CONNECTION_NOT_FOUND");
}

TEST_CASE("what is verified is kept once and handled once; what is not is not kept at all") {
  Hooks hooks;
  REQUIRE_OK(hooks.Connect("web"));
  ESNAF_REQUIRE_VALUE(const auto first, hooks.Post("a\nb"));
  CHECK(first.body() == "thanks");
  CHECK(first.content_type() == "text/plain");
  ESNAF_REQUIRE_VALUE(const auto again, hooks.Post("a\nb"));
  CHECK(again.SerializeAsString() == first.SerializeAsString());
  CHECK(ErrorReason(hooks.Post("c", "wrong").status()) == "HOOK_NOT_VERIFIED");
  CHECK(ErrorReason(hooks.Post("c", "sesame", "other").status()) == "HOOK_CONNECTION_NOT_FOUND");
  // A parcel without a usable id spoils the whole request: nothing of it is kept.
  CHECK_STATUS_IS(hooks.Post("d\n" + std::string(201, 'x')).status(), StatusCode::kInvalidArgument, "");
  CHECK(hooks.Deliveries(api::v1::HOOK_DELIVERY_STATE_PENDING).size() == 2);
  CHECK(hooks.HandleNext());
  CHECK(hooks.HandleNext());
  CHECK_FALSE(hooks.HandleNext());
  CHECK(hooks.Done() == 2);
  REQUIRE_OK(hooks.Post("a\nb"));
  CHECK_FALSE(hooks.HandleNext());
  const auto done = hooks.Deliveries(api::v1::HOOK_DELIVERY_STATE_DONE);
  REQUIRE(done.size() == 2);
  CHECK(done[0].message() == "with t1");
  CHECK(done[0].subject_id() == "s-" + done[0].external_id());
  CHECK(done[0].has_finish_time());
  CHECK_FALSE(done[0].has_next_attempt_time());
  CHECK(hooks.Deliveries({}, "other").empty());
}

TEST_CASE("a failure waits longer each time, and after the last attempt somebody must look") {
  Hooks hooks;
  REQUIRE_OK(hooks.Connect("web"));
  REQUIRE_OK(hooks.Post("a"));
  hooks.lines.fetch_failure = absl::UnavailableError("the line is dead");
  CHECK(hooks.HandleNext());
  CHECK_FALSE(hooks.HandleNext());
  CHECK(hooks.Deliveries()[0].message() == "the line is dead");
  CHECK(hooks.Deliveries()[0].attempt_count() == 1);
  CHECK(ErrorReason(hooks.Retry(hooks.Deliveries()[0].id()).status()) == "HOOK_DELIVERY_NOT_DEAD");
  hooks.clock.Advance(std::chrono::seconds(2));
  CHECK(hooks.HandleNext());
  hooks.clock.Advance(std::chrono::seconds(7));
  CHECK_FALSE(hooks.HandleNext());
  hooks.clock.Advance(std::chrono::seconds(1));
  CHECK(hooks.HandleNext());
  const auto dead = hooks.Deliveries(api::v1::HOOK_DELIVERY_STATE_DEAD);
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].message() == "the line is dead");
  hooks.clock.Advance(std::chrono::hours(24));
  CHECK_FALSE(hooks.HandleNext());
  hooks.lines.fetch_failure = absl::OkStatus();
  ESNAF_REQUIRE_VALUE(const auto revived, hooks.Retry(dead[0].id()));
  CHECK(revived.state() == api::v1::HOOK_DELIVERY_STATE_PENDING);
  CHECK(revived.attempt_count() == 0);
  CHECK(hooks.HandleNext());
  CHECK(hooks.Deliveries()[0].state() == api::v1::HOOK_DELIVERY_STATE_DONE);
  CHECK(hooks.Done() == 1);
  CHECK_STATUS_IS(hooks.Retry(Uuid::NewV7(hooks.clock.Now()).ToString()).status(), StatusCode::kNotFound, "");
}

TEST_CASE("what trying again would not mend is dead at once, and leaves nothing half done") {
  Hooks hooks;
  REQUIRE_OK(hooks.Connect("web"));
  REQUIRE_OK(hooks.Post("a"));
  hooks.lines.handle_failure = InvalidField("body.a", "is no lead");
  CHECK(hooks.HandleNext());
  CHECK(hooks.Done() == 0);
  const auto dead = hooks.Deliveries(api::v1::HOOK_DELIVERY_STATE_DEAD);
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].message().find("body.a") != std::string::npos);
}

TEST_CASE("who takes a delivery and dies leaves it to others after a while") {
  Hooks hooks;
  REQUIRE_OK(hooks.Connect("web"));
  REQUIRE_OK(hooks.Post("a"));
  const Time now = hooks.clock.Now();
  const auto claim = [&](Time at) {
    auto claimed = hooks.schema.connection().Run(
        {}, [&](postgres::Tx& tx) { return ClaimDelivery(tx, "lines", at, at + std::chrono::minutes(2)); });
    REQUIRE_OK(claimed);
    return claimed->has_value();
  };
  CHECK(claim(now));
  CHECK_FALSE(claim(now));
  CHECK_FALSE(hooks.HandleNext());
  CHECK(claim(now + std::chrono::minutes(2)));
}

TEST_CASE("what stops the program each time it is handled is given up like what fails") {
  Hooks hooks;
  REQUIRE_OK(hooks.Connect("web"));
  REQUIRE_OK(hooks.Post("a"));
  for (int attempt = 0; attempt < 3; ++attempt) {
    // It is taken, and the program ends.
    const Time now = hooks.clock.Now();
    auto claimed = hooks.schema.connection().Run(
        {}, [&](postgres::Tx& tx) { return ClaimDelivery(tx, "lines", now, now + std::chrono::minutes(2)); });
    REQUIRE_OK(claimed);
    REQUIRE(claimed->has_value());
    hooks.clock.Advance(std::chrono::minutes(2));
  }
  CHECK(hooks.HandleNext());
  const auto dead = hooks.Deliveries(api::v1::HOOK_DELIVERY_STATE_DEAD);
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].message() == "no attempt to handle it ever came to its end");
  CHECK(hooks.Done() == 0);
}

TEST_CASE("what waits when its store is disconnected is still handled, and nothing new is taken in") {
  Hooks hooks;
  ESNAF_REQUIRE_VALUE(const auto made, hooks.Connect("web"));
  REQUIRE_OK(hooks.Post("a"));
  api::v1::DeleteHookConnectionRequest end;
  end.set_id(made.id());
  REQUIRE_OK(hooks.Call<api::v1::DeleteHookConnectionResponse>("DeleteHookConnection", end));
  CHECK(ErrorReason(hooks.Post("b").status()) == "HOOK_CONNECTION_NOT_FOUND");
  const auto forget = [&](Time before) {
    REQUIRE_OK(hooks.schema.connection().Run({}, [&](postgres::Tx& tx) { return ForgetEndedConnections(tx, before); }));
    return hooks.schema.Sql("SELECT FROM ended_hook_connection").size();
  };
  const Time day_before = hooks.clock.Now() - std::chrono::hours(24);
  CHECK(forget(day_before) == 1);
  CHECK(hooks.HandleNext());
  CHECK(hooks.Deliveries()[0].message() == "with t1");
  CHECK(forget(day_before) == 0);
  // Without anything that waits nothing is kept; what waits for long is forgotten too.
  ESNAF_REQUIRE_VALUE(const auto again, hooks.Connect("web"));
  end.set_id(again.id());
  REQUIRE_OK(hooks.Call<api::v1::DeleteHookConnectionResponse>("DeleteHookConnection", end));
  CHECK(forget(day_before) == 0);
  ESNAF_REQUIRE_VALUE(const auto third, hooks.Connect("web"));
  REQUIRE_OK(hooks.Post("c"));
  end.set_id(third.id());
  REQUIRE_OK(hooks.Call<api::v1::DeleteHookConnectionResponse>("DeleteHookConnection", end));
  CHECK(forget(day_before) == 1);
  CHECK(forget(hooks.clock.Now() + std::chrono::seconds(1)) == 0);
}

TEST_CASE("what was done long ago is forgotten, what is dead later") {
  Hooks hooks;
  REQUIRE_OK(hooks.Connect("web"));
  REQUIRE_OK(hooks.Post("a"));
  CHECK(hooks.HandleNext());
  hooks.lines.handle_failure = absl::FailedPreconditionError("no");
  REQUIRE_OK(hooks.Post("b"));
  CHECK(hooks.HandleNext());
  const auto forget = [&](Time before) {
    auto count = hooks.schema.connection().Run({}, [&](postgres::Tx& tx) { return ForgetDone(tx, before); });
    REQUIRE_OK(count);
    return *count;
  };
  CHECK(forget(hooks.clock.Now()) == 0);
  CHECK(forget(hooks.clock.Now() + std::chrono::seconds(1)) == 1);
  CHECK(hooks.Deliveries().size() == 1);
  ESNAF_REQUIRE_VALUE(const std::int64_t dead, hooks.schema.connection().Run({}, CountDead));
  CHECK(dead == 1);
  const auto forget_dead = [&](Time before) {
    auto count = hooks.schema.connection().Run({}, [&](postgres::Tx& tx) { return ForgetDead(tx, before); });
    REQUIRE_OK(count);
    return *count;
  };
  CHECK(forget_dead(hooks.clock.Now()) == 0);
  CHECK(forget_dead(hooks.clock.Now() + std::chrono::seconds(1)) == 1);
  CHECK(hooks.Deliveries().empty());
}

}  // namespace
}  // namespace esnaf::hooks
