#include "services/segmentation/rfm/rfm_table.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

using Text = PersonTable::Text;

// The day that a moment is on, looked up once for each quarter of an hour that there is: local days begin at full ones.
class LocalDays {
 public:
  explicit LocalDays(const TimeZone& zone) : zone_(zone) {}
  std::chrono::sys_days Of(Time time) {
    const std::int64_t quarter = std::chrono::floor<Quarter>(time).time_since_epoch().count();
    const auto [found, is_new] = days_.try_emplace(quarter);
    if (is_new) found->second = std::chrono::sys_days(zone_.LocalDate(time));
    return found->second;
  }

 private:
  using Quarter = std::chrono::duration<std::int64_t, std::ratio<900>>;
  const TimeZone& zone_;
  std::unordered_map<std::int64_t, std::chrono::sys_days> days_;
};

// What a policy makes of an order by its shape.
enum class Verdict : std::uint8_t { kOtherStore, kOtherCurrency, kLookedAt };

std::vector<Verdict> JudgeShapes(const PersonTable& table, const PurchaseFilter& filter) {
  std::vector<Verdict> verdicts;
  for (const Shape& shape : table.shapes()) {
    const bool same_store = filter.store_id.empty() || table.texts(Text::kStore).TextOf(shape.store) == filter.store_id;
    const bool same_currency = table.texts(Text::kCurrency).TextOf(shape.currency) == filter.currency_code;
    verdicts.push_back(!same_store     ? Verdict::kOtherStore
                       : same_currency ? Verdict::kLookedAt
                                       : Verdict::kOtherCurrency);
  }
  return verdicts;
}

struct RowSums {
  std::int64_t last = kAbsent;
  std::int64_t order_count = 0;
  std::int64_t value_minor = 0;
};

// Calls `visit(row, sums)` for each person with an order that the filter takes. Answers how many orders it would take,
// were they in its currency.
template <typename Visit>
std::int64_t SumRows(const PersonTable& table, const PurchaseFilter& filter, const Visit& visit) {
  const std::vector<Verdict> verdicts = JudgeShapes(table, filter);
  const std::int64_t from = filter.from ? CellOfTime(*filter.from) : kAbsent;
  const std::int64_t until = CellOfTime(filter.until);
  const bool net = filter.basis == ValueBasis::kNet;
  const FactColumns& orders = table.orders();
  std::int64_t in_other_currencies = 0;
  for (PersonRow row = 0; row < table.row_end(); ++row) {
    RowSums sums;
    const std::uint32_t begin = orders.BeginOf(row);
    const std::uint32_t end = begin + orders.CountOf(row);
    for (std::uint32_t order = begin; order < end; ++order) {
      const std::uint32_t shape = orders.ShapeOf(order);
      const std::int64_t time = orders.TimeMicros(order);
      if (verdicts[shape] == Verdict::kOtherStore || time < from || time > until) continue;
      const std::int64_t value = net ? orders.NetMinor(order) : orders.GrossMinor(order);
      const bool is_order = value > 0 && !table.shapes()[shape].is_return;
      if (verdicts[shape] == Verdict::kOtherCurrency) {
        in_other_currencies += is_order ? 1 : 0;
        continue;
      }
      sums.value_minor += value;
      if (!is_order) continue;
      ++sums.order_count;
      sums.last = std::max(sums.last, time);
    }
    if (sums.order_count > 0) visit(row, sums);
  }
  return in_other_currencies;
}

}  // namespace

void SumTable(const PersonTable& table, const PurchaseFilter& filter,
              const std::function<void(const PersonSums&)>& visit) {
  SumRows(table, filter, [&](PersonRow row, const RowSums& sums) {
    visit({.contact_id = table.ContactOf(row),
           .last_order_time = TimeOf(sums.last),
           .order_count = sums.order_count,
           .value_minor = sums.value_minor});
  });
}

std::string MostFrequentCurrency(const PersonTable& table, const std::string& store_id) {
  std::vector<std::int64_t> orders_of_shape(table.shapes().size());
  for (PersonRow row = 0; row < table.row_end(); ++row) {
    const std::uint32_t begin = table.orders().BeginOf(row);
    for (std::uint32_t i = 0; i < table.orders().CountOf(row); ++i)
      ++orders_of_shape[table.orders().ShapeOf(begin + i)];
  }
  std::map<std::string_view, std::int64_t> counts;
  for (std::size_t i = 0; i < orders_of_shape.size(); ++i) {
    const Shape& shape = table.shapes()[i];
    if (!store_id.empty() && table.texts(Text::kStore).TextOf(shape.store) != store_id) continue;
    counts[table.texts(Text::kCurrency).TextOf(shape.currency)] += orders_of_shape[i];
  }
  std::string_view best;
  std::int64_t most = 0;
  for (const auto& [code, count] : counts) {
    if (count > most) best = code;
    most = std::max(most, count);
  }
  return std::string(best);
}

absl::StatusOr<Scoring> ScoreTable(const PersonTable& table, const Policy& policy, const Reference& reference,
                                   const std::optional<Thresholds>& thresholds) {
  Scoring scoring{.policy = policy};
  if (policy.currency_code.empty()) scoring.policy.currency_code = MostFrequentCurrency(table, policy.store_id);
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(policy.time_zone));
  ESNAF_ASSIGN_OR_RETURN(const PurchaseFilter filter, FilterOf(scoring.policy, reference));
  const std::chrono::sys_days today(zone.LocalDate(reference.as_of));
  LocalDays days(zone);
  scoring.people.reserve(table.person_count());
  scoring.other_currency_order_count = SumRows(table, filter, [&](PersonRow row, const RowSums& sums) {
    const std::int64_t recency = (today - days.Of(TimeOf(sums.last))).count();
    scoring.people.push_back({.contact_id = table.ContactOf(row)});
    scoring.people.back().values = {std::max<std::int64_t>(0, recency), sums.order_count, sums.value_minor};
  });
  ScorePeople(scoring, thresholds);
  return scoring;
}

}  // namespace esnaf::segmentation
