// Reads that wait for a position: parsing, reaching, deadlines. The clock is moved by hand.
#include "libs/events/position_board.h"

#include <future>

#include "libs/testing/catch.h"

namespace esnaf::events {
namespace {

constexpr Time kStart{std::chrono::seconds(1'700'000'000)};
constexpr Time kLater = kStart + std::chrono::seconds(5);

// The answer of one wait, which may come from another thread.
class Wait {
 public:
  Wait(PositionBoard& board, std::string_view after, Time deadline) {
    board.Await(after, deadline, [this](absl::Status status) { answer_.set_value(std::move(status)); });
  }
  bool answered() const { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  absl::Status Get() { return future_.get(); }

 private:
  std::promise<absl::Status> answer_;
  std::future<absl::Status> future_ = answer_.get_future();
};

TEST_CASE("Positions are read from the header's text") {
  ESNAF_REQUIRE_VALUE(const auto positions, ParsePositions("orders:ab12.77, contacts:cd.18446744073709551615"));
  REQUIRE(positions.size() == 2);
  CHECK(positions[0].source == "orders");
  CHECK(positions[0].epoch == "ab12");
  CHECK(positions[0].xact == 77);
  CHECK(positions[1].source == "contacts");
  CHECK(positions[1].xact == 18446744073709551615ULL);
  ESNAF_REQUIRE_VALUE(const auto none, ParsePositions(" "));
  CHECK(none.empty());
}

TEST_CASE("Text that is no position is refused by the name of its header") {
  for (const char* text :
       {"orders", "orders:", "orders:ab", "orders:ab.", "orders:.7", ":ab.7", "orders:ab.x", "orders:ab.-1",
        "orders:ab.7x", "orders:ab.18446744073709551616", "orders:ab.7,", ",orders:ab.7"}) {
    INFO(text);
    CHECK_STATUS_IS(ParsePositions(text), absl::StatusCode::kInvalidArgument, "esnaf-after");
  }
  std::string many = "orders:ab.1";
  for (int i = 0; i < 64; ++i) many += ",orders:ab.1";
  CHECK_STATUS_IS(ParsePositions(many), absl::StatusCode::kInvalidArgument, "more than 64");
}

TEST_CASE("A wait ends when the watermark has passed its position, not before") {
  ManualClock clock(kStart);
  PositionBoard board(clock);
  board.Track("orders");
  Wait wait(board, "orders:e.10", kLater);
  CHECK_FALSE(wait.answered());
  board.Advance("orders", "e", 10);  // transaction 10 itself is not below the watermark
  CHECK_FALSE(wait.answered());
  board.Advance("orders", "e", 11);
  REQUIRE(wait.answered());
  CHECK_OK(wait.Get());
}

TEST_CASE("A wait for several sources ends with the last of them") {
  ManualClock clock(kStart);
  PositionBoard board(clock);
  board.Track("orders");
  board.Track("contacts");
  Wait wait(board, "orders:e.10,contacts:f.20", kLater);
  board.Advance("orders", "e", 100);
  CHECK_FALSE(wait.answered());
  board.Advance("contacts", "f", 21);
  REQUIRE(wait.answered());
  CHECK_OK(wait.Get());
}

TEST_CASE("What is not consumed here, and what belongs to another life of the data, counts as reached") {
  ManualClock clock(kStart);
  PositionBoard board(clock);
  board.Track("orders");
  board.Advance("orders", "new", 5);
  Wait foreign(board, "support:e.10", kLater);
  REQUIRE(foreign.answered());
  CHECK_OK(foreign.Get());
  Wait old(board, "orders:old.10", kLater);
  REQUIRE(old.answered());
  CHECK_OK(old.Get());
  Wait malformed(board, "orders", kLater);
  REQUIRE(malformed.answered());
  CHECK_STATUS_IS(malformed.Get(), absl::StatusCode::kInvalidArgument, "esnaf-after");
}

TEST_CASE("A watermark never goes back within one epoch") {
  ManualClock clock(kStart);
  PositionBoard board(clock);
  board.Advance("orders", "e", 50);
  board.Advance("orders", "e", 20);
  Wait wait(board, "orders:e.40", kLater);
  REQUIRE(wait.answered());
  CHECK_OK(wait.Get());
}

TEST_CASE("A wait ends at its deadline") {
  ManualClock clock(kStart);
  PositionBoard board(clock);
  board.Track("orders");
  Wait longer(board, "orders:e.10", kLater + std::chrono::seconds(60));
  Wait wait(board, "orders:e.10", kLater);
  clock.Advance(std::chrono::seconds(6));
  CHECK_STATUS_IS(wait.Get(), absl::StatusCode::kDeadlineExceeded, "esnaf-after");
  CHECK_FALSE(longer.answered());
  board.Advance("orders", "e", 11);
  CHECK_OK(longer.Get());
}

TEST_CASE("The end of the board ends every wait") {
  ManualClock clock(kStart);
  auto board = std::make_unique<PositionBoard>(clock);
  board->Track("orders");
  Wait wait(*board, "orders:e.10", kLater);
  board.reset();
  CHECK_STATUS_IS(wait.Get(), absl::StatusCode::kUnavailable, "stops");
}

}  // namespace
}  // namespace esnaf::events
