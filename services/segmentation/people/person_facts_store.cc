#include "services/segmentation/people/person_facts_store.h"

#include <algorithm>

#include "libs/base/each_once.h"
#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

const postgres::Statement kUpsertProfiles("segmentation", "upsert_profiles", R"sql(
INSERT INTO person_profile (contact_id, version, deleted, create_time, update_time, given_name, family_name,
                            company_name, locale, lifecycle_stage, owner, country_code, city, has_email, has_phone, tags,
                            custom_fields)
SELECT contact_id, version, deleted, create_time, update_time, given_name, family_name, company_name, locale,
       lifecycle_stage, owner, country_code, city, has_email, has_phone, tags::text[], custom_fields
  FROM unnest($1::uuid[], $2::bigint[], $3::boolean[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[],
              $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[], $15::boolean[],
              $16::text[], $17::text[])
    AS i (contact_id, version, deleted, create_time, update_time, given_name, family_name, company_name, locale,
          lifecycle_stage, owner, country_code, city, has_email, has_phone, tags, custom_fields)
ON CONFLICT (contact_id) DO UPDATE SET
  version = excluded.version, deleted = excluded.deleted, create_time = excluded.create_time,
  update_time = excluded.update_time, given_name = excluded.given_name, family_name = excluded.family_name,
  company_name = excluded.company_name, locale = excluded.locale, lifecycle_stage = excluded.lifecycle_stage,
  owner = excluded.owner, country_code = excluded.country_code, city = excluded.city, has_email = excluded.has_email,
  has_phone = excluded.has_phone, tags = excluded.tags, custom_fields = excluded.custom_fields
WHERE person_profile.version < excluded.version
RETURNING contact_id
)sql");

const postgres::Statement kUpsertConsents("segmentation", "upsert_consents", R"sql(
INSERT INTO person_consent (contact_id, purpose, channel, granted, consent_time, record_time, consent_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::timestamptz[], $6::timestamptz[], $7::uuid[])
ON CONFLICT (contact_id, purpose, channel) DO UPDATE SET
  granted = excluded.granted, consent_time = excluded.consent_time, record_time = excluded.record_time,
  consent_id = excluded.consent_id
WHERE (person_consent.consent_time, person_consent.record_time, person_consent.consent_id)
    < (excluded.consent_time, excluded.record_time, excluded.consent_id)
RETURNING contact_id
)sql");

// `old` sees the rows as they were before, so a cart that goes from one person to another touches both.
const postgres::Statement kUpsertCarts("segmentation", "upsert_carts", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::timestamptz[],
                       $8::text[], $9::bigint[])
    AS i (cart_id, contact_id, store_id, currency_code, value_minor, ordered, change_time, lines, version)
), old AS (
  SELECT c.cart_id, c.contact_id FROM cart c JOIN input i ON i.cart_id = c.cart_id
), changed AS (
  INSERT INTO cart (cart_id, contact_id, store_id, currency_code, value_minor, ordered, change_time, lines, version)
  SELECT i.* FROM input i
   WHERE i.contact_id IS NOT NULL OR EXISTS (SELECT 1 FROM old WHERE old.cart_id = i.cart_id)
   ORDER BY i.cart_id
  ON CONFLICT (cart_id) DO UPDATE SET
    contact_id = excluded.contact_id, store_id = excluded.store_id, currency_code = excluded.currency_code,
    value_minor = excluded.value_minor, ordered = excluded.ordered, change_time = excluded.change_time,
    lines = excluded.lines, version = excluded.version
  WHERE cart.version < excluded.version
  RETURNING cart_id, contact_id
)
SELECT contact_id FROM changed WHERE contact_id IS NOT NULL
UNION
SELECT old.contact_id FROM old JOIN changed ON changed.cart_id = old.cart_id WHERE old.contact_id IS NOT NULL
)sql");

// `old` as above.
const postgres::Statement kUpsertAcquisitions("segmentation", "upsert_acquisitions", R"sql(
WITH old AS (
  SELECT order_id, contact_id, place_time, first_order, channel, source, medium, campaign
    FROM acquisition WHERE order_id = ANY ($1::uuid[])
), changed AS (
  INSERT INTO acquisition (order_id, contact_id, place_time, first_order, channel, source, medium, campaign, version)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::boolean[], $5::text[], $6::text[], $7::text[],
                       $8::text[], $9::bigint[])
  ON CONFLICT (order_id) DO UPDATE SET
    contact_id = excluded.contact_id, place_time = excluded.place_time, first_order = excluded.first_order,
    channel = excluded.channel, source = excluded.source, medium = excluded.medium, campaign = excluded.campaign,
    version = excluded.version
  WHERE acquisition.version < excluded.version
  RETURNING order_id, contact_id, place_time, first_order, channel, source, medium, campaign
), told AS (
  -- What is nobody's first order, and was not before, changes nothing of anybody; neither does the same again.
  SELECT c.contact_id, o.contact_id AS old_contact_id FROM changed c LEFT JOIN old o ON o.order_id = c.order_id
   WHERE (c.first_order OR coalesce(o.first_order, false))
     AND (c.contact_id, c.place_time, c.first_order, c.channel, c.source, c.medium, c.campaign)
         IS DISTINCT FROM (o.contact_id, o.place_time, o.first_order, o.channel, o.source, o.medium, o.campaign)
)
SELECT contact_id FROM told WHERE contact_id IS NOT NULL
UNION
SELECT old_contact_id FROM told WHERE old_contact_id IS NOT NULL
)sql");

