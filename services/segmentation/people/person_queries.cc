#include "services/segmentation/people/person_queries.h"

namespace esnaf::segmentation {

const PersonQuery kPersonOrders("person_orders", R"sql(
SELECT contact_id, order_id, place_time, store_id, channel, currency_code, kind, completed, cancelled,
       net_value_minor, gross_value_minor, lines FROM purchase WHERE)sql");

const PersonQuery kPersonCarts("person_carts", R"sql(
SELECT contact_id, cart_id, change_time, store_id, currency_code, ordered, value_minor, lines FROM cart WHERE)sql");

const PersonQuery kPersonTickets("person_tickets", R"sql(
SELECT contact_id, ticket_id, create_time, store_id, channel, solved, spam,
       EXISTS (SELECT FROM ticket_breach b WHERE b.ticket_id = t.ticket_id), lines
  FROM ticket t WHERE NOT merged AND)sql");

const PersonQuery kPersonAnswers("person_answers", R"sql(
SELECT contact_id, invitation_id, answer_time, store_id, kind, score, lines FROM survey_answer WHERE)sql");

const PersonQuery kPersonProfiles("person_profiles", R"sql(
SELECT contact_id, version, deleted, create_time, update_time, given_name, family_name, company_name, locale,
       lifecycle_stage, owner, country_code, city, has_email, has_phone, tags, custom_fields FROM person_profile WHERE)sql");

const PersonQuery kPersonConsents("person_consents", R"sql(
SELECT contact_id, purpose, channel, granted, consent_time, record_time, consent_id FROM person_consent WHERE)sql");

const PersonQuery kPersonScores("person_scores", R"sql(
SELECT contact_id, policy_id, label, recency_score, frequency_score, monetary_score FROM rfm_score WHERE)sql");

// Where there is no list at all nobody's memberships are looked at.
const PersonQuery kPersonLists("person_lists", R"sql(
SELECT contact_id, segment_id FROM segment_member JOIN segment ON segment.id = segment_id AND kind = 2
 AND delete_time IS NULL
 WHERE (SELECT EXISTS (SELECT FROM segment WHERE kind = 2 AND delete_time IS NULL)) AND)sql");

// The currency is read once, not for each row.
const PersonQuery kPersonValues("person_values", R"sql(
SELECT contact_id, clv_minor, value_minor, churn_probability, expected_purchases,
       next_purchase_date - DATE '1970-01-01', mean_gap_days,
       (SELECT coalesce(f.body::json -> 'model' ->> 'currencyCode', '') FROM value_fit f JOIN value_model n
            ON n.id = f.model_id AND n.list_fit_number = f.number WHERE n.id = 'default')
  FROM contact_value v JOIN value_model m ON m.id = v.model_id AND m.list_number = v.list_number
 WHERE v.model_id = 'default' AND)sql");

const PersonQuery kPersonAcquisitions("person_acquisitions", R"sql(
SELECT contact_id, order_id, place_time, channel, source, medium, campaign FROM acquisition a
 WHERE first_order AND NOT EXISTS (
         SELECT 1 FROM acquisition b WHERE b.contact_id = a.contact_id AND b.first_order
                                       AND (b.place_time, b.order_id) < (a.place_time, a.order_id)) AND)sql");

}  // namespace esnaf::segmentation
