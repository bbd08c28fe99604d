#pragma once

// Everybody with what rules read of them, in columns. Rules, previews and RFM run over it; Postgres stays the truth. A
// person is a cluster of merged contacts, known by its canonical contact. Pure: no SQL, no clock, no protobuf.
//
// Memory: a customer with five orders of two lines each and the usual attributes takes some 266 bytes, of which an
// order takes 19 and a line 10. Cost: replacing a person depends on that person's facts; the columns of facts are laid
// out anew, in one pass over everybody, each time a quarter of them is garbage.
#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/segmentation/people/person_table_columns.h"

namespace esnaf::segmentation {

// ---- Attributes

enum class ColumnType { kText, kInteger, kDecimal, kMoney, kBoolean, kDate, kTime, kTextList };

// One value as a column keeps it; kAbsent for none.
using Cell = std::int64_t;
// Decimals are kept by their bits; negative zero becomes zero, for its bits mean absence.
inline Cell CellOfDecimal(double value) { return std::bit_cast<Cell>(value == 0 ? 0.0 : value); }
inline double DecimalOf(Cell cell) { return std::bit_cast<double>(cell); }
inline Cell CellOfDate(Date date) { return std::chrono::sys_days(date).time_since_epoch().count(); }
inline Date DateOf(Cell cell) { return Date(std::chrono::sys_days(std::chrono::days(cell))); }
inline Cell CellOfTime(Time time) { return time.time_since_epoch().count(); }
inline Time TimeOf(Cell cell) { return Time(Duration(cell)); }

// An attribute of everybody.
class AttributeColumn {
 public:
  // `folded`: see Dictionary.
  explicit AttributeColumn(ColumnType type, bool folded = false) : type_(type), dictionary_(folded) {}

  ColumnType type() const { return type_; }
  // The texts of kText and kTextList, and the currencies of kMoney.
  Dictionary& dictionary() { return dictionary_; }
  const Dictionary& dictionary() const { return dictionary_; }
  // What the amounts of kMoney are in that have no currency of their own.
  const std::string& currency_code() const { return currency_code_; }
  void set_currency_code(std::string code) { currency_code_ = std::move(code); }
  // kMoney: the currency that the row's amount has of its own; kNoText for none.
  TextCode CurrencyOf(PersonRow row) const { return codes_.Get(row); }
  void SetCurrency(PersonRow row, TextCode currency) { codes_.Set(row, currency); }

  // kText: a TextCode; kInteger and kMoney: the number, which takes away the amount's own currency; kDecimal, kDate,
  // kTime: see above; kBoolean: 0 or 1.
  Cell Get(PersonRow row) const;
  void Set(PersonRow row, Cell cell);
  // kTextList; elements are sorted by their codes, each once.
  std::uint32_t ListSize(PersonRow row) const { return slices_.CountOf(row); }
  TextCode ListElement(PersonRow row, std::uint32_t index) const { return elements_.Get(slices_.BeginOf(row) + index); }
  void SetList(PersonRow row, std::vector<TextCode> codes);
  // The codes of one block of kText.
  CompactCodes::Piece TextsAt(std::uint32_t block) const { return codes_.PieceAt(block); }

  // Lays lists out anew where much of them is garbage.
  void CompactIfNeeded(PersonRow row_count);
  std::size_t MemoryBytes() const;

