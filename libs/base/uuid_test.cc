#include "libs/base/uuid.h"

#include <rapidcheck.h>

#include <thread>
#include <unordered_set>

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

using namespace std::chrono_literals;

rc::Gen<Uuid> AnyUuid() {
  return rc::gen::map(rc::gen::arbitrary<std::array<std::uint8_t, 16>>(),
                      [](const std::array<std::uint8_t, 16>& bytes) { return Uuid(bytes); });
}

TEST_CASE("A UUIDv7 holds its time, version and variant") {
  const Time time = Time(1'645'557'742'000ms);  // the example of RFC 9562, A.6
  const std::string text = Uuid::NewV7(time).ToString();
  CHECK(text.substr(0, 15) == "017f22e2-79b0-7");
  CHECK(std::string("89ab").find(text[19]) != std::string::npos);
}

TEST_CASE("Ids of one millisecond ascend and differ") {
  const Time time = Time(1'700'000'000'000ms);
  std::vector<Uuid> ids;
  for (int i = 0; i < 10'000; ++i) ids.push_back(Uuid::NewV7(time));
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}

TEST_CASE("Ids of several threads differ") {
  std::vector<std::vector<Uuid>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 2'000; ++i) ids.push_back(Uuid::NewV7(Time(1'700'000'000'000ms)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::unordered_set<Uuid> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  CHECK(all.size() == 8'000);
}

TEST_CASE("Ids sort by the time they were made") {
  REQUIRE(rc::check("t < u in milliseconds means id(t) < id(u), as values and as text", [] {
    const auto first = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000);
    const auto later = first + 1 + *rc::gen::inRange<std::int64_t>(0, 1'000'000);
    const Uuid a = Uuid::NewV7(Time(std::chrono::milliseconds(first)));
    const Uuid b = Uuid::NewV7(Time(std::chrono::milliseconds(later)));
    RC_ASSERT(a < b);
    RC_ASSERT(a.ToString() < b.ToString());
  }));
}

TEST_CASE("Every id is read back as it was written") {
  REQUIRE(rc::check("read(write(id)) == id, in either case, and text sorts as ids do", [] {
    const Uuid id = *AnyUuid();
    const Uuid other = *AnyUuid();
    std::string text = id.ToString();
    RC_ASSERT(Uuid::Parse(text) == id);
    RC_ASSERT((id < other) == (text < other.ToString()));
    for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    RC_ASSERT(Uuid::Parse(text) == id);
  }));
}

TEST_CASE("What is no UUID is refused") {
  const std::string good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  REQUIRE(Uuid::Parse(good).has_value());
  CHECK_FALSE(Uuid::Parse("").has_value());
  CHECK_FALSE(Uuid::Parse(good + "0").has_value());
  CHECK_FALSE(Uuid::Parse("{" + good + "}").has_value());
  CHECK_FALSE(Uuid::Parse("017f22e279b07cc398c4dc0c0c07398f").has_value());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = 'g';
    CAPTURE(bad);
    CHECK_FALSE(Uuid::Parse(bad).has_value());
  }
}

TEST_CASE("An id of a name depends on all of it and on nothing else") {
  const Uuid id = Uuid::FromName("order", "store-1/42");
  CHECK(id == Uuid::FromName("order", "store-1/42"));
  CHECK(id.ToString() == "da81e4fc-de48-85b5-aa7b-2235cff6aa8e");
  CHECK(id != Uuid::FromName("order", "store-1/43"));
  CHECK(id != Uuid::FromName("orders", "tore-1/42"));
  CHECK(Uuid::FromName("ab", "c") != Uuid::FromName("a", "bc"));
  CHECK(id.ToString()[14] == '8');
}

TEST_CASE("Only the zero id is zero") {
  CHECK(Uuid().IsZero());
  CHECK(Uuid().ToString() == "00000000-0000-0000-0000-000000000000");
  CHECK_FALSE(Uuid::FromName("a", "b").IsZero());
}

}  // namespace
}  // namespace esnaf
