#pragma once

// A person's facts as they are read from the store, and how they enter a table: one way for everybody at the start, for
// the few whom an event touches, and for tests. Pure.
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/segmentation/people/person_profile.h"
#include "services/segmentation/people/person_table.h"

namespace esnaf::segmentation {

// An order or a cart.
struct FactRecord {
  Uuid id;
  Time time;
  std::string store_id;
  std::string channel;
  std::string currency_code;
  bool is_return = false;
  bool completed = false;  // of a cart: an order came of it
  bool cancelled = false;
  std::int64_t net_minor = 0;
  std::int64_t gross_minor = 0;
  std::string lines;  // as FormatLines writes them
};

// Under one RFM policy.
struct ScoreFacts {
  std::string policy_id;
  std::string label;
  int recency_score = 0;
  int frequency_score = 0;
  int monetary_score = 0;
};

// A value that some other part of the service derived, under its key in the catalogue.
struct DerivedValue {
  std::string key;
  ColumnType type = ColumnType::kDecimal;  // kDecimal or kMoney
  double number = 0;
  std::int64_t minor = 0;
  std::string currency_code{};
};

// All of it, of every contact of one cluster.
struct PersonRecord {
  Uuid contact_id;  // canonical
  std::vector<Profile> profiles;
  std::vector<ConsentWord> words;
  std::vector<FactRecord> orders;
  std::vector<FactRecord> carts;
  std::vector<ScoreFacts> scores;
  std::vector<std::string> lists;  // the static segments that the person is in
  std::vector<DerivedValue> values;

  bool empty() const {
    return profiles.empty() && words.empty() && orders.empty() && carts.empty() && scores.empty() && lists.empty();
  }
};

// The column of the static segments that people are in; no key of the catalogue.
inline constexpr std::string_view kStaticSegmentsKey = "segments";

// Puts records into a table.
class PersonEncoder {
 public:
  // The table must outlive the encoder, and nobody else may add texts to it meanwhile.
  explicit PersonEncoder(PersonTable& table);

  // Adds or replaces the person; forgets it where nothing is known of it.
  void Put(PersonRecord record);

 private:
  void EncodeProfile(Profile profile, PersonFacts& person);
  void EncodeCustom(const std::string& key, const CustomValue& value, PersonFacts& person);
  void EncodeScores(const ScoreFacts& score, PersonFacts& person);
  void EncodeValue(const DerivedValue& value, PersonFacts& person);
  std::vector<Fact> EncodeFacts(std::vector<FactRecord>& records);
  std::uint32_t EncodeItem(std::string_view escaped_fields);
  void AddText(const std::string& key, std::string_view text, bool folded, PersonFacts& person);
  void AddCell(const std::string& key, ColumnType type, Cell cell, PersonFacts& person);
  void AddList(const std::string& key, const std::vector<std::string>& texts, bool folded, PersonFacts& person);

  PersonTable& table_;
  // Items by their fields as they are written, which is quicker to look up than four texts.
  std::unordered_map<std::string_view, std::uint32_t> items_;
  std::deque<std::string> item_keys_;
};

}  // namespace esnaf::segmentation
