#include "services/segmentation/people/person_table.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "services/segmentation/people/fact_pile.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kWordsPerBlock = kBlockRows / 64;

std::size_t Mix(std::size_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 32);
}

}  // namespace

// ---- Attributes

Cell AttributeColumn::Get(PersonRow row) const {
  switch (type_) {
    case ColumnType::kText: {
      const TextCode code = codes_.Get(row);
      return code == kNoText ? kAbsent : static_cast<Cell>(code);
    }
    case ColumnType::kBoolean: {
      const std::uint8_t value = booleans_.Get(row);
      return value == 0 ? kAbsent : value - 1;
    }
    case ColumnType::kInteger:
      return small_.Get(row);
    case ColumnType::kMoney:
    case ColumnType::kDate:
      return integers_.Get(row);
    case ColumnType::kDecimal:
    case ColumnType::kTime:
      return wide_.Get(row);
    case ColumnType::kTextList:
      break;
  }
  return kAbsent;
}

void AttributeColumn::Set(PersonRow row, Cell cell) {
  switch (type_) {
    case ColumnType::kText:
      codes_.Set(row, cell == kAbsent ? kNoText : static_cast<TextCode>(cell));
      break;
    case ColumnType::kBoolean:
      booleans_.Set(row, cell == kAbsent ? 0 : static_cast<std::uint8_t>(cell + 1));
      break;
    case ColumnType::kInteger:
      small_.Set(row, cell);
      break;
    case ColumnType::kMoney:
      codes_.Set(row, kNoText);
      integers_.Set(row, cell);
      break;
    case ColumnType::kDate:
      integers_.Set(row, cell);
      break;
    case ColumnType::kDecimal:
    case ColumnType::kTime:
      wide_.Set(row, cell);
      break;
    case ColumnType::kTextList:
      if (cell == kAbsent) slices_.Place(row, 0);
      break;
  }
}

void AttributeColumn::SetList(PersonRow row, std::vector<TextCode> codes) {
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  const std::uint32_t begin = slices_.Place(row, static_cast<std::uint32_t>(codes.size()));
  for (std::uint32_t i = 0; i < codes.size(); ++i) elements_.Set(begin + i, codes[i]);
}

void AttributeColumn::CompactIfNeeded(PersonRow row_count) {
  if (!slices_.WantsCompaction()) return;
  Slices slices;
  CompactCodes elements;
  for (PersonRow row = 0; row < row_count; ++row) {
    const std::uint32_t count = ListSize(row);
    if (count == 0) continue;
    const std::uint32_t begin = slices.Place(row, count);
    for (std::uint32_t i = 0; i < count; ++i) elements.Set(begin + i, ListElement(row, i));
  }
  slices_ = std::move(slices);
  elements_ = std::move(elements);
}

std::size_t AttributeColumn::MemoryBytes() const {
  return sizeof(*this) + dictionary_.MemoryBytes() + codes_.MemoryBytes() + booleans_.MemoryBytes() +
         small_.MemoryBytes() + integers_.MemoryBytes() + wide_.MemoryBytes() + slices_.MemoryBytes() +
         elements_.MemoryBytes();
}

// ---- Facts

std::size_t ItemHash::operator()(const Item& item) const {
  return Mix(Mix(0, std::uint64_t{item.sku} << 32 | item.category), std::uint64_t{item.brand} << 32 | item.seller);
}

std::size_t ShapeHash::operator()(const Shape& shape) const {
  const std::uint64_t states = std::uint64_t{shape.is_return} << 8 | shape.state;
  return Mix(Mix(0, std::uint64_t{shape.store} << 32 | shape.channel), states << 32 | shape.currency);
}

void FactColumns::Put(PersonRow row, const std::vector<Fact>& facts) {
  std::uint32_t had_lines = 0;
  for (std::uint32_t i = 0; i < CountOf(row); ++i) had_lines += LineCount(BeginOf(row) + i);
  std::uint32_t lines = 0;
  for (const Fact& fact : facts) lines += static_cast<std::uint32_t>(fact.lines.size());
  std::uint32_t line = LineBeginOf(row);
  if (lines <= had_lines) {
    line_garbage_ += had_lines - lines;
  } else {
    line_garbage_ += had_lines;
    line = TakeLines(lines);
    line_begins_.Set(row, line);
  }
  std::uint32_t place = slices_.Place(row, static_cast<std::uint32_t>(facts.size()));
  ReserveAll(slices_.end());
  for (const Fact& fact : facts) {
    Write(place++, line, fact);
    line += static_cast<std::uint32_t>(fact.lines.size());
  }
}