// `old` as above.
const postgres::Statement kUpsertTickets("segmentation", "upsert_tickets", R"sql(
WITH old AS (
  SELECT ticket_id, contact_id, store_id, channel, create_time, solved, spam, merged, lines
    FROM ticket WHERE ticket_id = ANY ($1::uuid[])
), changed AS (
  INSERT INTO ticket (ticket_id, contact_id, store_id, channel, create_time, solved, spam, merged, lines, version)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[], $7::boolean[],
                       $8::boolean[], $9::text[], $10::bigint[])
  ON CONFLICT (ticket_id) DO UPDATE SET
    contact_id = excluded.contact_id, store_id = excluded.store_id, channel = excluded.channel,
    create_time = excluded.create_time, solved = excluded.solved, spam = excluded.spam, merged = excluded.merged,
    lines = excluded.lines, version = excluded.version
  WHERE ticket.version < excluded.version
  RETURNING ticket_id, contact_id, store_id, channel, create_time, solved, spam, merged, lines
), told AS (
  -- Most of what happens to a ticket is none of these.
  SELECT c.contact_id, o.contact_id AS old_contact_id FROM changed c LEFT JOIN old o ON o.ticket_id = c.ticket_id
   WHERE o.ticket_id IS NULL
      OR (c.contact_id, c.store_id, c.channel, c.create_time, c.solved, c.spam, c.merged, c.lines)
         IS DISTINCT FROM (o.contact_id, o.store_id, o.channel, o.create_time, o.solved, o.spam, o.merged, o.lines)
)
SELECT contact_id FROM told WHERE contact_id IS NOT NULL
UNION
SELECT old_contact_id FROM told WHERE old_contact_id IS NOT NULL
)sql");

const postgres::Statement kAddTicketBreaches("segmentation", "add_ticket_breaches", R"sql(
WITH added AS (
  INSERT INTO ticket_breach (ticket_id) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING ticket_id
)
SELECT contact_id FROM ticket JOIN added USING (ticket_id) WHERE contact_id IS NOT NULL
)sql");

// `old` as above.
const postgres::Statement kUpsertAnswers("segmentation", "upsert_answers", R"sql(
WITH old AS (
  SELECT invitation_id, contact_id FROM survey_answer WHERE invitation_id = ANY ($1::uuid[])
), changed AS (
  INSERT INTO survey_answer (invitation_id, contact_id, store_id, kind, score, answer_time, lines, version)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::timestamptz[], $7::text[],
                       $8::bigint[])
  ON CONFLICT (invitation_id) DO UPDATE SET
    contact_id = excluded.contact_id, store_id = excluded.store_id, kind = excluded.kind, score = excluded.score,
    answer_time = excluded.answer_time, lines = excluded.lines, version = excluded.version
  WHERE survey_answer.version < excluded.version
  RETURNING invitation_id, contact_id
)
SELECT contact_id FROM changed WHERE contact_id IS NOT NULL
UNION
SELECT old.contact_id FROM old JOIN changed USING (invitation_id) WHERE old.contact_id IS NOT NULL
)sql");

const postgres::Statement kNoteChanges("segmentation", "note_changes", R"sql(
INSERT INTO person_change (contact_id) SELECT * FROM unnest($1::uuid[])
)sql");

std::vector<Uuid> ReadContacts(const postgres::Result& rows) {
  std::vector<Uuid> contacts;
  for (int i = 0; i < rows.size(); ++i) contacts.push_back(rows[i].Get<Uuid>(0));
  std::sort(contacts.begin(), contacts.end());
  contacts.erase(std::unique(contacts.begin(), contacts.end()), contacts.end());
  return contacts;
}

// One array parameter of what `get` makes of each.
template <typename T, typename Get>
postgres::Param Column(const std::vector<T>& all, Get get) {
  std::vector<std::decay_t<decltype(get(all.front()))>> column;
  column.reserve(all.size());
  for (const T& one : all) column.push_back(get(one));
  return column;
}

}  // namespace

