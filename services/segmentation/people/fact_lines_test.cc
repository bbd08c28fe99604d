// What lines are written as is what they are read as, whatever is in them.
#include "services/segmentation/people/fact_lines.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

TEST_CASE("lines are read back as they were written") {
  CHECK(rc::check("round trip", [] {
    const auto text = rc::gen::container<std::string>(rc::gen::element('a', '\t', '\n', '\r', '\\', 't', 'n'));
    std::vector<FactLine> lines;
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
      lines.push_back(
          {*text, *text, *text, *text, *rc::gen::arbitrary<std::int64_t>(), *rc::gen::arbitrary<std::int64_t>()});
    }
    RC_ASSERT(ParseLines(FormatLines(lines)) == lines);
  }));
}

TEST_CASE("a row is what COPY would write") {
  CHECK(FormatLines({{.sku = "A\t1", .category = "Giyim", .quantity = 2, .value_minor = -5}}) ==
        "A\\t1\tGiyim\t\t\t2\t-5\n");
  CHECK(ParseLines("broken\n").empty());
}

}  // namespace
}  // namespace esnaf::segmentation