std::uint32_t FactColumns::TakeLines(std::uint32_t count) {
  ESNAF_CHECK(line_end_ <= std::numeric_limits<std::uint32_t>::max() - count);
  return std::exchange(line_end_, line_end_ + count);
}

void FactColumns::Write(std::uint32_t place, std::uint32_t line, const Fact& fact) {
  ESNAF_CHECK(fact.lines.size() <= std::numeric_limits<std::uint16_t>::max());
  if (keep_ids_) ids_.Set(place, fact.id);
  times_.Set(place, fact.time.time_since_epoch().count());
  nets_.Set(place, fact.net_minor);
  grosses_.Set(place, fact.gross_minor);
  shapes_.Set(place, fact.shape);
  line_counts_.Set(place, static_cast<std::uint32_t>(fact.lines.size()));
  for (const Line& added : fact.lines) {
    items_.Set(line, added.item);
    quantities_.Set(line, added.quantity);
    line_values_.Set(line, added.value_minor);
    ++line;
  }
}

void FactColumns::ReserveAll(std::uint32_t fact_end) {
  times_.Reserve(fact_end);
  nets_.Reserve(fact_end);
  grosses_.Reserve(fact_end);
  shapes_.Reserve(fact_end);
  line_counts_.Reserve(fact_end);
  items_.Reserve(line_end_);
  quantities_.Reserve(line_end_);
  line_values_.Reserve(line_end_);
}

void FactColumns::CompactIfNeeded(PersonRow row_count) {
  const bool wants_lines = line_garbage_ > kBlockRows && line_garbage_ > line_end_ / 4;
  if (!slices_.WantsCompaction() && !wants_lines) return;
  FactColumns anew(keep_ids_);
  for (PersonRow row = 0; row < row_count; ++row) {
    if (CountOf(row) > 0) anew.Put(row, FactsOf(row));
  }
  *this = std::move(anew);
}

std::vector<Fact> FactColumns::FactsOf(PersonRow row) const {
  std::vector<Fact> facts(CountOf(row));
  std::uint32_t place = BeginOf(row);
  std::uint32_t line = LineBeginOf(row);
  for (Fact& fact : facts) {
    fact = {.id = IdOf(place), .time = TimeOf(TimeMicros(place)), .net_minor = NetMinor(place)};
    fact.gross_minor = GrossMinor(place);
    fact.shape = ShapeOf(place);
    for (const std::uint32_t end = line + LineCount(place); line < end; ++line) {
      fact.lines.push_back({ItemOf(line), QuantityOf(line), LineValueMinor(line)});
    }
    ++place;
  }
  return facts;
}

std::size_t FactColumns::FactBytes() const {
  return slices_.MemoryBytes() + ids_.MemoryBytes() + times_.MemoryBytes() + nets_.MemoryBytes() +
         grosses_.MemoryBytes() + shapes_.MemoryBytes() + line_counts_.MemoryBytes();
}

std::size_t FactColumns::LineBytes() const {
  return line_begins_.MemoryBytes() + items_.MemoryBytes() + quantities_.MemoryBytes() + line_values_.MemoryBytes();
}

// ---- People

PersonTable::PersonTable(PersonTableOptions options)
    : finder_(ids_),
      orders_(options.keep_fact_ids),
      carts_(options.keep_fact_ids),
      tickets_(options.keep_fact_ids),
      answers_(options.keep_fact_ids) {}

std::optional<std::size_t> PersonTable::AddColumn(const std::string& key, ColumnType type, bool folded) {
  const auto [known, is_new] = columns_by_key_.try_emplace(key, columns_.size());
  if (is_new) columns_.push_back(std::make_unique<AttributeColumn>(type, folded));
  if (columns_[known->second]->type() != type) return std::nullopt;
  return known->second;
}

std::optional<std::size_t> PersonTable::FindColumn(const std::string& key) const {
  const auto known = columns_by_key_.find(key);
  return known == columns_by_key_.end() ? std::nullopt : std::optional(known->second);
}