std::vector<CartRecord> NewestOfEachCart(std::vector<CartRecord> carts) {
  std::sort(carts.begin(), carts.end(), [](const CartRecord& a, const CartRecord& b) {
    return a.cart_id != b.cart_id ? a.cart_id < b.cart_id : a.version > b.version;
  });
  const auto same = [](const CartRecord& a, const CartRecord& b) { return a.cart_id == b.cart_id; };
  carts.erase(std::unique(carts.begin(), carts.end(), same), carts.end());
  return carts;
}

std::vector<AcquisitionRecord> NewestOfEachAcquisition(std::vector<AcquisitionRecord> acquisitions) {
  std::sort(acquisitions.begin(), acquisitions.end(), [](const AcquisitionRecord& a, const AcquisitionRecord& b) {
    return a.order_id != b.order_id ? a.order_id < b.order_id : a.version > b.version;
  });
  const auto same = [](const AcquisitionRecord& a, const AcquisitionRecord& b) { return a.order_id == b.order_id; };
  acquisitions.erase(std::unique(acquisitions.begin(), acquisitions.end(), same), acquisitions.end());
  return acquisitions;
}

std::vector<TicketRecord> NewestOfEachTicket(std::vector<TicketRecord> tickets) {
  std::sort(tickets.begin(), tickets.end(), [](const TicketRecord& a, const TicketRecord& b) {
    return a.ticket_id != b.ticket_id ? a.ticket_id < b.ticket_id : a.version > b.version;
  });
  std::vector<TicketRecord> newest;
  for (TicketRecord& ticket : tickets) {
    if (newest.empty() || newest.back().ticket_id != ticket.ticket_id) {
      newest.push_back(std::move(ticket));
    } else {
      newest.back().breached |= ticket.breached;
    }
  }
  return newest;
}

std::vector<AnswerRecord> NewestOfEachAnswer(std::vector<AnswerRecord> answers) {
  std::sort(answers.begin(), answers.end(), [](const AnswerRecord& a, const AnswerRecord& b) {
    return a.invitation_id != b.invitation_id ? a.invitation_id < b.invitation_id : a.version > b.version;
  });
  const auto same = [](const AnswerRecord& a, const AnswerRecord& b) { return a.invitation_id == b.invitation_id; };
  answers.erase(std::unique(answers.begin(), answers.end(), same), answers.end());
  return answers;
}

absl::StatusOr<std::vector<Uuid>> UpsertProfiles(postgres::Tx& tx, const std::vector<Profile>& profiles) {
  if (profiles.empty()) return std::vector<Uuid>();
  const auto text = [&](std::string Profile::*member) {
    return Column(profiles, [member](const Profile& p) { return p.*member; });
  };
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.ExecuteParams(kUpsertProfiles,
                       {Column(profiles, [](const Profile& p) { return p.contact_id; }),
                        Column(profiles, [](const Profile& p) { return p.version; }),
                        Column(profiles, [](const Profile& p) { return p.deleted; }),
                        Column(profiles, [](const Profile& p) { return p.create_time; }),
                        Column(profiles, [](const Profile& p) { return p.update_time; }), text(&Profile::given_name),
                        text(&Profile::family_name), text(&Profile::company_name), text(&Profile::locale),
                        text(&Profile::lifecycle_stage), text(&Profile::owner), text(&Profile::country_code),
                        text(&Profile::city), Column(profiles, [](const Profile& p) { return p.has_email; }),
                        Column(profiles, [](const Profile& p) { return p.has_phone; }),
                        // An array of arrays is a matrix to Postgres, so each goes as its text.
                        Column(profiles, [](const Profile& p) { return *postgres::Param(p.tags).text(); }),
                        Column(profiles, [](const Profile& p) { return FormatCustomFields(p.custom_fields); })}));
  return ReadContacts(rows);
}

absl::StatusOr<std::vector<Uuid>> UpsertConsents(postgres::Tx& tx, const std::vector<ConsentWord>& words) {
  if (words.empty()) return std::vector<Uuid>();
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.ExecuteParams(kUpsertConsents, {Column(words, [](const ConsentWord& w) { return w.contact_id; }),
                                         Column(words, [](const ConsentWord& w) { return w.purpose; }),
                                         Column(words, [](const ConsentWord& w) { return w.channel; }),
                                         Column(words, [](const ConsentWord& w) { return w.granted; }),
                                         Column(words, [](const ConsentWord& w) { return w.consent_time; }),
                                         Column(words, [](const ConsentWord& w) { return w.record_time; }),
                                         Column(words, [](const ConsentWord& w) { return w.consent_id; })}));
  return ReadContacts(rows);
}

