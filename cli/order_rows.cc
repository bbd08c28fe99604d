#include "cli/order_rows.h"

#include <charconv>
#include <optional>
#include <unordered_map>

#include "cli/csv_reader.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::cli {

const std::vector<std::string> kOrderFields = {"order",      "placed_at", "customer", "email", "phone",
                                               "name",       "country",   "sku",      "title", "quantity",
                                               "unit_price", "discount",  "currency", "status"};

namespace {

// Which of a file's columns holds which field.
class Columns {
 public:
  // Columns that --map names must be there; the others are taken where the file has them.
  static absl::StatusOr<Columns> Find(const CsvReader& reader, const OrderFileOptions& options, bool all_mapped_here) {
    Columns found;
    for (const std::string& field : kOrderFields) {
      const auto mapped = options.columns.find(field);
      const std::string& name = mapped == options.columns.end() ? field : mapped->second;
      const auto column = reader.Column(name);
      if (column.ok()) {
        found.indexes_[field] = *column;
      } else if (all_mapped_here && mapped != options.columns.end()) {
        return column.status();
      }
    }
    return found;
  }

  bool Has(const std::string& field) const { return indexes_.contains(field); }
  std::string_view Cell(const std::vector<std::string>& row, const std::string& field) const {
    const auto index = indexes_.find(field);
    if (index == indexes_.end() || index->second >= row.size()) return {};
    return Trim(row[index->second]);
  }

 private:
  std::map<std::string, std::size_t> indexes_;
};

absl::Status Need(const Columns& lines, const Columns* joined, const std::string& field, const std::string& path) {
  if (lines.Has(field) || (joined != nullptr && joined->Has(field))) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: no column for the field %s; name it by --map %s=COLUMN", path, field, field));
}

absl::StatusOr<std::int64_t> ParseQuantity(std::string_view text) {
  std::int64_t quantity = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity);
  if (error != std::errc() || end != text.data() + text.size() || quantity == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("quantity: \"%s\" is no whole number other than 0", text));
  }
  return quantity;
}

// What the facts of the whole order are, from one row of either file.
absl::Status FillOrder(const Columns& columns, const std::vector<std::string>& row, const OrderFileOptions& options,
                       OrderFacts& order, bool& placed) {
  auto fill = [&](const std::string& field, std::string& target) {
    if (target.empty()) target = columns.Cell(row, field);
  };
  fill("customer", order.customer);
  fill("email", order.email);
  fill("phone", order.phone);
  fill("name", order.name);
  fill("country", order.country);
  fill("status", order.status);
  if (const std::string_view text = columns.Cell(row, "placed_at"); !text.empty()) {
    const auto time = options.time_zone.ParseLocal(text);
    if (!time.ok()) return absl::InvalidArgumentError(absl::StrFormat("placed_at: \"%s\" is no time", text));
    // Some sources stamp the lines of one order minutes apart; it was placed at the first.
    if (!placed || *time < order.placed_at) order.placed_at = *time;
    placed = true;
  }
  if (const std::string_view text = columns.Cell(row, "currency"); !text.empty()) {
    const auto currency = Currency::Parse(text);
    if (!currency.ok())
      return absl::InvalidArgumentError(absl::StrFormat("currency: \"%s\" is no ISO 4217 code", text));
    order.currency = *currency;
  }
  return absl::OkStatus();
}

absl::StatusOr<LineFacts> ReadLine(const Columns& columns, const std::vector<std::string>& row, Currency currency) {
  LineFacts line;
  line.sku = columns.Cell(row, "sku");
  line.title = columns.Cell(row, "title");
  ESNAF_ASSIGN_OR_RETURN(line.quantity, ParseQuantity(columns.Cell(row, "quantity")));
  const std::string_view price = columns.Cell(row, "unit_price");
  if (price.starts_with('-'))
    return absl::InvalidArgumentError(absl::StrFormat("unit_price: \"%s\" is negative", price));
  const auto unit_price = ExtendPrice(price, 1, currency);
  if (!unit_price.ok()) return absl::InvalidArgumentError(absl::StrFormat("unit_price: \"%s\" is no amount", price));
  line.unit_price_minor = unit_price->minor;
  const auto amount = ExtendPrice(price, std::abs(line.quantity), currency);
  if (!amount.ok()) return absl::InvalidArgumentError("quantity x unit_price: too large");
  line.amount_minor = amount->minor;
  if (const std::string_view text = columns.Cell(row, "discount"); !text.empty()) {
    const auto discount = ParseMoney(text, currency);
    if (!discount.ok() || discount->minor < 0 || discount->minor > line.amount_minor) {
      return absl::InvalidArgumentError(absl::StrFormat("discount: \"%s\" is no amount from 0 to the line's", text));
    }
    line.discount_minor = discount->minor;
  }
  return line;
}