 private:
  ColumnType type_;
  Dictionary dictionary_;
  std::string currency_code_;
  CompactCodes codes_;                      // kText, and currencies of kMoney
  Pieces<std::uint8_t> booleans_;           // 0: absent, 1: false, 2: true
  CompactIntegers<std::int8_t> small_;      // kInteger: scores
  CompactIntegers<std::int32_t> integers_;  // kMoney, kDate
  Pieces<std::int64_t> wide_{kAbsent};      // kDecimal, kTime
  Slices slices_;                           // kTextList
  CompactCodes elements_;
};

// ---- Facts: orders and carts

// What many lines have in common.
struct Item {
  TextCode sku = kNoText;
  TextCode category = kNoText;
  TextCode brand = kNoText;
  TextCode seller = kNoText;
  bool operator==(const Item&) const = default;
};

// What many orders have in common; a cart is a sale that is OPEN, or COMPLETED once an order came of it. The numbers
// are those of the enums in esnaf.orders.v1.
struct Shape {
  TextCode store = kNoText;
  TextCode channel = kNoText;
  TextCode currency = kNoText;
  bool is_return = false;
  std::uint8_t state = 1;
  bool operator==(const Shape&) const = default;
};

// Gives each combination a number, counted from 0.
template <typename T, typename Hash>
class Combinations {
 public:
  std::uint32_t Intern(const T& combination) {
    const auto [found, is_new] = numbers_.try_emplace(combination, static_cast<std::uint32_t>(all_.size()));
    if (is_new) all_.push_back(combination);
    return found->second;
  }
  const std::vector<T>& all() const { return all_; }
  std::size_t MemoryBytes() const { return all_.capacity() * sizeof(T) + numbers_.size() * (sizeof(T) + 32); }

 private:
  std::vector<T> all_;
  std::unordered_map<T, std::uint32_t, Hash> numbers_;
};
struct ItemHash {
  std::size_t operator()(const Item& item) const;
};
struct ShapeHash {
  std::size_t operator()(const Shape& shape) const;
};

struct Line {
  std::uint32_t item = 0;  // its number
  std::int64_t quantity = 0;
  std::int64_t value_minor = 0;  // its amount less its discount
  bool operator==(const Line&) const = default;
};

// An order or a cart.
struct Fact {
  Uuid id;  // kept only by a table that keeps ids
  Time time;
  std::int64_t net_minor = 0;
  std::int64_t gross_minor = 0;
  std::uint32_t shape = 0;  // its number
  std::vector<Line> lines;  // at most 65535
  bool operator==(const Fact&) const = default;
};

class FactPile;

// The orders, or the carts, of everybody.
class FactColumns {
 public:
  explicit FactColumns(bool keep_ids) : keep_ids_(keep_ids) {}

  // Replaces what the row has; the facts must be in the order of their times.
  void Put(PersonRow row, const std::vector<Fact>& facts);
  // Takes a pile, whose contacts have these rows, where nobody has anything yet (fact_pile.cc).
  void TakeAll(FactPile& pile, const std::vector<PersonRow>& row_of_contact, PersonRow row_end);
  void CompactIfNeeded(PersonRow row_count);

  // The facts of a row as they lie in memory.
  struct Run {
    std::uint32_t count;
    const std::int64_t* times;
    CompactCodes::View shapes;
    CompactIntegers<std::int32_t>::Run nets;
    CompactCodes::View line_counts;
  };
  // Nullopt where the row has none, and for the few whose facts lie in two pieces.
  std::optional<Run> RunOf(PersonRow row) const {
    const std::uint32_t count = CountOf(row);
    const std::uint32_t begin = BeginOf(row);
    if (count == 0 || begin % kBlockRows + count > kBlockRows) return std::nullopt;
    return Run{.count = count,
               .times = times_.PlaceOf(begin),
               .shapes = shapes_.ViewAt(begin),
               .nets = {nets_, begin},
               .line_counts = line_counts_.ViewAt(begin)};
  }
  // Lines that follow one another.
  struct LineRun {
    CompactCodes::View items;
    CompactIntegers<std::int16_t>::Run quantities;
    CompactIntegers<std::int32_t>::Run values;
  };
  // Nullopt where there are none, and for the few that lie in two pieces.
  std::optional<LineRun> LinesAt(std::uint32_t begin, std::uint32_t count) const {
    if (count == 0 || begin % kBlockRows + count > kBlockRows) return std::nullopt;
    return LineRun{.items = items_.ViewAt(begin), .quantities = {quantities_, begin}, .values = {line_values_, begin}};
  }

