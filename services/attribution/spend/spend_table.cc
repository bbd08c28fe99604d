#include "services/attribution/spend/spend_table.h"

#include <array>

#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/attribution/spend/spend_sheet.h"

namespace esnaf::attribution {
namespace {

using Column = SpendColumn;

// The heading stands among the first lines.
constexpr std::size_t kMostTitleRows = 30;
constexpr std::size_t kMostDetailBytes = 120;

struct Table {
  SpendHeading heading;
  std::vector<SheetRow> titles;
  std::vector<SheetRow> rows;
};

absl::StatusOr<SpendHeading> HeadingOf(const std::vector<std::string>& cells, const SpendReadOptions& options) {
  if (options.mapping.empty()) return ReadHeading(cells);
  return ReadMappedHeading(cells, options.mapping);
}

// Where the heading stands among the rows that a separator gives.
struct FoundHeading {
  char separator = ',';
  std::size_t row = 0;
  SpendHeading heading;
};

// What the first rows have as their heading; nullopt where none of them is one.
absl::StatusOr<std::optional<FoundHeading>> FindHeadingAt(std::string_view text, char separator,
                                                          const SpendReadOptions& options) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<SheetRow> rows, ReadFirstRows(text, separator, kMostTitleRows));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].mistake.empty()) continue;
    absl::StatusOr<SpendHeading> heading = HeadingOf(rows[i].cells, options);
    if (heading.ok() && heading->complete()) return FoundHeading{separator, i, *std::move(heading)};
  }
  return std::nullopt;
}

absl::StatusOr<FoundHeading> FindHeading(std::string_view text, const SpendReadOptions& options) {
  std::optional<FoundHeading> best;
  absl::Status too_large;
  for (const char separator : {'\t', ',', ';', '|'}) {
    // A separator that does not occur gives nothing that another would not.
    if (text.find(separator) == std::string_view::npos) continue;
    absl::StatusOr<std::optional<FoundHeading>> found = FindHeadingAt(text, separator, options);
    too_large.Update(found.status());
    if (!found.ok() || !*found) continue;
    if (!best || (*found)->heading.columns.size() > best->heading.columns.size()) best = *std::move(found);
  }
  if (best) return *std::move(best);
  ESNAF_RETURN_IF_ERROR(too_large);
  if (!options.mapping.empty()) {
    return absl::InvalidArgumentError("none of the first 30 lines has the columns that the mapping names");
  }
  return absl::InvalidArgumentError(
      "none of the first 30 lines is a heading with a day and a cost (Day and Cost, Gün and Maliyet, Tag and Kosten, "
      "Reporting starts and Amount spent); name the columns by a mapping");
}

absl::StatusOr<Table> FindTable(std::string_view text, const SpendReadOptions& options) {
  ESNAF_ASSIGN_OR_RETURN(FoundHeading found, FindHeading(text, options));
  ESNAF_ASSIGN_OR_RETURN(std::vector<SheetRow> rows, ReadSheet(text, found.separator));
  Table table{.heading = std::move(found.heading)};
  const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(found.row);
  table.titles.assign(std::make_move_iterator(rows.begin()), std::make_move_iterator(begin));
  table.rows.assign(std::make_move_iterator(begin + 1), std::make_move_iterator(rows.end()));
  return table;
}

class TableReader {
 public:
  TableReader(Table table, const SpendReadOptions& options) : table_(std::move(table)), options_(options) {}

  absl::StatusOr<SpendReading> Read() {
    for (const SheetRow& title : table_.titles) Skip(title, SkipReason::kTitle, FirstText(title));
    ESNAF_RETURN_IF_ERROR(LearnNumbers());
    ESNAF_RETURN_IF_ERROR(LearnDays());
    for (const SheetRow& row : table_.rows) ReadRow(row);
    CompareTotals();
    reading_.format = options_.format;
    if (reading_.format == SpendFormat::kDetect) {
      reading_.format = table_.heading.from_meta ? SpendFormat::kMetaTable : SpendFormat::kGoogleAdsTable;
    }
    return std::move(reading_);
  }

 private:
  static constexpr std::array<Column, 3> kDecimals = {Column::kCost, Column::kConversions, Column::kConversionValue};

  // The cell of a column, trimmed; empty where the report has none.
  std::string_view Cell(const SheetRow& row, Column column) const {
    const auto found = table_.heading.columns.find(column);
    if (found == table_.heading.columns.end() || found->second >= row.cells.size()) return {};
    return Trim(row.cells[found->second]);
  }

