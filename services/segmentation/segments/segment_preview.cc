#include "services/segmentation/segments/segment_preview.h"

#include <mutex>

#include "services/segmentation/people/fact_cursor.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kSampleSize = 10;

// Sums by the shape of orders, which is the store and the currency among others.
using SumsByShape = std::vector<std::int64_t>;

void AddOrders(const PersonTable& table, const std::vector<PersonRow>& rows, SumsByShape& sums) {
  const FactColumns& orders = table.orders();
  // Amounts beyond 64 bits wrap around instead of being undefined.
  const auto add = [&](std::uint32_t shape, std::int64_t net_minor) {
    sums[shape] =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(sums[shape]) + static_cast<std::uint64_t>(net_minor));
  };
  FactCursor run(orders);
  for (const PersonRow row : rows) {
    if (run.MoveTo(row)) {
      for (std::uint32_t i = 0; i < run.count(); ++i) add(run.Shape(i), run.NetMinor(i));
      continue;
    }
    const std::uint32_t begin = orders.BeginOf(row);
    const std::uint32_t end = begin + orders.CountOf(row);
    for (std::uint32_t order = begin; order < end; ++order) add(orders.ShapeOf(order), orders.NetMinor(order));
  }
}

// The rows at ten places, evenly over all.
std::vector<Uuid> SampleOf(const PersonTable& table, const std::vector<std::vector<PersonRow>>& blocks,
                           std::size_t count) {
  std::vector<Uuid> sample;
  const std::size_t size = std::min(count, kSampleSize);
  std::size_t before = 0;
  for (const std::vector<PersonRow>& rows : blocks) {
    while (sample.size() < size) {
      const std::size_t place = sample.size() * count / size;
      if (place >= before + rows.size()) break;
      sample.push_back(table.ContactOf(rows[place - before]));
    }
    before += rows.size();
  }
  return sample;
}

}  // namespace

SegmentPreview PreviewOf(const Rule& rule, const PersonTable& table, const RuleContext& context, int threads) {
  std::vector<std::vector<PersonRow>> blocks(table.live().size() * 64 / kBlockRows);
  SumsByShape sums(table.shapes().size());
  std::mutex mutex;
  RuleEvaluator(rule, table, context)
      .VisitBlocks(threads, [&](std::uint32_t block, const std::vector<PersonRow>& rows) {
        SumsByShape own(sums.size());
        AddOrders(table, rows, own);
        blocks[block] = rows;
        std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += own[i];
      });
  SegmentPreview preview{.person_count = table.person_count()};
  for (const std::vector<PersonRow>& rows : blocks) preview.member_count += static_cast<std::int64_t>(rows.size());
  preview.sample = SampleOf(table, blocks, static_cast<std::size_t>(preview.member_count));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const Shape& shape = table.shapes()[i];
    const std::string_view store = table.texts(PersonTable::Text::kStore).TextOf(shape.store);
    if (sums[i] == 0 || (!context.store_id.empty() && store != context.store_id)) continue;
    preview.total_values[std::string(table.texts(PersonTable::Text::kCurrency).TextOf(shape.currency))] += sums[i];
  }
  return preview;
}

}  // namespace esnaf::segmentation
