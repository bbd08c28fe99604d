#include "services/segmentation/people/person_record.h"

#include <algorithm>
#include <charconv>

#include "services/segmentation/people/fact_lines.h"

namespace esnaf::segmentation {
namespace {

// The numbers of esnaf.orders.v1.OrderState.
constexpr std::uint8_t kOpen = 1;
constexpr std::uint8_t kCompleted = 2;
constexpr std::uint8_t kCancelled = 3;

constexpr std::size_t kMostLines = 65535;

std::int64_t ParseNumber(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// `rfm.label` under the default policy, `rfm.<policy>.label` under another.
std::string ScoreKey(std::string_view policy_id, std::string_view field) {
  std::string key = "rfm.";
  if (policy_id != "default") key.append(policy_id).append(".");
  return key.append(field);
}

}  // namespace

PersonEncoder::PersonEncoder(PersonTable& table) : table_(table) {}

void PersonEncoder::Put(PersonRecord record) {
  PersonFacts person{.contact_id = record.contact_id};
  if (!record.profiles.empty()) {
    Profile profile = MergeProfiles(std::move(record.profiles), record.contact_id);
    person.deleted = profile.deleted;
    EncodeProfile(std::move(profile), person);
  } else if (record.empty()) {
    table_.Erase(record.contact_id);
    return;
  }
  for (ConsentWord& word : record.words) word.contact_id = record.contact_id;
  for (const ConsentWord& word : NewestWords(std::move(record.words))) {
    AddText("consent." + word.purpose + "." + word.channel, word.granted ? "ONAY" : "RET", false, person);
  }
  for (const ScoreFacts& score : record.scores) EncodeScores(score, person);
  for (const DerivedValue& value : record.values) EncodeValue(value, person);
  AddList(std::string(kStaticSegmentsKey), record.lists, false, person);
  person.orders = EncodeFacts(record.orders);
  person.carts = EncodeFacts(record.carts);
  table_.Put(person);
}

void PersonEncoder::AddText(const std::string& key, std::string_view text, bool folded, PersonFacts& person) {
  if (text.empty()) return;
  const std::optional<std::size_t> column = table_.AddColumn(key, ColumnType::kText, folded);
  if (column) person.cells.emplace_back(*column, table_.column(*column).dictionary().Intern(text));
}

void PersonEncoder::AddCell(const std::string& key, ColumnType type, Cell cell, PersonFacts& person) {
  // A field whose type has changed keeps the type that it was first seen with until the table is built anew.
  if (const std::optional<std::size_t> column = table_.AddColumn(key, type)) person.cells.emplace_back(*column, cell);
}

void PersonEncoder::AddList(const std::string& key, const std::vector<std::string>& texts, bool folded,
                            PersonFacts& person) {
  if (texts.empty()) return;
  const std::optional<std::size_t> column = table_.AddColumn(key, ColumnType::kTextList, folded);
  if (!column) return;
  std::vector<TextCode> codes;
  for (const std::string& text : texts) codes.push_back(table_.column(*column).dictionary().Intern(text));
  std::erase(codes, kNoText);
  person.lists.emplace_back(*column, std::move(codes));
}

void PersonEncoder::EncodeProfile(Profile profile, PersonFacts& person) {
  AddText("contact.given_name", profile.given_name, true, person);
  AddText("contact.family_name", profile.family_name, true, person);
  AddText("contact.company_name", profile.company_name, true, person);
  AddText("contact.locale", profile.locale, false, person);
  AddText("contact.lifecycle_stage", profile.lifecycle_stage, true, person);
  AddText("contact.owner", profile.owner, true, person);
  AddText("contact.country", profile.country_code, false, person);
  AddText("contact.city", profile.city, true, person);
  AddCell("contact.has_email", ColumnType::kBoolean, profile.has_email ? 1 : 0, person);
  AddCell("contact.has_phone", ColumnType::kBoolean, profile.has_phone ? 1 : 0, person);
  AddCell("contact.create_time", ColumnType::kTime, CellOfTime(profile.create_time), person);
  AddList("contact.tags", profile.tags, true, person);
  for (const auto& [key, value] : profile.custom_fields) EncodeCustom("custom." + key, value, person);
}

void PersonEncoder::EncodeCustom(const std::string& key, const CustomValue& value, PersonFacts& person) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    AddText(key, *text, true, person);
  } else if (const auto* number = std::get_if<double>(&value)) {
    AddCell(key, ColumnType::kDecimal, CellOfDecimal(*number), person);
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    AddCell(key, ColumnType::kBoolean, *truth ? 1 : 0, person);
  } else {
    AddCell(key, ColumnType::kDate, CellOfDate(std::get<Date>(value)), person);
  }
}

