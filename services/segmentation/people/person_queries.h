#pragma once

// What is read of people, once for each table: of some contacts, and of everybody. Column 0 is the contact. Private to
// the loaders.
#include <string>

#include "libs/postgres/statement.h"

namespace esnaf::segmentation {

class PersonQuery {
 public:
  // `select` is a SELECT up to its last condition.
  PersonQuery(const std::string& name, const std::string& select)
      : among_sql_(select + " contact_id = ANY ($1::uuid[])"),
        everybody_sql_(select + " contact_id IS NOT NULL"),
        everybody_name_(name + "_of_everybody"),
        among_name_(name + "_among"),
        among_("segmentation", among_name_.c_str(), among_sql_.c_str()) {}

  // Of these contacts.
  const postgres::Statement& among() const { return among_; }
  // The same without parameters, and how it is called in the log.
  const std::string& everybody() const { return everybody_sql_; }
  const std::string& everybody_name() const { return everybody_name_; }

 private:
  std::string among_sql_;
  std::string everybody_sql_;
  std::string everybody_name_;
  std::string among_name_;
  postgres::Statement among_;
};

// contact_id, order_id, place_time, store_id, channel, currency_code, kind, completed, cancelled, net_value_minor,
// gross_value_minor, lines
extern const PersonQuery kPersonOrders;
// contact_id, cart_id, change_time, store_id, currency_code, ordered, value_minor, lines
extern const PersonQuery kPersonCarts;
// contact_id, ticket_id, create_time, store_id, channel, solved, spam, breached, lines
extern const PersonQuery kPersonTickets;
// contact_id, invitation_id, answer_time, store_id, kind, score, lines
extern const PersonQuery kPersonAnswers;
// contact_id, version, deleted, create_time, update_time, given_name, family_name, company_name, locale,
// lifecycle_stage, owner, country_code, city, has_email, has_phone, tags, custom_fields
extern const PersonQuery kPersonProfiles;
// contact_id, purpose, channel, granted, consent_time, record_time, consent_id
extern const PersonQuery kPersonConsents;
// contact_id, policy_id, label, recency_score, frequency_score, monetary_score
extern const PersonQuery kPersonScores;
// contact_id, segment_id: who is on a static list, by canonical contact
extern const PersonQuery kPersonLists;
// contact_id, clv_minor, value_minor, churn_probability, expected_purchases, the next purchase's day since 1970,
// mean_gap_days, currency_code: as the default model's list stands
extern const PersonQuery kPersonValues;
// contact_id, order_id, place_time, channel, source, medium, campaign: of each contact's earliest first order
extern const PersonQuery kPersonAcquisitions;

}  // namespace esnaf::segmentation
