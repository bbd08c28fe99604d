#include "cli/demo_shop.h"

#include <array>
#include <cmath>

#include "cli/demo_random.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

constexpr std::array kGivenNames = {
    "Ayşe",  "Fatma",  "Zeynep", "Elif",   "Merve",   "Emine", "Hatice", "Büşra",   "Esra",  "Özlem",   "Gül",   "Şule",
    "İrem",  "Çiğdem", "Derya",  "Mehmet", "Mustafa", "Ahmet", "Ali",    "Hüseyin", "Hasan", "İbrahim", "Murat", "Ömer",
    "Yusuf", "Emre",   "Burak",  "Oğuz",   "Kerem",   "Işıl",  "Umut",   "Deniz",   "Barış", "Ece",     "Cem"};
constexpr std::array kFamilyNames = {"Yılmaz", "Kaya",    "Demir",  "Şahin",  "Çelik", "Yıldız",  "Yıldırım", "Öztürk",
                                     "Aydın",  "Özdemir", "Arslan", "Doğan",  "Kılıç", "Aslan",   "Çetin",    "Kara",
                                     "Koç",    "Kurt",    "Özkan",  "Şimşek", "Polat", "Korkmaz", "Erdoğan",  "Güneş",
                                     "Işık",   "Aksoy",   "Bulut",  "Taş",    "Ünal",  "Tekin"};
constexpr std::array kReasons = {"wrong_size", "changed_mind", "damaged", "late", "not_as_described"};

struct Category {
  const char* path;
  const char* prefix;
  std::array<const char*, 6> titles;
  int least_lira;
  int most_lira;
};
constexpr std::array<Category, 6> kCategories = {{
    {"Giyim/Elbise",
     "ELB",
     {"Keten elbise", "Çiçekli elbise", "Triko elbise", "Gömlek elbise", "Midi elbise", "Kadife elbise"},
     450,
     1900},
    {"Giyim/Üst", "UST", {"Basic tişört", "Oversize gömlek", "Triko kazak", "Hırka", "Bluz", "Sweatshirt"}, 180, 950},
    {"Ayakkabı", "AYK", {"Spor ayakkabı", "Deri bot", "Babet", "Sandalet", "Loafer", "Topuklu ayakkabı"}, 600, 3200},
    {"Aksesuar", "AKS", {"Deri kemer", "Yün atkı", "Güneş gözlüğü", "Şapka", "Cüzdan", "İpek fular"}, 90, 1200},
    {"Ev/Tekstil",
     "EVT",
     {"Nevresim takımı", "Havlu seti", "Yastık kılıfı", "Battaniye", "Masa örtüsü", "Bornoz"},
     150,
     2400},
    {"Kozmetik", "KOZ", {"El kremi", "Gül suyu", "Sabun seti", "Parfüm", "Dudak balmı", "Saç maskesi"}, 60, 900},
}};
constexpr std::array kColors = {"siyah", "beyaz", "lacivert", "bordo"};
constexpr int kProductCount = kCategories.size() * 6 * kColors.size();

struct DemoProduct {
  std::string sku;
  std::string title;
  std::string category;
  std::int64_t price;
  std::int64_t cost;
};

DemoProduct ProductOf(int index) {
  const Category& category = kCategories[static_cast<std::size_t>(index) % kCategories.size()];
  const int rest = index / static_cast<int>(kCategories.size());
  DemoRandom random(0x5150 + static_cast<std::uint64_t>(index));
  const std::int64_t lira = category.least_lira + random.Below(category.most_lira - category.least_lira);
  const std::int64_t price = lira * 100 - 10;  // 449,90 as shops like it
  return {absl::StrFormat("%s-%03d", category.prefix, rest + 1),
          absl::StrFormat("%s (%s)", category.titles[static_cast<std::size_t>(rest) % 6],
                          kColors[static_cast<std::size_t>(rest) / 6]),
          category.path, price, price * (35 + random.Below(30)) / 100};
}

// How often a customer buys, in days between orders, and after how many orders they stay away.
struct Habit {
  double mean_gap_days;
  int most_orders;
};

