#include "libs/events/gathering.h"

#include "libs/testing/catch.h"

namespace esnaf::events {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a lone event hardly waits for others, a few wait for the usual time") {
  Gathering gathering({});
  CHECK(gathering.Next(1, milliseconds(500)) == milliseconds(4));
  CHECK(gathering.Next(2, milliseconds(500)) == milliseconds(8));
  CHECK(gathering.Next(40, milliseconds(500)) == milliseconds(12));
}

TEST_CASE("under load the time doubles up to the longest, and is the usual one again as soon as the load ends") {
  Gathering gathering({});
  // 1000 events a second.
  CHECK(gathering.Next(12, milliseconds(12)) == milliseconds(12));
  CHECK(gathering.Next(12, milliseconds(12)) == milliseconds(24));
  CHECK(gathering.Next(24, milliseconds(24)) == milliseconds(48));
  CHECK(gathering.Next(48, milliseconds(48)) == milliseconds(96));
  CHECK(gathering.Next(96, milliseconds(96)) == milliseconds(192));
  CHECK(gathering.Next(192, milliseconds(192)) == milliseconds(240));
  CHECK(gathering.Next(240, milliseconds(240)) == milliseconds(240));
  CHECK(gathering.Next(20, milliseconds(240)) == milliseconds(12));
}

TEST_CASE("who waits for a position is kept by the usual time at most") {
  Gathering gathering({});
  CHECK(gathering.AtLeast(milliseconds(4)) == milliseconds(4));
  CHECK(gathering.AtLeast(milliseconds(240)) == milliseconds(12));
}

}  // namespace
}  // namespace esnaf::events