  // A text that is `--` where the report has none.
  std::string Text(const SheetRow& row, Column column) const {
    const std::string_view cell = Cell(row, column);
    return IsNoNumber(cell) ? std::string() : std::string(cell);
  }

  static std::string FirstText(const SheetRow& row) {
    for (const std::string& cell : row.cells) {
      if (!Trim(cell).empty() && IsCleanUtf8(cell)) return std::string(Truncate(Trim(cell), kMostDetailBytes));
    }
    return {};
  }

  void Skip(const SheetRow& row, SkipReason reason, std::string detail) {
    reading_.skips.push_back({row.line, reason, std::move(detail)});
  }
  void SkipCell(const SheetRow& row, SkipReason reason, Column column, const absl::Status& why) {
    Skip(row, reason,
         absl::StrCat(std::string(NameOf(column)), " ", why.message(), ": \"",
                      std::string(Truncate(Cell(row, column), kMostDetailBytes)), "\""));
  }

  absl::Status LearnNumbers() {
    DecimalMarkEvidence costs, numbers;
    for (const SheetRow& row : table_.rows) {
      for (const Column column : kDecimals) {
        const std::string_view cell = Cell(row, column);
        if (column == Column::kCost) costs.Add(cell);
        numbers.Add(cell);
      }
    }
    const DecimalMarkEvidence& evidence = numbers.contradicts() ? costs : numbers;
    if (options_.decimal_mark) {
      mark_ = *options_.decimal_mark;
    } else if (evidence.contradicts()) {
      return absl::InvalidArgumentError(
          "the costs are written with a decimal point in some lines and a decimal comma in others: set decimal_mark");
    } else {
      mark_ = evidence.mark().value_or(DecimalMarkOf(table_.heading.language).value_or(DecimalMark::kPoint));
    }
    return absl::OkStatus();
  }

  absl::Status LearnDays() {
    DateOrderEvidence evidence;
    for (const SheetRow& row : table_.rows) evidence.Add(Cell(row, Column::kDay));
    order_ = options_.date_order ? options_.date_order : evidence.order();
    if (order_ || !evidence.ambiguous()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "days such as 1/2/2026 can be read as day/month and as month/day: set date_order");
  }

  void ReadRow(const SheetRow& row) {
    if (!row.mistake.empty()) return Skip(row, SkipReason::kBadCells, row.mistake);
    if (IsTotal(row)) {
      totals_.push_back(&row);
      return Skip(row, SkipReason::kTotal, FirstText(row));
    }
    if (!FitsHeading(row)) {
      return Skip(row, SkipReason::kBadCells,
                  absl::StrCat("has ", row.cells.size(), " cells where the heading has ", table_.heading.cell_count));
    }
    for (const auto& [column, index] : table_.heading.columns) {
      if (!IsCleanUtf8(Cell(row, column))) {
        return Skip(row, SkipReason::kBadText, absl::StrCat(std::string(NameOf(column)), " is no text"));
      }
    }
    SpendRow read;
    if (ReadDay(row, read) && ReadCurrency(row, read) && ReadNumbers(row, read)) {
      ReadNames(row, read);
      reading_.rows.push_back(std::move(read));
    }
  }

  // A row without a day that names a total, or one of Meta's, over all days and without any name.
  bool IsTotal(const SheetRow& row) const {
    const absl::StatusOr<Date> day = ParseReportDay(Cell(row, Column::kDay), order_);
    if (!day.ok()) return NamesTotal(FirstText(row));
    if (!SeveralDays(row, *day)) return false;
    static constexpr std::array<Column, 8> kNames = {Column::kCampaignId, Column::kCampaign,   Column::kAdGroupId,
                                                     Column::kAdGroup,    Column::kAdId,       Column::kAd,
                                                     Column::kKeyword,    Column::kSearchQuery};
    bool has_names = false;
    for (const Column column : kNames) {
      if (!Text(row, column).empty()) return false;
      has_names = has_names || table_.heading.Has(column);
    }
    return has_names;
  }

  bool SeveralDays(const SheetRow& row, Date day) const {
    const std::string_view end = Cell(row, Column::kDayEnd);
    if (end.empty()) return false;
    const absl::StatusOr<Date> last = ParseReportDay(end, order_);
    return !last.ok() || *last != day;
  }

  // Cells behind the heading's may be there as long as they are empty.
  bool FitsHeading(const SheetRow& row) const {
    if (row.cells.size() < table_.heading.cell_count) return false;
    return std::all_of(row.cells.begin() + static_cast<std::ptrdiff_t>(table_.heading.cell_count), row.cells.end(),
                       [](const std::string& cell) { return Trim(cell).empty(); });
  }

