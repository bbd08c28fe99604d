#pragma once

// A person's facts as they are read from the store, and how they enter a table: one way for everybody at the start, for
// the few whom an event touches, and for tests. Pure.
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/segmentation/people/fact_encoder.h"
#include "services/segmentation/people/person_profile.h"
#include "services/segmentation/people/person_table.h"

namespace esnaf::segmentation {

// An order, a cart, a ticket or an answer to a survey.
struct FactRecord {
  Uuid id;
  Time time;
  std::string store_id;
  std::string channel;
  std::string currency_code;
  bool is_return = false;
  bool completed = false;      // of a cart: an order came of it; of a ticket: solved
  bool cancelled = false;      // of a ticket: spam
  std::int64_t net_minor = 0;  // of a ticket 1 where a promise was broken, of an answer the score
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
  std::string_view key;                    // of a literal
  ColumnType type = ColumnType::kDecimal;  // kDecimal, kMoney or kDate
  double number = 0;
  std::int64_t minor = 0;  // of kDate the days since 1970
  std::string currency_code{};
};

// One row of a list of values.
struct ListedValues {
  std::int64_t clv_minor = 0;
  std::int64_t historic_minor = 0;
  double churn_probability = 0;
  double expected_orders = 0;
  std::optional<std::int64_t> next_order_day{};  // days since 1970
  std::optional<double> mean_gap_days{};
  std::string_view currency_code{};  // empty where it is not known, and amounts are nothing then
};
void DerivedValuesOf(const ListedValues& listed, std::vector<DerivedValue>& values);

// By which way a first order came; texts are empty where nothing is known.
struct Acquisition {
  Uuid order_id;
  Time place_time;
  std::string channel;
  std::string source;
  std::string medium;
  std::string campaign;
};

// All of it, of every contact of one cluster.
struct PersonRecord {
  Uuid contact_id;  // canonical
  std::vector<Profile> profiles;
  std::vector<ConsentWord> words;
  std::vector<FactRecord> orders;
  std::vector<FactRecord> carts;
  std::vector<FactRecord> tickets;
  std::vector<FactRecord> answers;
  std::vector<ScoreFacts> scores;
  std::vector<std::string> lists;  // the static segments that the person is in
  std::vector<DerivedValue> values;
  std::vector<Acquisition> acquisitions;  // of each contact's first order; the earliest is the person's

  bool empty() const {
    return profiles.empty() && words.empty() && orders.empty() && carts.empty() && tickets.empty() && answers.empty() &&
           scores.empty() && lists.empty() && acquisitions.empty();
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

  // For a table that is being filled with everybody: one kind of fact of a contact that is a person by itself, to stand
  // beside the others. Adds who is not there yet, but not for a value's sake.
  void AddProfile(const Profile& profile);  // tags may stand twice
  void AddConsent(const Uuid& contact_id, std::string_view purpose, std::string_view channel, bool granted);
  void AddScores(const Uuid& contact_id, const ScoreFacts& score);
  void AddLists(const Uuid& contact_id, const std::vector<std::string>& segment_ids);
  void AddAcquisition(const Uuid& contact_id, const Acquisition& acquisition);
  // Takes away the scores under one policy of somebody who is there.
  void RemoveScores(const Uuid& contact_id, const std::string& policy_id);
  void AddValues(const Uuid& contact_id, const std::vector<DerivedValue>& values);

 private:
  // What is always read of a profile, in the order of kProfileColumns.
  enum ProfileColumn {
    kGivenName,
    kFamilyName,
    kCompanyName,
    kLocale,
    kLifecycleStage,
    kOwner,
    kCountry,
    kCity,
    kHasEmail,
    kHasPhone,
    kCreateTime,
    kTags,
    kProfileColumnCount
  };

  // Of a policy's scores; nullopt where there is a column of another type.
  struct ScoreColumns {
    std::optional<std::size_t> label, recency, frequency, monetary;
  };

  std::size_t ColumnOf(ProfileColumn column);
  const ScoreColumns& ScoreColumnsOf(const std::string& policy_id);
  void AddText(ProfileColumn column, std::string_view text, PersonFacts& person);
  void EncodeProfile(const Profile& profile, PersonFacts& person);
  void EncodeCustom(const std::string& key, const CustomValue& value, PersonFacts& person);
  void EncodeScores(const ScoreFacts& score, PersonFacts& person);
  void EncodeValue(const DerivedValue& value, PersonFacts& person);
  void EncodeAcquisition(const std::vector<Acquisition>& acquisitions, PersonFacts& person);
  std::vector<Fact> EncodeFacts(std::vector<FactRecord>& records);
  // Sets what was encoded of one contact beside the rest.
  PersonRow SetEncoded(const Uuid& contact_id);
  void AddText(const std::string& key, std::string_view text, bool folded, PersonFacts& person);
  void AddCell(const std::string& key, ColumnType type, Cell cell, PersonFacts& person);
  void AddAmount(const std::string& key, const Money& money, PersonFacts& person);
  void AddList(const std::string& key, const std::vector<std::string>& texts, bool folded, PersonFacts& person);

  PersonTable& table_;
  FactEncoder facts_;
  std::array<std::optional<std::size_t>, kProfileColumnCount> profile_columns_;
  std::unordered_map<std::string, std::size_t> consent_columns_;  // by purpose and channel
  std::string consent_key_;
  std::map<std::string, ScoreColumns, std::less<>> score_columns_;        // by policy
  std::map<std::string_view, std::optional<std::size_t>> value_columns_;  // by key
  PersonFacts encoded_;
};

}  // namespace esnaf::segmentation