Habit HabitOf(DemoRandom& random) {
  const int kind = random.Below(100);
  if (kind < 48) return {0, 1};
  if (kind < 80) return {150, 2 + random.Below(3)};
  if (kind < 96) return {60, 4 + random.Below(8)};
  return {22, 12 + random.Below(18)};
}

void SetLira(std::int64_t minor, api::v1::Money& money) {
  money.set_minor(minor);
  money.set_currency_code("TRY");
}

// E-mail addresses are ASCII; the example domain never exists.
std::string AsciiOf(std::string_view name) {
  static const std::array<std::pair<std::string_view, char>, 12> kLetters = {{{"ş", 's'},
                                                                              {"Ş", 's'},
                                                                              {"ç", 'c'},
                                                                              {"Ç", 'c'},
                                                                              {"ğ", 'g'},
                                                                              {"ü", 'u'},
                                                                              {"Ü", 'u'},
                                                                              {"ö", 'o'},
                                                                              {"Ö", 'o'},
                                                                              {"ı", 'i'},
                                                                              {"İ", 'i'},
                                                                              {"â", 'a'}}};
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    bool replaced = false;
    for (const auto& [letter, ascii] : kLetters) {
      if (name.substr(i).starts_with(letter)) {
        out += ascii;
        i += letter.size();
        replaced = true;
        break;
      }
    }
    if (!replaced) out += static_cast<char>(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]), ++i;
  }
  return out;
}

void FillCustomer(int index, bool in_store, orders::v1::Customer& customer) {
  DemoRandom random(0xC057 + static_cast<std::uint64_t>(index) * 977);
  const std::string given = kGivenNames[static_cast<std::size_t>(random.Below(kGivenNames.size()))];
  const std::string family = kFamilyNames[static_cast<std::size_t>(random.Below(kFamilyNames.size()))];
  customer.set_given_name(given);
  customer.set_family_name(family);
  customer.set_external_id(absl::StrFormat("%s%06d", in_store ? "KART" : "M", index + 1));
  customer.set_email(absl::StrFormat("%s.%s%d@example.com", AsciiOf(given), AsciiOf(family), index + 1));
  customer.set_email_verified(true);
  // Two in three gave a number.
  if (random.Below(3) > 0) customer.set_phone(absl::StrFormat("+90532%07d", 1000000 + index));
  customer.set_country_code("TR");
}

void AddLines(DemoRandom& random, orders::v1::Order& order) {
  const int lines = 1 + std::min(random.Below(3), random.Below(4));
  for (int i = 0; i < lines; ++i) {
    // The lower numbers sell better, as everywhere.
    const int index = static_cast<int>(kProductCount * random.Unit() * random.Unit());
    const DemoProduct product = ProductOf(index);
    auto& line = *order.add_lines();
    line.set_sku(product.sku);
    line.set_title(product.title);
    line.set_quantity(1 + (random.Below(6) == 0 ? 1 : 0));
    SetLira(product.price, *line.mutable_unit_price());
    SetLira(product.cost, *line.mutable_unit_cost());
    if (random.Below(5) == 0) SetLira(product.price * line.quantity() * 15 / 100, *line.mutable_discount());
  }
}

std::uint64_t SeedOf(int customer, int number) {
  return static_cast<std::uint64_t>(customer) * 104729 + static_cast<std::uint64_t>(number) * 31 + 5;
}

}  // namespace

DemoShop::DemoShop(Date last_day) : end_(TimeZone::Utc().StartOfDay(last_day)) {
  constexpr double kDays = 730;
  for (int customer = 0; customer < kDemoCustomers; ++customer) {
    DemoRandom random(static_cast<std::uint64_t>(customer) * 7919 + 17);
    const Habit habit = HabitOf(random);
    // The shop grows: more people come for the first time in the second year.
    double day = kDays * std::sqrt(random.Unit());
    for (int number = 0; number < habit.most_orders && day < kDays; ++number) {
      const double of_day = (9 + 13 * random.Unit()) / 24;  // people shop from nine to ten at night
      const auto since_start = std::chrono::seconds(static_cast<std::int64_t>((std::floor(day) + of_day) * 86400));
      placed_.push_back({end_ - std::chrono::days(static_cast<int>(kDays)) + since_start, customer, number});
      day += 1 + random.Exponential(habit.mean_gap_days);
    }
  }
  std::sort(placed_.begin(), placed_.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.time, a.customer) < std::tie(b.time, b.customer);
  });
}