PersonRow PersonTable::TakeRow(const Uuid& contact_id) {
  if (const std::optional<PersonRow> known = Find(contact_id)) return *known;
  PersonRow row = row_end_;
  if (free_rows_.empty()) {
    if (row_end_ % kBlockRows == 0) live_.resize(live_.size() + kWordsPerBlock);
    ++row_end_;
  } else {
    row = free_rows_.back();
    free_rows_.pop_back();
  }
  ids_.Set(row, contact_id);
  finder_.Insert(row);
  return row;
}

void PersonTable::SetLive(PersonRow row, bool live) {
  if (IsLive(row) == live) return;
  live_[row / 64] ^= std::uint64_t{1} << (row % 64);
  person_count_ += live ? 1 : -1;
}

void PersonTable::PutAttributes(PersonRow row, const PersonFacts& person) {
  // A list that is replaced stays where it lies.
  const auto has_list = [&](std::size_t index) {
    return std::any_of(person.lists.begin(), person.lists.end(), [&](const auto& list) { return list.first == index; });
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i]->type() != ColumnType::kTextList || !has_list(i)) columns_[i]->Set(row, kAbsent);
  }
  SetAttributes(row, person);
  for (const auto& column : columns_) column->CompactIfNeeded(row_end_);
}

void PersonTable::SetAttributes(PersonRow row, const PersonFacts& person) {
  for (const auto& [column, cell] : person.cells) columns_[column]->Set(row, cell);
  for (const auto& [column, currency] : person.currencies) columns_[column]->SetCurrency(row, currency);
  for (const auto& [column, codes] : person.lists) columns_[column]->SetList(row, codes);
}

PersonRow PersonTable::Add(const Uuid& contact_id) {
  if (const std::optional<PersonRow> known = Find(contact_id)) return *known;
  const PersonRow row = TakeRow(contact_id);
  SetLive(row, true);
  return row;
}

void PersonTable::TakeAll(FactPile& pile, FactColumns& columns) {
  std::vector<PersonRow> rows(pile.contact_count());
  for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = Add(pile.ContactAt(i));
  columns.TakeAll(pile, rows, row_end_);
}

PersonRow PersonTable::Put(const PersonFacts& person) {
  const PersonRow row = TakeRow(person.contact_id);
  SetLive(row, !person.deleted);
  PutAttributes(row, person);
  orders_.Put(row, person.orders);
  carts_.Put(row, person.carts);
  tickets_.Put(row, person.tickets);
  answers_.Put(row, person.answers);
  for (FactColumns* columns : {&orders_, &carts_, &tickets_, &answers_}) columns->CompactIfNeeded(row_end_);
  return row;
}

bool PersonTable::Erase(const Uuid& contact_id) {
  const std::optional<PersonRow> row = Find(contact_id);
  if (!row) return false;
  PutAttributes(*row, {});
  for (FactColumns* columns : {&orders_, &carts_, &tickets_, &answers_}) columns->Put(*row, {});
  SetLive(*row, false);
  finder_.Erase(*row);
  ids_.Set(*row, Uuid());
  free_rows_.push_back(*row);
  return true;
}

std::vector<std::pair<std::string, std::size_t>> PersonTable::MemoryByPart() const {
  std::vector<std::pair<std::string, std::size_t>> parts = {
      {"contacts and how they are found", sizeof(*this) + ids_.MemoryBytes() + finder_.MemoryBytes() +
                                              live_.capacity() * 8 + free_rows_.capacity() * sizeof(PersonRow)},
      {"orders", orders_.FactBytes()},
      {"lines of orders", orders_.LineBytes()},
      {"carts and their lines", carts_.MemoryBytes()},
      {"tickets", tickets_.MemoryBytes()},
      {"answers to surveys", answers_.MemoryBytes()}};
  std::size_t texts = items_.MemoryBytes() + shapes_.MemoryBytes();
  for (const Dictionary& dictionary : texts_) texts += dictionary.MemoryBytes();
  parts.emplace_back("texts of orders, carts, tickets and answers", texts);
  for (const auto& [key, index] : columns_by_key_) parts.emplace_back(key, columns_[index]->MemoryBytes());
  return parts;
}

std::size_t PersonTable::MemoryBytes() const {
  std::size_t bytes = 0;
  for (const auto& [what, part] : MemoryByPart()) bytes += part;
  return bytes;
}

}  // namespace esnaf::segmentation