// Reads both files into orders, and remembers which orders have a row that cannot be read.
class OrderFileReader {
 public:
  explicit OrderFileReader(const OrderFileOptions& options) : options_(options) {}

  absl::StatusOr<OrderFile> Read() {
    if (!options_.join_path.empty()) ESNAF_RETURN_IF_ERROR(ReadJoined());
    ESNAF_RETURN_IF_ERROR(ReadLines());
    return Finish();
  }

 private:
  struct Draft {
    OrderFacts facts;
    bool placed = false;
    std::string broken;                    // why the order is rejected; empty where it is not
    std::vector<std::int64_t> file_lines;  // all of its rows, good and bad
  };

  Draft& DraftOf(std::string_view number) {
    const auto [entry, is_new] = index_.try_emplace(std::string(number), drafts_.size());
    if (is_new) {
      drafts_.emplace_back();
      drafts_.back().facts.number = number;
      drafts_.back().facts.currency = options_.currency;
    }
    return drafts_[entry->second];
  }

  absl::Status ReadJoined() {
    ESNAF_ASSIGN_OR_RETURN(const auto reader, CsvReader::Open(options_.join_path));
    ESNAF_ASSIGN_OR_RETURN(joined_, Columns::Find(*reader, options_, false));
    if (!joined_->Has("order")) return reader->Column("order").status();
    std::vector<std::string> row;
    while (true) {
      ESNAF_ASSIGN_OR_RETURN(const bool found, reader->Next(row));
      if (!found) return absl::OkStatus();
      Draft& draft = DraftOf(joined_->Cell(row, "order"));
      const absl::Status status = FillOrder(*joined_, row, options_, draft.facts, draft.placed);
      if (!status.ok() && draft.broken.empty()) {
        draft.broken = absl::StrCat(options_.join_path, ":", reader->line(), ": ", std::string(status.message()));
      }
    }
  }

  absl::Status ReadLines() {
    ESNAF_ASSIGN_OR_RETURN(const auto reader, CsvReader::Open(options_.path));
    // A column that --map names may stand in the joined file instead.
    ESNAF_ASSIGN_OR_RETURN(const Columns columns, Columns::Find(*reader, options_, !joined_.has_value()));
    for (const char* field : {"order", "quantity", "unit_price"}) {
      ESNAF_RETURN_IF_ERROR(Need(columns, nullptr, field, options_.path));
    }
    ESNAF_RETURN_IF_ERROR(Need(columns, joined_ ? &*joined_ : nullptr, "placed_at", options_.path));
    if (options_.currency.empty()) {
      ESNAF_RETURN_IF_ERROR(Need(columns, joined_ ? &*joined_ : nullptr, "currency", options_.path));
    }
    std::vector<std::string> row;
    while (true) {
      ESNAF_ASSIGN_OR_RETURN(const bool found, reader->Next(row));
      if (!found) return absl::OkStatus();
      ++file_.row_count;
      TakeRow(columns, row, reader->line(), reader->header().size());
    }
  }

  void TakeRow(const Columns& columns, const std::vector<std::string>& row, std::int64_t file_line, std::size_t width) {
    const std::string_view number = columns.Cell(row, "order");
    if (number.empty()) {
      file_.rejected[file_line] = "order: is empty";
      return;
    }
    Draft& draft = DraftOf(number);
    draft.file_lines.push_back(file_line);
    absl::Status status =
        row.size() == width
            ? FillOrder(columns, row, options_, draft.facts, draft.placed)
            : absl::InvalidArgumentError(absl::StrFormat("has %d columns, the header has %d", row.size(), width));
    if (status.ok()) {
      auto line = ReadLine(columns, row, draft.facts.currency);
      if (line.ok()) {
        line->file_line = file_line;
        draft.facts.lines.push_back(*std::move(line));
        return;
      }
      status = line.status();
    }
    if (draft.broken.empty()) draft.broken = absl::StrCat("line ", file_line, ": ", std::string(status.message()));
  }

