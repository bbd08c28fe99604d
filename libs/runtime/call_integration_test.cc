// Mutations against a real Postgres: each key takes effect once, however often and from wherever it is sent.
#include "libs/runtime/call.h"

#include <atomic>
#include <future>

#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/migrations/runtime.h"
#include "libs/base/error.h"
#include "libs/runtime/test_contract.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"
#include "libs/testing/service.h"

namespace esnaf::runtime {
namespace {

using Writes = Call::Writes;
constexpr char kMethod[] = "/esnaf.test.v1.EchoService/Echo";

struct Fixture {
  Fixture() { schema.Sql("CREATE TABLE thing (name text PRIMARY KEY, number serial)"); }

  Call MakeCall(const std::string& key, const std::string& actor = "key:1", const std::string& method = kMethod) {
    return MakeCallOn(schema.connection(), key, actor, method);
  }
  Call MakeCallOn(postgres::Connection& connection, const std::string& key, const std::string& actor = "key:1",
                  const std::string& method = kMethod) {
    CallInfo info{.method = method, .deadline = SystemClock().Now() + std::chrono::minutes(1), .idempotency_key = key};
    info.caller.actor = actor;
    return Call(std::move(info), SystemClock(), connection);
  }

  // Adds a thing and answers its number; a second of the same name is ALREADY_EXISTS.
  static absl::StatusOr<Int64Value> Add(postgres::Tx& tx, const std::string& name) {
    ESNAF_ASSIGN_OR_RETURN(
        const postgres::Result added,
        tx.ExecuteDynamic("INSERT INTO thing (name) VALUES ($1) RETURNING number, pg_current_xact_id()::text", {name}));
    tx.NoteEventXact(std::stoull(added[0].Get<std::string>(1)));
    Int64Value answer;
    answer.set_value(added[0].Get<std::int64_t>(0));
    return answer;
  }
  absl::StatusOr<Int64Value> Add(Call& call, const std::string& name) {
    return call.Mutate<Int64Value>(Text(name), Writes::kTransaction, [&](postgres::Tx& tx) { return Add(tx, name); });
  }
  // Adds a thing of a new name each time, so that only the key can stop a second.
  absl::StatusOr<Int64Value> AddAnother(Call& call, const std::string& request) {
    return call.Mutate<Int64Value>(Text(request), Writes::kTransaction,
                                   [&](postgres::Tx& tx) { return Add(tx, request + std::to_string(++made)); });
  }
  int Things() { return static_cast<int>(schema.Sql("SELECT name FROM thing").size()); }

  std::atomic<int> made = 0;
  testing::TestSchema schema{"call", {&migrations::runtime()}, {"runtime"}};
};

TEST_CASE("the same key with the same request replays the first answer and its position") {
  Fixture f;
  Call first = f.MakeCall("k");
  ESNAF_REQUIRE_VALUE(const Int64Value answer, f.AddAnother(first, "a"));
  REQUIRE(first.event_xact().has_value());
  for (int i = 0; i < 3; ++i) {
    Call again = f.MakeCall("k");
    ESNAF_REQUIRE_VALUE(const Int64Value replayed, f.AddAnother(again, "a"));
    CHECK(replayed.value() == answer.value());
    CHECK(again.event_xact() == first.event_xact());
  }
  CHECK(f.Things() == 1);
}

TEST_CASE("a repeated call whose work is done already replays instead of failing on it") {
  Fixture f;
  Call first = f.MakeCall("k");
  ESNAF_REQUIRE_VALUE(const Int64Value answer, f.Add(first, "a"));
  Call again = f.MakeCall("k");
  ESNAF_REQUIRE_VALUE(const Int64Value replayed, f.Add(again, "a"));
  CHECK(replayed.value() == answer.value());
  // Another key is another call, and fails as it must.
  Call other = f.MakeCall("l");
  CHECK_STATUS_IS(f.Add(other, "a"), absl::StatusCode::kAlreadyExists, "");
}

TEST_CASE("the same key with another request is refused, and does nothing") {
  Fixture f;
  Call first = f.MakeCall("k");
  REQUIRE_OK(f.AddAnother(first, "a"));
  Call other = f.MakeCall("k");
  const absl::Status refused = f.AddAnother(other, "b").status();
  CHECK_STATUS_IS(refused, absl::StatusCode::kInvalidArgument, "another request");
  CHECK(ErrorReason(refused) == "IDEMPOTENCY_KEY_REUSED");
  CHECK(f.Things() == 1);
}

TEST_CASE("keys of other callers and other methods are other keys") {
  Fixture f;
  Call first = f.MakeCall("k");
  Call other_actor = f.MakeCall("k", "key:2");
  Call other_method = f.MakeCall("k", "key:1", "/esnaf.test.v1.EchoService/Other");
  REQUIRE_OK(f.AddAnother(first, "a"));
  CHECK_OK(f.AddAnother(other_actor, "b"));
  CHECK_OK(f.AddAnother(other_method, "c"));
  CHECK(f.Things() == 3);
}

TEST_CASE("an error leaves no record and no effect, so the key is free") {
  Fixture f;
  Call failing = f.MakeCall("k");
  const auto fail = [&](postgres::Tx& tx) -> absl::StatusOr<Int64Value> {
    ESNAF_RETURN_IF_ERROR(Fixture::Add(tx, "a").status());
    return absl::FailedPreconditionError("not today");
  };
  CHECK_STATUS_IS(failing.Mutate<Int64Value>(Text("a"), Writes::kTransaction, fail),
                  absl::StatusCode::kFailedPrecondition, "not today");
  CHECK_FALSE(failing.event_xact().has_value());
  CHECK(f.Things() == 0);
  Call later = f.MakeCall("k");
  CHECK_OK(f.Add(later, "a"));
  CHECK(f.Things() == 1);
}

TEST_CASE("calls with the same key at the same time take effect once and all get the one answer") {
  Fixture f;
  constexpr int kCallers = 8;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::future<absl::StatusOr<Int64Value>>> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.push_back(std::async(std::launch::async, [&f, round]() -> absl::StatusOr<Int64Value> {
        postgres::Connection connection(f.schema.options());
        Call call = f.MakeCallOn(connection, "round" + std::to_string(round));
        return f.AddAnother(call, "a" + std::to_string(round) + "-");
      }));
    }
    std::vector<std::int64_t> answers;
    for (auto& caller : callers) {
      const absl::StatusOr<Int64Value> answer = caller.get();
      CHECK_OK(answer);
      if (answer.ok()) answers.push_back(answer->value());
    }
    CHECK(answers == std::vector<std::int64_t>(kCallers, answers.empty() ? 0 : answers[0]));
    CHECK(f.Things() == round + 1);
  }
}