  // The row's facts lie from its begin on, in the order of their times, and so do their lines.
  std::uint32_t BeginOf(PersonRow row) const { return slices_.BeginOf(row); }
  std::uint32_t CountOf(PersonRow row) const { return slices_.CountOf(row); }
  Slices::Block RowsAt(std::uint32_t block) const { return slices_.BlockAt(block); }
  std::uint32_t LineBeginOf(PersonRow row) const { return line_begins_.Get(row); }
  std::int64_t TimeMicros(std::uint32_t fact) const { return times_.At(fact); }
  std::int64_t NetMinor(std::uint32_t fact) const { return nets_.At(fact); }
  std::int64_t GrossMinor(std::uint32_t fact) const { return grosses_.At(fact); }
  std::uint32_t ShapeOf(std::uint32_t fact) const { return shapes_.At(fact); }
  Uuid IdOf(std::uint32_t fact) const { return ids_.Get(fact); }
  std::uint32_t LineCount(std::uint32_t fact) const { return line_counts_.At(fact); }
  std::uint32_t ItemOf(std::uint32_t line) const { return items_.At(line); }
  std::int64_t QuantityOf(std::uint32_t line) const { return quantities_.At(line); }
  std::int64_t LineValueMinor(std::uint32_t line) const { return line_values_.At(line); }

  std::vector<Fact> FactsOf(PersonRow row) const;
  std::size_t MemoryBytes() const { return FactBytes() + LineBytes(); }
  std::size_t FactBytes() const;
  std::size_t LineBytes() const;

 private:
  friend class FactPile;

  void ReserveAll(std::uint32_t fact_end);
  // Makes room behind all lines, and answers where.
  std::uint32_t TakeLines(std::uint32_t count);
  // Writes a fact where there is room for it.
  void Write(std::uint32_t place, std::uint32_t line, const Fact& fact);
  std::vector<std::uint32_t> OrderOf(const FactPile& pile, const std::vector<PersonRow>& row_of_contact,
                                     PersonRow row_end);

  bool keep_ids_;
  Slices slices_;
  Pieces<Uuid> ids_;
  Pieces<std::int64_t> times_;
  CompactIntegers<std::int32_t> nets_;
  CompactIntegers<std::int32_t> grosses_;
  CompactCodes shapes_;
  CompactCodes line_counts_;
  Pieces<std::uint32_t> line_begins_;  // by row
  std::uint32_t line_end_ = 0;
  std::uint32_t line_garbage_ = 0;
  CompactCodes items_;
  CompactIntegers<std::int16_t> quantities_;
  CompactIntegers<std::int32_t> line_values_;
};

// ---- People

// All that is known of a person, in the codes of one table.
struct PersonFacts {
  Uuid contact_id;  // canonical
  bool deleted = false;
  std::vector<std::pair<std::size_t, Cell>> cells;                   // by column
  std::vector<std::pair<std::size_t, TextCode>> currencies;          // of cells of kMoney that have their own
  std::vector<std::pair<std::size_t, std::vector<TextCode>>> lists;  // by column
  // In the order of their times.
  std::vector<Fact> orders;
  std::vector<Fact> carts;
  std::vector<Fact> tickets;
  std::vector<Fact> answers;
};

struct PersonTableOptions {
  // Keeps the ids of orders and carts, 16 bytes each, to explain with.
  bool keep_fact_ids = false;
};

class PersonTable {
 public:
  explicit PersonTable(PersonTableOptions options = {});
  PersonTable(const PersonTable&) = delete;
  PersonTable& operator=(const PersonTable&) = delete;

  // The column of an attribute, which is made where there is none; columns are never removed. Nullopt where there is
  // one of another type.
  std::optional<std::size_t> AddColumn(const std::string& key, ColumnType type, bool folded = false);
  std::optional<std::size_t> FindColumn(const std::string& key) const;
  AttributeColumn& column(std::size_t index) { return *columns_[index]; }
  const AttributeColumn& column(std::size_t index) const { return *columns_[index]; }
  std::size_t column_count() const { return columns_.size(); }
  const std::map<std::string, std::size_t>& columns_by_key() const { return columns_by_key_; }

