#include "services/segmentation/people/person_record.h"

#include <algorithm>
#include <tuple>

namespace esnaf::segmentation {
namespace {

struct ColumnSpec {
  const char* key;
  ColumnType type = ColumnType::kText;
  bool folded = false;
};
constexpr ColumnSpec kProfileColumns[] = {{"contact.given_name", ColumnType::kText, true},
                                          {"contact.family_name", ColumnType::kText, true},
                                          {"contact.company_name", ColumnType::kText, true},
                                          {"contact.locale"},
                                          {"contact.lifecycle_stage", ColumnType::kText, true},
                                          {"contact.owner", ColumnType::kText, true},
                                          {"contact.country"},
                                          {"contact.city", ColumnType::kText, true},
                                          {"contact.has_email", ColumnType::kBoolean},
                                          {"contact.has_phone", ColumnType::kBoolean},
                                          {"contact.create_time", ColumnType::kTime},
                                          {"contact.tags", ColumnType::kTextList, true}};

constexpr std::string_view kGranted = "ONAY";
constexpr std::string_view kRefused = "RET";

std::string ConsentKey(std::string_view purpose, std::string_view channel) {
  return std::string("consent.").append(purpose).append(".").append(channel);
}

// `rfm.label` under the default policy, `rfm.<policy>.label` under another.
std::string ScoreKey(std::string_view policy_id, std::string_view field) {
  std::string key = "rfm.";
  if (policy_id != "default") key.append(policy_id).append(".");
  return key.append(field);
}

}  // namespace

void DerivedValuesOf(const ListedValues& listed, std::vector<DerivedValue>& values) {
  values.clear();
  if (!listed.currency_code.empty()) {
    values.push_back({.key = "value.clv", .type = ColumnType::kMoney, .minor = listed.clv_minor});
    values.push_back({.key = "value.historic", .type = ColumnType::kMoney, .minor = listed.historic_minor});
    std::int64_t total = 0;
    // What does not fit is known to nobody.
    if (!__builtin_add_overflow(listed.clv_minor, listed.historic_minor, &total)) {
      values.push_back({.key = "value.total", .type = ColumnType::kMoney, .minor = total});
    }
    for (DerivedValue& value : values) value.currency_code = listed.currency_code;
  }
  values.push_back({.key = "value.churn_probability", .number = listed.churn_probability});
  values.push_back({.key = "value.expected_orders", .number = listed.expected_orders});
  if (listed.mean_gap_days) values.push_back({.key = "value.mean_gap_days", .number = *listed.mean_gap_days});
  if (listed.next_order_day) {
    values.push_back({.key = "value.next_order_date", .type = ColumnType::kDate, .minor = *listed.next_order_day});
  }
}

PersonEncoder::PersonEncoder(PersonTable& table) : table_(table), facts_(table) {}

void PersonEncoder::Put(PersonRecord record) {
  PersonFacts person{.contact_id = record.contact_id};
  if (!record.profiles.empty()) {
    const Profile profile = MergeProfiles(std::move(record.profiles), record.contact_id);
    person.deleted = profile.deleted;
    EncodeProfile(profile, person);
  } else if (record.empty()) {
    table_.Erase(record.contact_id);
    return;
  }
  for (ConsentWord& word : record.words) word.contact_id = record.contact_id;
  for (const ConsentWord& word : NewestWords(std::move(record.words))) {
    AddText(ConsentKey(word.purpose, word.channel), word.granted ? kGranted : kRefused, false, person);
  }
  for (const ScoreFacts& score : record.scores) EncodeScores(score, person);
  for (const DerivedValue& value : record.values) EncodeValue(value, person);
  EncodeAcquisition(record.acquisitions, person);
  AddList(std::string(kStaticSegmentsKey), record.lists, false, person);
  person.orders = EncodeFacts(record.orders);
  person.carts = EncodeFacts(record.carts);
  person.tickets = EncodeFacts(record.tickets);
  person.answers = EncodeFacts(record.answers);
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

void PersonEncoder::AddAmount(const std::string& key, const Money& money, PersonFacts& person) {
  const std::optional<std::size_t> column = table_.AddColumn(key, ColumnType::kMoney);
  if (!column) return;
  person.cells.emplace_back(*column, money.minor);
  person.currencies.emplace_back(*column, table_.column(*column).dictionary().Intern(money.currency.code()));
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

std::size_t PersonEncoder::ColumnOf(ProfileColumn column) {
  std::optional<std::size_t>& index = profile_columns_[column];
  // Nobody else makes a column of such a key.
  const ColumnSpec& spec = kProfileColumns[column];
  if (!index) index = table_.AddColumn(spec.key, spec.type, spec.folded);
  return *index;
}

void PersonEncoder::AddText(ProfileColumn column, std::string_view text, PersonFacts& person) {
  if (text.empty()) return;
  const std::size_t index = ColumnOf(column);
  person.cells.emplace_back(index, table_.column(index).dictionary().Intern(text));
}

void PersonEncoder::EncodeProfile(const Profile& profile, PersonFacts& person) {
  AddText(kGivenName, profile.given_name, person);
  AddText(kFamilyName, profile.family_name, person);
  AddText(kCompanyName, profile.company_name, person);
  AddText(kLocale, profile.locale, person);
  AddText(kLifecycleStage, profile.lifecycle_stage, person);
  AddText(kOwner, profile.owner, person);
  AddText(kCountry, profile.country_code, person);
  AddText(kCity, profile.city, person);
  person.cells.emplace_back(ColumnOf(kHasEmail), profile.has_email ? 1 : 0);
  person.cells.emplace_back(ColumnOf(kHasPhone), profile.has_phone ? 1 : 0);
  person.cells.emplace_back(ColumnOf(kCreateTime), CellOfTime(profile.create_time));
  if (!profile.tags.empty()) AddList(kProfileColumns[kTags].key, profile.tags, true, person);
  for (const auto& [key, value] : profile.custom_fields) EncodeCustom("custom." + key, value, person);
}

void PersonEncoder::EncodeCustom(const std::string& key, const CustomValue& value, PersonFacts& person) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    AddText(key, *text, true, person);
  } else if (const auto* number = std::get_if<double>(&value)) {
    AddCell(key, ColumnType::kDecimal, CellOfDecimal(*number), person);
  } else if (const auto* truth = std::get_if<bool>(&value)) {
    AddCell(key, ColumnType::kBoolean, *truth ? 1 : 0, person);
  } else if (const auto* date = std::get_if<Date>(&value)) {
    AddCell(key, ColumnType::kDate, CellOfDate(*date), person);
  } else if (const auto* money = std::get_if<Money>(&value)) {
    AddAmount(key, *money, person);
  } else {
    AddList(key, std::get<std::vector<std::string>>(value), false, person);
  }
}

const PersonEncoder::ScoreColumns& PersonEncoder::ScoreColumnsOf(const std::string& policy_id) {
  const auto known = score_columns_.find(policy_id);
  if (known != score_columns_.end()) return known->second;
  const auto column = [&](const char* field, ColumnType type) {
    return table_.AddColumn(ScoreKey(policy_id, field), type);
  };
  const ScoreColumns columns{.label = column("label", ColumnType::kText),
                             .recency = column("recency_score", ColumnType::kInteger),
                             .frequency = column("frequency_score", ColumnType::kInteger),
                             .monetary = column("monetary_score", ColumnType::kInteger)};
  return score_columns_.emplace(policy_id, columns).first->second;
}

void PersonEncoder::EncodeScores(const ScoreFacts& score, PersonFacts& person) {
  const ScoreColumns& columns = ScoreColumnsOf(score.policy_id);
  if (columns.label) {
    person.cells.emplace_back(*columns.label, table_.column(*columns.label).dictionary().Intern(score.label));
  }
  if (columns.recency) person.cells.emplace_back(*columns.recency, score.recency_score);
  if (columns.frequency) person.cells.emplace_back(*columns.frequency, score.frequency_score);
  if (columns.monetary) person.cells.emplace_back(*columns.monetary, score.monetary_score);
}

void PersonEncoder::EncodeValue(const DerivedValue& value, PersonFacts& person) {
  const auto [found, is_new] = value_columns_.try_emplace(value.key);
  if (is_new) found->second = table_.AddColumn(std::string(value.key), value.type);
  const std::optional<std::size_t>& column = found->second;
  if (!column) return;
  const bool decimal = value.type == ColumnType::kDecimal;
  person.cells.emplace_back(*column, decimal ? CellOfDecimal(value.number) : value.minor);
  if (value.type == ColumnType::kMoney && table_.column(*column).currency_code() != value.currency_code) {
    table_.column(*column).set_currency_code(value.currency_code);
  }
}

void PersonEncoder::EncodeAcquisition(const std::vector<Acquisition>& acquisitions, PersonFacts& person) {
  if (acquisitions.empty()) return;
  const Acquisition& first =
      *std::min_element(acquisitions.begin(), acquisitions.end(), [](const Acquisition& a, const Acquisition& b) {
        return std::tie(a.place_time, a.order_id) < std::tie(b.place_time, b.order_id);
      });
  AddText("acquisition.campaign", first.campaign, true, person);
  AddText("acquisition.channel", first.channel, true, person);
  AddText("acquisition.medium", first.medium, true, person);
  AddText("acquisition.source", first.source, true, person);
}

std::vector<Fact> PersonEncoder::EncodeFacts(std::vector<FactRecord>& records) {
  std::sort(records.begin(), records.end(),
            [](const FactRecord& a, const FactRecord& b) { return a.time != b.time ? a.time < b.time : a.id < b.id; });
  std::vector<Fact> facts;
  facts.reserve(records.size());
  for (const FactRecord& record : records) {
    Fact fact{.id = record.id, .time = record.time, .net_minor = record.net_minor};
    fact.gross_minor = record.gross_minor;
    fact.shape = facts_.Encode(
        {record.store_id, record.channel, record.currency_code, record.is_return, record.completed, record.cancelled});
    facts_.EncodeLines(record.lines, fact.lines);
    facts.push_back(std::move(fact));
  }
  return facts;
}

PersonRow PersonEncoder::SetEncoded(const Uuid& contact_id) {
  const PersonRow row = table_.Add(contact_id);
  table_.SetAttributes(row, encoded_);
  encoded_.cells.clear();
  encoded_.currencies.clear();
  encoded_.lists.clear();
  return row;
}

void PersonEncoder::AddProfile(const Profile& profile) {
  EncodeProfile(profile, encoded_);
  table_.SetDeleted(SetEncoded(profile.contact_id), profile.deleted);
}

void PersonEncoder::AddConsent(const Uuid& contact_id, std::string_view purpose, std::string_view channel,
                               bool granted) {
  consent_key_.assign(purpose).push_back('\0');
  consent_key_.append(channel);
  auto column = consent_columns_.find(consent_key_);
  if (column == consent_columns_.end()) {
    const std::optional<std::size_t> index = table_.AddColumn(ConsentKey(purpose, channel), ColumnType::kText);
    if (!index) return;
    column = consent_columns_.emplace(consent_key_, *index).first;
  }
  Dictionary& texts = table_.column(column->second).dictionary();
  encoded_.cells.emplace_back(column->second, texts.Intern(granted ? kGranted : kRefused));
  SetEncoded(contact_id);
}

void PersonEncoder::AddScores(const Uuid& contact_id, const ScoreFacts& score) {
  EncodeScores(score, encoded_);
  SetEncoded(contact_id);
}

void PersonEncoder::RemoveScores(const Uuid& contact_id, const std::string& policy_id) {
  const std::optional<PersonRow> row = table_.Find(contact_id);
  for (const char* field : {"label", "recency_score", "frequency_score", "monetary_score"}) {
    const std::optional<std::size_t> column = table_.FindColumn(ScoreKey(policy_id, field));
    if (row && column) table_.column(*column).Set(*row, kAbsent);
  }
}

void PersonEncoder::AddLists(const Uuid& contact_id, const std::vector<std::string>& segment_ids) {
  AddList(std::string(kStaticSegmentsKey), segment_ids, false, encoded_);
  SetEncoded(contact_id);
}

void PersonEncoder::AddAcquisition(const Uuid& contact_id, const Acquisition& acquisition) {
  EncodeAcquisition({acquisition}, encoded_);
  SetEncoded(contact_id);
}

void PersonEncoder::AddValues(const Uuid& contact_id, const std::vector<DerivedValue>& values) {
  if (!table_.Find(contact_id)) return;
  for (const DerivedValue& value : values) EncodeValue(value, encoded_);
  SetEncoded(contact_id);
}

}  // namespace esnaf::segmentation