void PersonEncoder::EncodeScores(const ScoreFacts& score, PersonFacts& person) {
  AddText(ScoreKey(score.policy_id, "label"), score.label, false, person);
  AddCell(ScoreKey(score.policy_id, "recency_score"), ColumnType::kInteger, score.recency_score, person);
  AddCell(ScoreKey(score.policy_id, "frequency_score"), ColumnType::kInteger, score.frequency_score, person);
  AddCell(ScoreKey(score.policy_id, "monetary_score"), ColumnType::kInteger, score.monetary_score, person);
}

void PersonEncoder::EncodeValue(const DerivedValue& value, PersonFacts& person) {
  const bool money = value.type == ColumnType::kMoney;
  AddCell(value.key, value.type, money ? value.minor : CellOfDecimal(value.number), person);
  if (const auto column = table_.FindColumn(value.key); column && money) {
    table_.column(*column).set_currency_code(value.currency_code);
  }
}

std::vector<Fact> PersonEncoder::EncodeFacts(std::vector<FactRecord>& records) {
  using enum PersonTable::Text;
  std::sort(records.begin(), records.end(),
            [](const FactRecord& a, const FactRecord& b) { return a.time != b.time ? a.time < b.time : a.id < b.id; });
  std::vector<Fact> facts;
  facts.reserve(records.size());
  for (const FactRecord& record : records) {
    Shape shape{.store = table_.texts(kStore).Intern(record.store_id),
                .channel = table_.texts(kChannel).Intern(record.channel),
                .currency = table_.texts(kCurrency).Intern(record.currency_code),
                .is_return = record.is_return};
    shape.state = record.cancelled ? kCancelled : record.completed ? kCompleted : kOpen;
    Fact fact{.id = record.id, .time = record.time, .net_minor = record.net_minor};
    fact.gross_minor = record.gross_minor;
    fact.shape = table_.InternShape(shape);
    for (RowReader reader(record.lines); reader.Next() && fact.lines.size() < kMostLines;) {
      const std::vector<std::string_view>& fields = reader.fields();
      if (fields.size() != 6) continue;
      const std::size_t key_size = static_cast<std::size_t>(fields[4].data() - reader.row().data());
      fact.lines.push_back(
          {EncodeItem(reader.row().substr(0, key_size)), ParseNumber(fields[4]), ParseNumber(fields[5])});
    }
    facts.push_back(std::move(fact));
  }
  return facts;
}

std::uint32_t PersonEncoder::EncodeItem(std::string_view escaped_fields) {
  using enum PersonTable::Text;
  if (const auto known = items_.find(escaped_fields); known != items_.end()) return known->second;
  RowReader reader(escaped_fields);
  reader.Next();
  const std::vector<std::string_view>& fields = reader.fields();
  const std::uint32_t item = table_.InternItem({.sku = table_.texts(kSku).Intern(Unescape(fields[0])),
                                                .category = table_.texts(kCategory).Intern(Unescape(fields[1])),
                                                .brand = table_.texts(kBrand).Intern(Unescape(fields[2])),
                                                .seller = table_.texts(kSeller).Intern(Unescape(fields[3]))});
  item_keys_.emplace_back(escaped_fields);
  items_.emplace(item_keys_.back(), item);
  return item;
}

}  // namespace esnaf::segmentation