absl::StatusOr<std::vector<Uuid>> UpsertCarts(postgres::Tx& tx, const std::vector<CartRecord>& carts) {
  if (carts.empty()) return std::vector<Uuid>();
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.ExecuteParams(kUpsertCarts, {Column(carts, [](const CartRecord& c) { return c.cart_id; }),
                                      Column(carts, [](const CartRecord& c) { return c.contact_id; }),
                                      Column(carts, [](const CartRecord& c) { return c.store_id; }),
                                      Column(carts, [](const CartRecord& c) { return c.currency_code; }),
                                      Column(carts, [](const CartRecord& c) { return c.value_minor; }),
                                      Column(carts, [](const CartRecord& c) { return c.ordered; }),
                                      Column(carts, [](const CartRecord& c) { return c.change_time; }),
                                      Column(carts, [](const CartRecord& c) { return FormatLines(c.lines); }),
                                      Column(carts, [](const CartRecord& c) { return c.version; })}));
  return ReadContacts(rows);
}

absl::StatusOr<std::vector<Uuid>> UpsertAcquisitions(postgres::Tx& tx,
                                                     const std::vector<AcquisitionRecord>& acquisitions) {
  if (acquisitions.empty()) return std::vector<Uuid>();
  const auto text = [&](std::string AcquisitionRecord::*member) {
    return Column(acquisitions, [member](const AcquisitionRecord& a) { return a.*member; });
  };
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.ExecuteParams(kUpsertAcquisitions,
                       {Column(acquisitions, [](const AcquisitionRecord& a) { return a.order_id; }),
                        Column(acquisitions, [](const AcquisitionRecord& a) { return a.contact_id; }),
                        Column(acquisitions, [](const AcquisitionRecord& a) { return a.place_time; }),
                        Column(acquisitions, [](const AcquisitionRecord& a) { return a.first_order; }),
                        text(&AcquisitionRecord::channel), text(&AcquisitionRecord::source),
                        text(&AcquisitionRecord::medium), text(&AcquisitionRecord::campaign),
                        Column(acquisitions, [](const AcquisitionRecord& a) { return a.version; })}));
  return ReadContacts(rows);
}

absl::StatusOr<std::vector<Uuid>> UpsertTickets(postgres::Tx& tx, const std::vector<TicketRecord>& tickets) {
  if (tickets.empty()) return std::vector<Uuid>();
  const auto truth = [&](bool TicketRecord::*member) {
    return Column(tickets, [member](const TicketRecord& t) { return t.*member; });
  };
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.ExecuteParams(kUpsertTickets,
                       {Column(tickets, [](const TicketRecord& t) { return t.ticket_id; }),
                        Column(tickets, [](const TicketRecord& t) { return t.contact_id; }),
                        Column(tickets, [](const TicketRecord& t) { return t.store_id; }),
                        Column(tickets, [](const TicketRecord& t) { return t.channel; }),
                        Column(tickets, [](const TicketRecord& t) { return t.create_time; }),
                        truth(&TicketRecord::solved), truth(&TicketRecord::spam), truth(&TicketRecord::merged),
                        Column(tickets, [](const TicketRecord& t) { return FormatLines(t.lines); }),
                        Column(tickets, [](const TicketRecord& t) { return t.version; })}));
  std::vector<Uuid> touched = ReadContacts(rows);
  std::vector<Uuid> breached;
  for (const TicketRecord& ticket : tickets) {
    if (ticket.breached) breached.push_back(ticket.ticket_id);
  }
  if (breached.empty()) return touched;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result broken, tx.Execute(kAddTicketBreaches, breached));
  const std::vector<Uuid> more = ReadContacts(broken);
  touched.insert(touched.end(), more.begin(), more.end());
  return EachOnce(std::move(touched));
}

absl::StatusOr<std::vector<Uuid>> UpsertAnswers(postgres::Tx& tx, const std::vector<AnswerRecord>& answers) {
  if (answers.empty()) return std::vector<Uuid>();
  ESNAF_ASSIGN_OR_RETURN(
      const postgres::Result rows,
      tx.ExecuteParams(kUpsertAnswers, {Column(answers, [](const AnswerRecord& a) { return a.invitation_id; }),
                                        Column(answers, [](const AnswerRecord& a) { return a.contact_id; }),
                                        Column(answers, [](const AnswerRecord& a) { return a.store_id; }),
                                        Column(answers, [](const AnswerRecord& a) { return a.kind; }),
                                        Column(answers, [](const AnswerRecord& a) { return a.score; }),
                                        Column(answers, [](const AnswerRecord& a) { return a.answer_time; }),
                                        Column(answers, [](const AnswerRecord& a) { return FormatLines(a.lines); }),
                                        Column(answers, [](const AnswerRecord& a) { return a.version; })}));
  return ReadContacts(rows);
}

absl::Status NoteChanges(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  if (contacts.empty()) return absl::OkStatus();
  return tx.Execute(kNoteChanges, contacts).status();
}

}  // namespace esnaf::segmentation