TEST_CASE("the request's own request_id wins over the metadata") {
  Fixture f;
  contacts::v1::CreateContactRequest request;
  request.set_request_id("from-request");
  Call call = f.MakeCall("from-metadata");
  REQUIRE_OK(
      call.Mutate<Int64Value>(request, Writes::kTransaction, [&](postgres::Tx& tx) { return Fixture::Add(tx, "a"); }));
  const postgres::Result keys = f.schema.Sql("SELECT key FROM idempotency");
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].Get<std::string>(0) == "key:1|from-request");
}

TEST_CASE("a key that cannot be kept is refused") {
  Fixture f;
  Call long_key = f.MakeCall(std::string(201, 'k'));
  CHECK_STATUS_IS(f.Add(long_key, "a"), absl::StatusCode::kInvalidArgument, "request_id");
  Call binary = f.MakeCall("\xff");
  CHECK_STATUS_IS(f.Add(binary, "a"), absl::StatusCode::kInvalidArgument, "request_id");
  CHECK(f.Things() == 0);
}

TEST_CASE("without a key there is no record: one statement commits by itself, several together") {
  Fixture f;
  Call single = f.MakeCall("");
  REQUIRE_OK(single.Mutate<Int64Value>(Text("a"), Writes::kSingleStatement,
                                       [](postgres::Tx& tx) { return Fixture::Add(tx, "a"); }));
  CHECK(single.event_xact().has_value());
  CHECK(f.Things() == 1);

  Call several = f.MakeCall("");
  const auto add_both = [](postgres::Tx& tx) -> absl::StatusOr<Int64Value> {
    ESNAF_RETURN_IF_ERROR(Fixture::Add(tx, "b").status());
    return Fixture::Add(tx, "a");
  };
  CHECK_STATUS_IS(several.Mutate<Int64Value>(Text("b"), Writes::kTransaction, add_both),
                  absl::StatusCode::kAlreadyExists, "");
  CHECK(f.Things() == 1);
  CHECK(f.schema.Sql("SELECT key FROM idempotency").empty());
}

TEST_CASE("a read of several statements sees one moment") {
  Fixture f;
  Call call = f.MakeCall("");
  const auto count_twice = [&](postgres::Tx& tx) -> absl::StatusOr<std::pair<int, int>> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result before, tx.ExecuteDynamic("SELECT name FROM thing", {}));
    postgres::Connection other(f.schema.options());
    ESNAF_RETURN_IF_ERROR(
        other.Run({}, [&](postgres::Tx& o) { return Fixture::Add(o, "x" + std::to_string(++f.made)); }).status());
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result after, tx.ExecuteDynamic("SELECT name FROM thing", {}));
    return std::pair(before.size(), after.size());
  };
  CHECK(call.ReadSnapshot(count_twice).value() == std::pair(0, 0));
  CHECK(call.Read(count_twice).value() == std::pair(1, 2));
}

TEST_CASE("a server answers the position of what its call wrote, and wakes the feed") {
  Fixture f;
  EchoHandlers handlers;
  handlers.echo = [&](Call& call, const std::string& text) -> absl::StatusOr<std::string> {
    if (text == "read") return text;
    ESNAF_RETURN_IF_ERROR(f.Add(call, text).status());
    return text;
  };
  std::mutex mutex;
  std::vector<std::uint64_t> woken;
  testing::TestServer server(f.schema, {handlers.Bind()}, {.name = "things", .on_events = [&](std::uint64_t xact) {
                                                             std::lock_guard lock(mutex);
                                                             woken.push_back(xact);
                                                           }});
  const auto echo = [&](const std::string& text, std::string& position, const std::string& key) {
    return server.channel()->Call<StringValue>(kEcho, Text(text),
                                               {.metadata = {{"idempotency-key", key}}, .position = &position});
  };
  std::string written, replayed, read;
  CHECK_OK(echo("a", written, "k"));
  CHECK_OK(echo("a", replayed, "k"));
  CHECK_OK(echo("read", read, "k"));
  std::lock_guard lock(mutex);
  REQUIRE(woken.size() == 1);
  CHECK(written == "things:" + server.epoch() + "." + std::to_string(woken[0]));
  CHECK(replayed == written);
  CHECK(read.empty());
}

}  // namespace
}  // namespace esnaf::runtime