  // What is wrong with an order as a whole; empty where nothing is.
  std::string Breach(const Draft& draft) const {
    if (!draft.broken.empty()) return draft.broken;
    if (!draft.placed) return "placed_at: is empty";
    if (draft.facts.currency.empty()) return "currency: is empty";
    const auto negative = std::count_if(draft.facts.lines.begin(), draft.facts.lines.end(),
                                        [](const LineFacts& line) { return line.quantity < 0; });
    const bool all = negative == static_cast<std::ptrdiff_t>(draft.facts.lines.size());
    if (negative > 0 && !all) return "quantity: an order cannot have goods going out and goods coming back";
    const std::string& prefix = options_.cancellation_prefix;
    if (!prefix.empty() && draft.facts.number.starts_with(prefix) && !all) {
      return absl::StrCat("quantity: the number starts with ", prefix, ", so quantities must be negative");
    }
    return "";
  }

  OrderFile Finish() {
    for (Draft& draft : drafts_) {
      // An order of the joined file that no line belongs to is no order.
      if (draft.file_lines.empty()) continue;
      if (const std::string reason = Breach(draft); !reason.empty()) {
        for (std::int64_t line : draft.file_lines) {
          file_.rejected[line] = absl::StrCat("order ", draft.facts.number, ": ", reason);
        }
      } else {
        file_.orders.push_back(std::move(draft.facts));
      }
    }
    return std::move(file_);
  }

  const OrderFileOptions& options_;
  std::optional<Columns> joined_;
  std::vector<Draft> drafts_;
  std::unordered_map<std::string, std::size_t> index_;
  OrderFile file_;
};

void SetMoney(std::int64_t minor, const std::string& currency, api::v1::Money& money) {
  money.set_minor(minor);
  money.set_currency_code(currency);
}

}  // namespace

absl::StatusOr<OrderFile> ReadOrderFile(const OrderFileOptions& options) { return OrderFileReader(options).Read(); }

orders::v1::Order ToOrder(const OrderFacts& facts, const OrderFileOptions& options) {
  orders::v1::Order order;
  const std::string currency = facts.currency.code();
  order.set_store_id(options.store_id);
  order.set_external_id(facts.number);
  const bool is_return = !facts.lines.empty() && facts.lines[0].quantity < 0;
  order.set_kind(is_return ? orders::v1::ORDER_KIND_RETURN : orders::v1::ORDER_KIND_SALE);
  order.set_currency_code(currency);
  order.set_prices_include_tax(true);
  *order.mutable_place_time() = api::ToProto(facts.placed_at);
  auto& customer = *order.mutable_customer();
  customer.set_external_id(facts.customer);
  customer.set_email(facts.email);
  customer.set_phone(facts.phone);
  customer.set_display_name(facts.name);
  // A country may be a code or a name; only a code has a field.
  if (facts.country.size() == 2) customer.set_country_code(facts.country);
  for (const LineFacts& line : facts.lines) {
    auto& target = *order.add_lines();
    target.set_sku(line.sku);
    target.set_title(line.title);
    target.set_quantity(std::abs(line.quantity));
    SetMoney(line.unit_price_minor, currency, *target.mutable_unit_price());
    SetMoney(line.amount_minor, currency, *target.mutable_amount());
    if (line.discount_minor > 0) SetMoney(line.discount_minor, currency, *target.mutable_discount());
  }
  const std::string status = FoldName(facts.status);
  if (status == "cancelled" || status == "canceled" || status == FoldName("iptal")) {
    *order.mutable_cancel_time() = order.place_time();
  } else if (status.empty() || status == "completed" || status == "complete" || status == "fulfilled") {
    // History without a status is history: paid and delivered.
    order.set_paid(true);
    order.set_fulfilled(true);
  } else if (status == "paid") {
    order.set_paid(true);
  }
  return order;
}

}  // namespace esnaf::cli