  bool ReadDay(const SheetRow& row, SpendRow& read) {
    const absl::StatusOr<Date> day = ParseReportDay(Cell(row, Column::kDay), order_);
    if (!day.ok()) {
      SkipCell(row, SkipReason::kNoDay, Column::kDay, day.status());
      return false;
    }
    if (SeveralDays(row, *day)) {
      Skip(row, SkipReason::kSeveralDays,
           absl::StrCat("covers ", std::string(Cell(row, Column::kDay)), " to ",
                        std::string(Truncate(Cell(row, Column::kDayEnd), kMostDetailBytes)), ": export it by day"));
      return false;
    }
    read.day = *day;
    return true;
  }

  bool ReadCurrency(const SheetRow& row, SpendRow& read) {
    const std::string code = Text(row, Column::kCurrency);
    if (!code.empty()) {
      const absl::StatusOr<Currency> currency = Currency::Parse(code);
      if (!currency.ok()) {
        SkipCell(row, SkipReason::kBadCurrency, Column::kCurrency, currency.status());
        return false;
      }
      read.currency = *currency;
    } else if (table_.heading.cost_currency) {
      read.currency = *table_.heading.cost_currency;
    } else if (options_.currency) {
      read.currency = *options_.currency;
    } else {
      Skip(row, SkipReason::kBadCurrency, "the report names no currency: set one");
      return false;
    }
    return true;
  }

  template <typename Parse>
  bool ReadNumber(const SheetRow& row, Column column, std::int64_t& target, Parse&& parse) {
    const std::string_view cell = Cell(row, column);
    if (IsNoNumber(cell)) return true;
    const absl::StatusOr<std::int64_t> number = parse(cell, mark_);
    if (!number.ok()) {
      SkipCell(row, SkipReason::kBadNumber, column, number.status());
      return false;
    }
    target = *number;
    return true;
  }

  bool ReadNumbers(const SheetRow& row, SpendRow& read) {
    const Column clicks = table_.heading.Has(Column::kClicks) ? Column::kClicks : Column::kAllClicks;
    if (!ReadNumber(row, Column::kCost, read.cost, ParseMicros) ||
        !ReadNumber(row, Column::kImpressions, read.impressions, ParseCount) ||
        !ReadNumber(row, clicks, read.clicks, ParseCount) ||
        !ReadNumber(row, Column::kConversions, read.reported_conversions, ParseMicros) ||
        !ReadNumber(row, Column::kConversionValue, read.reported_value, ParseMicros)) {
      return false;
    }
    if (read.cost >= 0) return true;
    SkipCell(row, SkipReason::kBadNumber, Column::kCost, absl::InvalidArgumentError("is negative"));
    return false;
  }

  void ReadNames(const SheetRow& row, SpendRow& read) const {
    read.account_id = Text(row, Column::kAccountId);
    std::erase(read.account_id, '-');
    if (read.account_id.empty()) read.account_id = options_.account_id;
    read.campaign_id = Text(row, Column::kCampaignId);
    read.campaign = Text(row, Column::kCampaign);
    read.ad_group_id = Text(row, Column::kAdGroupId);
    read.ad_group = Text(row, Column::kAdGroup);
    read.ad_id = Text(row, Column::kAdId);
    read.ad = Text(row, Column::kAd);
    read.keyword = Text(row, Column::kKeyword);
    read.search_query = Text(row, Column::kSearchQuery);
  }

  // A report sums up itself, so that one cut short is noticed.
  void CompareTotals() {
    Micros sum = 0;
    for (const SpendRow& row : reading_.rows) {
      const absl::StatusOr<std::int64_t> next = CheckedAdd(sum, row.cost);
      if (!next.ok()) return;
      sum = *next;
    }
    bool any = false;
    for (const SheetRow* row : totals_) {
      const absl::StatusOr<Micros> total = ParseMicros(Cell(*row, Column::kCost), mark_);
      if (!total.ok()) continue;
      if (*total == sum) return;
      any = true;
    }
    if (any) reading_.warnings.emplace_back("no total row of the report equals the cost of the rows that were read");
  }

  const Table table_;
  const SpendReadOptions& options_;
  DecimalMark mark_ = DecimalMark::kPoint;
  std::optional<DateOrder> order_;
  std::vector<const SheetRow*> totals_;
  SpendReading reading_;
};

}  // namespace

absl::StatusOr<SpendReading> ReadSpendTable(std::string_view text, const SpendReadOptions& options) {
  ESNAF_ASSIGN_OR_RETURN(Table table, FindTable(text, options));
  return TableReader(std::move(table), options).Read();
}

}  // namespace esnaf::attribution
