#pragma once

// What a table says of a person, in words, to compare tables whose codes differ.
#include <string>

#include "absl/strings/str_cat.h"
#include "services/segmentation/people/person_table.h"

namespace esnaf::segmentation {

inline std::string DescribeFacts(const PersonTable& table, const FactColumns& facts, PersonRow row) {
  using enum PersonTable::Text;
  std::string text;
  for (const Fact& fact : facts.FactsOf(row)) {
    const Shape& shape = table.shapes()[fact.shape];
    absl::StrAppend(&text, FormatRfc3339(fact.time), " ", std::string(table.texts(kStore).TextOf(shape.store)), " ",
                    std::string(table.texts(kChannel).TextOf(shape.channel)), " ",
                    std::string(table.texts(kCurrency).TextOf(shape.currency)), " ", shape.is_return, " ",
                    int{shape.state}, " ", fact.net_minor, " ", fact.gross_minor);
    for (const Line& line : fact.lines) {
      const Item& item = table.items()[line.item];
      absl::StrAppend(&text, " [", std::string(table.texts(kSku).TextOf(item.sku)), " ",
                      std::string(table.texts(kCategory).TextOf(item.category)), " ",
                      std::string(table.texts(kBrand).TextOf(item.brand)), " ",
                      std::string(table.texts(kSeller).TextOf(item.seller)), " ", line.quantity, " ", line.value_minor,
                      "]");
    }
    text += '\n';
  }
  return text;
}

inline std::string DescribePerson(const PersonTable& table, const Uuid& contact_id) {
  const std::optional<PersonRow> row = table.Find(contact_id);
  if (!row) return "nobody";
  if (!table.IsLive(*row)) return "deleted";
  std::string text;
  for (const auto& [key, index] : table.columns_by_key()) {
    const AttributeColumn& column = table.column(index);
    if (column.type() == ColumnType::kTextList) {
      std::vector<std::string> texts;
      for (std::uint32_t i = 0; i < column.ListSize(*row); ++i) {
        texts.emplace_back(column.dictionary().TextOf(column.ListElement(*row, i)));
      }
      std::sort(texts.begin(), texts.end());
      for (const std::string& element : texts) absl::StrAppend(&text, key, " has ", element, "\n");
      continue;
    }
    const Cell cell = column.Get(*row);
    if (cell == kAbsent) continue;
    absl::StrAppend(&text, key, " = ");
    if (column.type() == ColumnType::kText) {
      absl::StrAppend(&text, std::string(column.dictionary().TextOf(static_cast<TextCode>(cell))), "\n");
    } else {
      absl::StrAppend(&text, cell, column.currency_code(), "\n");
    }
  }
  return absl::StrCat(text, "orders:\n", DescribeFacts(table, table.orders(), *row), "carts:\n",
                      DescribeFacts(table, table.carts(), *row), "tickets:\n",
                      DescribeFacts(table, table.tickets(), *row), "answers:\n",
                      DescribeFacts(table, table.answers(), *row));
}

}  // namespace esnaf::segmentation
