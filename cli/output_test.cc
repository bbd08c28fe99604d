#include "cli/output.h"

#include "libs/testing/catch.h"

namespace esnaf::cli {
namespace {

TEST_CASE("Tables align by characters, numbers to the right") {
  CHECK(RenderTable({{"AD", "SAYI"}, {{"Şule", "5"}, {"Ali", "1200.50"}}}) ==
        "AD       SAYI\n----  -------\nŞule        5\nAli   1200.50\n");
}

TEST_CASE("Shares are bars") {
  CHECK(Bar(0, 10).empty());
  CHECK(Bar(1, 3) == "███");
  CHECK(Bar(0.5, 5) == "██▌");
  CHECK(Bar(7, 2) == "██");
  CHECK(Bar(-1, 2).empty());
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
