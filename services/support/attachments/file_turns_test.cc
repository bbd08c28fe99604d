// Goal: a place of files that hangs holds so many calls and no more.
#include "services/support/attachments/file_turns.h"

#include <optional>
#include <thread>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

TEST_CASE("so many have a turn at once, and who comes next has one when another is given back") {
  FileTurns turns(2);
  std::optional<FileTurns::Turn> first(std::in_place, turns, 0ms);
  const FileTurns::Turn second(turns, 0ms);
  CHECK(*first);
  CHECK(second);
  CHECK_FALSE(FileTurns::Turn(turns, 1ms));
  first.reset();
  CHECK(FileTurns::Turn(turns, 0ms));

  std::optional<FileTurns::Turn> third(std::in_place, turns, 0ms);
  bool waited = false;
  std::thread next([&] { waited = static_cast<bool>(FileTurns::Turn(turns, 60s)); });
  third.reset();
  next.join();
  CHECK(waited);
}

}  // namespace
}  // namespace esnaf::support