  // The texts of orders and carts; those of categories and brands fold.
  enum class Text { kStore, kChannel, kCurrency, kSku, kCategory, kBrand, kSeller };
  Dictionary& texts(Text text) { return texts_[static_cast<std::size_t>(text)]; }
  const Dictionary& texts(Text text) const { return texts_[static_cast<std::size_t>(text)]; }
  std::uint32_t InternItem(const Item& item) { return items_.Intern(item); }
  std::uint32_t InternShape(const Shape& shape) { return shapes_.Intern(shape); }
  const std::vector<Item>& items() const { return items_.all(); }
  const std::vector<Shape>& shapes() const { return shapes_.all(); }

  // Adds the person or replaces all that was known of it.
  PersonRow Put(const PersonFacts& person);
  // For a table that is being filled with everybody, each kind of fact by itself: the row of somebody, who is added
  // with nothing where there is nobody.
  PersonRow Add(const Uuid& contact_id);
  void SetDeleted(PersonRow row, bool deleted) { SetLive(row, !deleted); }
  // Sets some attributes and leaves the others.
  void SetAttributes(PersonRow row, const PersonFacts& person);
  // Everybody's orders, carts, tickets or answers; nobody may have any yet.
  void TakeOrders(FactPile& pile) { TakeAll(pile, orders_); }
  void TakeCarts(FactPile& pile) { TakeAll(pile, carts_); }
  void TakeTickets(FactPile& pile) { TakeAll(pile, tickets_); }
  void TakeAnswers(FactPile& pile) { TakeAll(pile, answers_); }

  // Forgets a person; false where there is none. The row may become another person's.
  bool Erase(const Uuid& contact_id);

  std::optional<PersonRow> Find(const Uuid& contact_id) const { return finder_.Find(contact_id); }
  Uuid ContactOf(PersonRow row) const { return ids_.Get(row); }
  // Rows are 0 to this; those that are nobody's have the contact of all zeros.
  PersonRow row_end() const { return row_end_; }
  // Without the deleted.
  std::uint32_t person_count() const { return person_count_; }
  // A bit for each row of somebody who is not deleted; the words of one block follow one another.
  const std::vector<std::uint64_t>& live() const { return live_; }
  bool IsLive(PersonRow row) const { return (live_[row / 64] >> (row % 64) & 1) != 0; }

  const FactColumns& orders() const { return orders_; }
  const FactColumns& carts() const { return carts_; }
  // Those of the help desk: the net value is 1 where a promise was broken; the line has the type as its category and
  // the priority as its brand.
  const FactColumns& tickets() const { return tickets_; }
  // Those to surveys: the channel is the scale, the net value the score.
  const FactColumns& answers() const { return answers_; }

  // All of it, dictionaries included, as far as it is of our own making.
  std::size_t MemoryBytes() const;
  // The same by what it is for; attributes by their keys.
  std::vector<std::pair<std::string, std::size_t>> MemoryByPart() const;

 private:
  PersonRow TakeRow(const Uuid& contact_id);
  void SetLive(PersonRow row, bool live);
  void PutAttributes(PersonRow row, const PersonFacts& person);
  void TakeAll(FactPile& pile, FactColumns& columns);

  Pieces<Uuid> ids_;
  RowFinder finder_;
  PersonRow row_end_ = 0;
  std::uint32_t person_count_ = 0;
  std::vector<PersonRow> free_rows_;
  std::vector<std::uint64_t> live_;
  std::vector<std::unique_ptr<AttributeColumn>> columns_;
  std::map<std::string, std::size_t> columns_by_key_;
  std::array<Dictionary, 7> texts_ = {Dictionary(),     Dictionary(),     Dictionary(), Dictionary(),
                                      Dictionary(true), Dictionary(true), Dictionary()};
  Combinations<Item, ItemHash> items_;
  Combinations<Shape, ShapeHash> shapes_;
  FactColumns orders_;
  FactColumns carts_;
  FactColumns tickets_;
  FactColumns answers_;
};

}  // namespace esnaf::segmentation
