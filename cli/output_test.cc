#include "cli/output.h"

#include "libs/testing/catch.h"

namespace esnaf::cli {
namespace {

TEST_CASE("Tables align by characters, numbers to the right") {
  CHECK(RenderTable({{"AD", "SAYI"}, {{"Şule", "5"}, {"Ali", "1200.50"}}}) ==
        "AD       SAYI\n----  -------\nŞule        5\nAli   1200.50\n");
}

TEST_CASE("CSV cells are quoted where they must be") {
  CHECK(RenderCsv({{"a", "b"}, {{"1,5", "say \"hi\""}, {"x", "two\nlines"}}}) ==
        "a,b\r\n\"1,5\",\"say \"\"hi\"\"\"\r\nx,\"two\nlines\"\r\n");
}

TEST_CASE("Money is shown with its currency's digits") {
  CHECK(ShowMinor(123450, "TRY") == "1234.50 TRY");
  CHECK(ShowMinor(-5, "JPY") == "-5 JPY");
}

}  // namespace
}  // namespace esnaf::cli
