#include "cli/order_rows.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libs/testing/catch.h"

namespace esnaf::cli {
namespace {

class OrderFileTest {
 public:
  explicit OrderFileTest(const std::string& text) {
    static int count = 0;
    options.path =
        (std::filesystem::temp_directory_path() / absl::StrFormat("esnaf-rows-test-%d-%d", getpid(), count++)).string();
    std::ofstream(options.path) << text;
    options.time_zone = *TimeZone::Load("Europe/Istanbul");
    options.currency = *Currency::Parse("TRY");
    options.store_id = "web";
  }
  ~OrderFileTest() { std::filesystem::remove(options.path); }
  OrderFileOptions options;
};

TEST_CASE("Rows of one order need not stand together, and its first time counts") {
  OrderFileTest test(
      "order,placed_at,customer,sku,quantity,unit_price\n1,2026-01-01 10:05,C,a,1,5\n2,2026-01-01,,b,1,7\n1,2026-01-01 "
      "10:00,C,c,2,0.5\n");
  const auto file = ReadOrderFile(test.options);
  CHECK_OK(file);
  REQUIRE(file->orders.size() == 2);
  CHECK(file->orders[0].lines.size() == 2);
  CHECK(FormatRfc3339(file->orders[0].placed_at) == "2026-01-01T07:00:00Z");
  const auto order = ToOrder(file->orders[0], test.options);
  CHECK(order.lines(1).amount().minor() == 100);
  CHECK(order.customer().external_id() == "C");
  CHECK(order.paid());
}

TEST_CASE("A unit price finer than the minor unit is rounded once, on the line") {
  OrderFileTest test("order,placed_at,quantity,unit_price\n1,2026-01-01,1000,0.001\n");
  const auto file = ReadOrderFile(test.options);
  CHECK_OK(file);
  CHECK(file->orders[0].lines[0].amount_minor == 100);
}

TEST_CASE("Negative quantities make a return, whose number may have to say so") {
  OrderFileTest test("order,placed_at,quantity,unit_price\nC1,2026-01-01,-2,5\nC2,2026-01-01,2,5\n");
  test.options.cancellation_prefix = "C";
  const auto file = ReadOrderFile(test.options);
  CHECK_OK(file);
  REQUIRE(file->orders.size() == 1);
  const auto order = ToOrder(file->orders[0], test.options);
  CHECK(order.kind() == orders::v1::ORDER_KIND_RETURN);
  CHECK(order.lines(0).quantity() == 2);
  CHECK(file->rejected.at(3).find("starts with C") != std::string::npos);
}

TEST_CASE("A bad row rejects its whole order, every row by line, and no other") {
  OrderFileTest test(
      "order,placed_at,quantity,unit_price,discount\n1,2026-01-01,1,5,\n1,2026-01-01,x,5,\n2,2026-01-01,1,5,9\n3,never,"
      "1,5,\n4,2026-01-01,1,5\n,2026-01-01,1,5,\n5,"
      "2026-01-01,1,5,\n6,2026-01-01,-1,5,\n6,2026-01-01,1,5,\n");
  const auto file = ReadOrderFile(test.options);
  CHECK_OK(file);
  REQUIRE(file->orders.size() == 1);
  CHECK(file->orders[0].number == "5");
  std::vector<std::int64_t> lines;
  for (const auto& [line, reason] : file->rejected) lines.push_back(line);
  CHECK(lines == std::vector<std::int64_t>{2, 3, 4, 5, 6, 7, 9, 10});
  CHECK(file->rejected.at(2) == file->rejected.at(3));
  CHECK(file->rejected.at(2).find("line 3: quantity") != std::string::npos);
  CHECK(file->rejected.at(4).find("discount") != std::string::npos);
  CHECK(file->rejected.at(5).find("placed_at") != std::string::npos);
  CHECK(file->rejected.at(6).find("columns") != std::string::npos);
}

TEST_CASE("Columns may be named otherwise and stand in a joined file; what is missing is said") {
  OrderFileTest orders("No,When,Who\n1,2026-01-01,C9\n3,2026-01-01,C1\n");
  OrderFileTest lines("No,Qty,Price\n1,1,5\n2,1,5\n");
  lines.options.join_path = orders.options.path;
  lines.options.columns = {
      {"order", "No"}, {"placed_at", "When"}, {"customer", "Who"}, {"quantity", "Qty"}, {"unit_price", "Price"}};
  const auto file = ReadOrderFile(lines.options);
  CHECK_OK(file);
  REQUIRE(file->orders.size() == 1);
  CHECK(file->orders[0].customer == "C9");
  CHECK(file->rejected.at(3).find("placed_at: is empty") != std::string::npos);

  lines.options.join_path.clear();
  CHECK_STATUS_IS(ReadOrderFile(lines.options).status(), absl::StatusCode::kInvalidArgument, "has no column \"When\"");
}

}  // namespace
}  // namespace esnaf::cli