std::vector<orders::v1::Store> DemoShop::Stores() const {
  std::vector<orders::v1::Store> stores(2);
  stores[0].set_id(kDemoWebStore);
  stores[0].set_display_name("Web mağazası");
  stores[1].set_id(kDemoShopStore);
  stores[1].set_display_name("Kadıköy mağazası");
  for (auto& store : stores) {
    store.set_currency_code("TRY");
    store.set_time_zone("Europe/Istanbul");
    store.set_country_code("TR");
  }
  return stores;
}

std::vector<orders::v1::Product> DemoShop::Products() const {
  std::vector<orders::v1::Product> products;
  for (const char* store : {kDemoWebStore, kDemoShopStore}) {
    for (int i = 0; i < kProductCount; ++i) {
      const DemoProduct product = ProductOf(i);
      auto& target = products.emplace_back();
      target.set_store_id(store);
      target.set_sku(product.sku);
      target.set_title(product.title);
      target.set_category(product.category);
      target.set_brand("Esnaf");
      SetLira(product.price, *target.mutable_price());
      SetLira(product.cost, *target.mutable_cost());
    }
  }
  return products;
}

std::string DemoShop::VisitorOf(std::size_t index) const {
  const Placed& placed = placed_[index];
  const bool in_store = DemoRandom(SeedOf(placed.customer, placed.number)).Below(5) == 0;
  if (in_store || placed.customer % 5 >= 2) return {};
  // One in three of them uses a phone and a computer by turns.
  const bool second_device = placed.customer % 3 == 0 && placed.number % 2 == 1;
  return absl::StrFormat("demo-%06d%s", placed.customer + 1, second_device ? "-2" : "");
}

orders::v1::Order DemoShop::Order(std::size_t index) const {
  const Placed& placed = placed_[index];
  DemoRandom random(SeedOf(placed.customer, placed.number));
  const bool in_store = random.Below(5) == 0;
  orders::v1::Order order;
  order.set_store_id(in_store ? kDemoShopStore : kDemoWebStore);
  order.set_external_id(absl::StrFormat("%s%d", in_store ? "K" : "W", 100000 + index));
  order.set_channel(in_store ? "in_store" : random.Below(2) == 0 ? "mobile" : "web");
  order.set_currency_code("TRY");
  order.set_prices_include_tax(true);
  *order.mutable_place_time() = api::ToProto(placed.time);
  FillCustomer(placed.customer, in_store, *order.mutable_customer());
  order.mutable_customer()->set_visitor_id(VisitorOf(index));
  AddLines(random, order);
  if (!in_store) SetLira(random.Below(2) == 0 ? 0 : 4990, *order.mutable_shipping());
  order.set_paid(true);
  const int fate = random.Below(100);
  if (fate < 3 && !in_store) {
    *order.mutable_cancel_time() = api::ToProto(placed.time + std::chrono::hours(2));
    order.set_cancel_reason("customer");
    order.set_paid(false);
    return order;
  }
  order.set_fulfilled(true);
  if (fate < 10) {
    auto& refund = *order.add_refunds();
    refund.set_id("R1");
    refund.set_reason(kReasons[static_cast<std::size_t>(random.Below(kReasons.size()))]);
    *refund.mutable_refund_time() = api::ToProto(std::min(placed.time + std::chrono::days(6), end_));
    auto& returned = *refund.add_returned_lines();
    returned.set_line_id("1");
    returned.set_quantity(order.lines(0).quantity());
    SetLira(order.lines(0).unit_price().minor() * order.lines(0).quantity() - order.lines(0).discount().minor(),
            *refund.mutable_amount());
  }
  return order;
}

}  // namespace esnaf::cli
