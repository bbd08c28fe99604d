#include "services/segmentation/people/fact_pile.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace esnaf::segmentation {
namespace {

// The column in another order.
template <typename Column>
Column Permuted(Column column, const std::vector<std::uint32_t>& order) {
  Column permuted;
  permuted.Reserve(static_cast<std::uint32_t>(order.size()));
  for (std::uint32_t i = 0; i < order.size(); ++i) permuted.Set(i, column.Get(order[i]));
  return permuted;
}

}  // namespace

void FactPile::Add(const Uuid& contact, const Fact& fact) {
  std::optional<PersonRow> number = finder_.Find(contact);
  if (!number) {
    number = contact_count_++;
    contacts_.Set(*number, contact);
    finder_.Insert(*number);
  }
  owners_.Set(fact_count_, *number);
  line_begins_.Set(fact_count_, facts_.line_end_);
  const std::uint32_t line = facts_.TakeLines(static_cast<std::uint32_t>(fact.lines.size()));
  facts_.ReserveAll(fact_count_ + 1);
  facts_.Write(fact_count_, line, fact);
  ++fact_count_;
}

// The facts of a row lie together in the order of their times, those of equal times in that of their ids.
std::vector<std::uint32_t> FactColumns::OrderOf(const FactPile& pile, const std::vector<PersonRow>& row_of_contact,
                                                PersonRow row_end) {
  std::vector<std::uint32_t> begins(std::size_t{row_end} + 1);
  const auto row_of = [&](std::uint32_t fact) { return row_of_contact[pile.owners_.Get(fact)]; };
  for (std::uint32_t fact = 0; fact < pile.fact_count_; ++fact) ++begins[row_of(fact) + 1];
  for (std::size_t row = 1; row < begins.size(); ++row) begins[row] += begins[row - 1];
  std::vector<std::uint32_t> order(pile.fact_count_);
  std::vector<std::uint32_t> ends(begins.begin(), begins.end() - 1);
  for (std::uint32_t fact = 0; fact < pile.fact_count_; ++fact) order[ends[row_of(fact)]++] = fact;
  for (PersonRow row = 0; row < row_end; ++row) {
    const auto begin = order.begin() + begins[row], end = order.begin() + begins[row + 1];
    if (begin == end) continue;
    std::sort(begin, end, [&](std::uint32_t a, std::uint32_t b) {
      const std::int64_t time_a = pile.facts_.TimeMicros(a), time_b = pile.facts_.TimeMicros(b);
      return time_a != time_b ? time_a < time_b : pile.facts_.IdOf(a) < pile.facts_.IdOf(b);
    });
    slices_.Place(row, static_cast<std::uint32_t>(end - begin));
  }
  return order;
}

void FactColumns::TakeAll(FactPile& pile, const std::vector<PersonRow>& row_of_contact, PersonRow row_end) {
  ESNAF_CHECK(slices_.end() == 0);
  const std::vector<std::uint32_t> order = OrderOf(pile, row_of_contact, row_end);
  // Each column is forgotten as soon as it was copied, so that not everything is there twice.
  if (keep_ids_) ids_ = Permuted(std::move(pile.facts_.ids_), order);
  pile.facts_.ids_ = Pieces<Uuid>();
  times_ = Permuted(std::move(pile.facts_.times_), order);
  nets_ = Permuted(std::move(pile.facts_.nets_), order);
  grosses_ = Permuted(std::move(pile.facts_.grosses_), order);
  shapes_ = Permuted(std::move(pile.facts_.shapes_), order);
  line_counts_ = Permuted(std::move(pile.facts_.line_counts_), order);
  pile.owners_ = Pieces<std::uint32_t>();
  for (PersonRow row = 0; row < row_end; ++row) {
    line_begins_.Set(row, line_end_);
    for (std::uint32_t i = 0; i < CountOf(row); ++i) line_end_ += LineCount(BeginOf(row) + i);
  }
  std::vector<std::uint32_t> line_order;
  line_order.reserve(line_end_);
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    const std::uint32_t begin = pile.line_begins_.Get(order[i]);
    for (std::uint32_t line = begin; line < begin + LineCount(i); ++line) line_order.push_back(line);
  }
  pile.line_begins_ = Pieces<std::uint32_t>();
  items_ = Permuted(std::move(pile.facts_.items_), line_order);
  quantities_ = Permuted(std::move(pile.facts_.quantities_), line_order);
  line_values_ = Permuted(std::move(pile.facts_.line_values_), line_order);
}

}  // namespace esnaf::segmentation
