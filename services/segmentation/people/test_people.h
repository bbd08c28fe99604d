#pragma once

// What contacts and carts tell of people, for tests.
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "esnaf/attribution/v1/events.pb.h"
#include "esnaf/support/v1/events.pb.h"
#include "services/segmentation/people/test_ledger.h"

namespace esnaf::segmentation {

inline api::v1::Event PeopleEvent(const google::protobuf::Message& payload, std::string_view aggregate_type,
                                  const std::string& aggregate_id, std::int64_t version) {
  api::v1::Event event;
  event.set_id(Uuid::FromName(aggregate_type, aggregate_id + std::to_string(version)).ToString());
  event.set_aggregate_type(std::string(aggregate_type));
  event.set_aggregate_id(aggregate_id);
  event.set_aggregate_version(version);
  event.set_type(payload.GetDescriptor()->full_name());
  event.set_payload(payload.SerializeAsString());
  return event;
}

struct TestContact {
  std::string name;
  std::string city{};
  std::vector<std::string> tags{};
  std::int64_t version = 1;
  bool deleted = false;
  std::string locale{};
  std::string birthday{};  // the firm's own field `birthday`
  double points = 0;       // the firm's own field `points`; 0 for none
  // The firm's own fields `budget`, as minor units (0 for none) of a currency, and `sizes`.
  std::int64_t budget = 0;
  std::string currency = "TRY";
  std::vector<std::string> sizes{};
  bool has_email = false;
};

inline api::v1::Event EventOf(const TestContact& test) {
  contacts::v1::ContactChanged changed;
  contacts::v1::Contact& contact = *changed.mutable_contact();
  contact.set_id(Contact(test.name).ToString());
  contact.set_given_name(test.name);
  contact.set_locale(test.locale);
  for (const std::string& tag : test.tags) contact.add_tags(tag);
  if (!test.city.empty()) {
    contacts::v1::Address& address = *contact.add_addresses();
    address.set_city(test.city);
    address.set_country_code("TR");
  }
  if (test.has_email) contact.add_identities()->set_kind(contacts::v1::IDENTITY_KIND_EMAIL);
  if (!test.birthday.empty()) (*contact.mutable_custom_fields())["birthday"].set_date(test.birthday);
  if (test.points != 0) (*contact.mutable_custom_fields())["points"].set_number(test.points);
  if (test.budget != 0) {
    api::v1::Money& money = *(*contact.mutable_custom_fields())["budget"].mutable_money();
    money.set_minor(test.budget);
    money.set_currency_code(test.currency);
  }
  for (const std::string& size : test.sizes) {
    (*contact.mutable_custom_fields())["sizes"].mutable_options()->add_values(size);
  }
  *contact.mutable_create_time() = api::ToProto(At("2026-01-01T00:00:00Z"));
  *contact.mutable_update_time() = api::ToProto(At("2026-01-01T00:00:00Z") + std::chrono::hours(test.version));
  if (test.deleted) *contact.mutable_delete_time() = contact.update_time();
  return PeopleEvent(changed, "contact", contact.id(), test.version);
}

struct TestConsent {
  std::string contact;
  bool granted = true;
  std::string consent_time = "2026-02-01T10:00:00Z";
  contacts::v1::ConsentChannel channel = contacts::v1::CONSENT_CHANNEL_EPOSTA;
  std::string purpose = "marketing";
};

inline api::v1::Event EventOf(const TestConsent& test) {
  contacts::v1::ConsentRecorded recorded;
  contacts::v1::Consent& consent = *recorded.mutable_consent();
  consent.set_id(Uuid::FromName("consent", test.contact + test.purpose + test.consent_time +
                                               std::to_string(test.channel) + (test.granted ? "+" : "-"))
                     .ToString());
  consent.set_contact_id(Contact(test.contact).ToString());
  consent.set_purpose(test.purpose);
  consent.set_channel(test.channel);
  consent.set_status(test.granted ? contacts::v1::CONSENT_STATUS_ONAY : contacts::v1::CONSENT_STATUS_RET);
  *consent.mutable_consent_time() = api::ToProto(At(test.consent_time));
  *consent.mutable_create_time() = consent.consent_time();
  return PeopleEvent(recorded, "consent", consent.id(), 1);
}

struct TestCart {
  std::string name;
  std::string contact;
  std::int64_t value = 5000;
  std::int64_t version = 1;
  bool ordered = false;
  std::string change_time = "2026-03-05T10:00:00Z";
  std::vector<TestLine> lines{};
};

inline api::v1::Event EventOf(const TestCart& test) {
  orders::v1::CartChanged changed;
  orders::v1::Cart& cart = *changed.mutable_cart();
  cart.set_id(Uuid::FromName("cart", test.name).ToString());
  if (!test.contact.empty()) cart.set_contact_id(Contact(test.contact).ToString());
  cart.set_store_id("istanbul");
  cart.set_currency_code("TRY");
  cart.set_value(test.value);
  cart.set_state(test.ordered ? orders::v1::CART_STATE_ORDERED : orders::v1::CART_STATE_OPEN);
  *cart.mutable_source_update_time() = api::ToProto(At(test.change_time));
  AddLines(test.lines, *cart.mutable_lines());
  return PeopleEvent(changed, "cart", cart.id(), test.version);
}

struct TestAcquisition {
  std::string order;
  std::string contact;
  std::string channel = "Paid Search";
  std::string place_time = "2026-02-01T10:00:00Z";
  std::int64_t version = 1;
  bool first_order = true;
};

inline api::v1::Event EventOf(const TestAcquisition& test) {
  attribution::v1::AcquisitionChanged changed;
  changed.set_order_id(Uuid::FromName("order", test.order).ToString());
  if (!test.contact.empty()) changed.set_contact_id(Contact(test.contact).ToString());
  changed.set_store_id("istanbul");
  *changed.mutable_place_time() = api::ToProto(At(test.place_time));
  changed.set_first_order(test.first_order);
  if (test.first_order) {
    changed.set_channel(test.channel);
    changed.set_source("google");
    changed.set_medium("cpc");
    changed.set_campaign("Bahar");
  }
  return PeopleEvent(changed, "acquisition", changed.order_id(), test.version);
}

struct TestTicket {
  std::string name;
  std::string contact;
  support::v1::TicketState state = support::v1::TICKET_STATE_OPEN;
  std::string type = "return";
  std::string create_time = "2026-03-05T10:00:00Z";
  std::int64_t version = 1;
  bool breached = false;
};

inline support::v1::Ticket TicketOf(const TestTicket& test) {
  support::v1::Ticket ticket;
  ticket.set_id(Uuid::FromName("ticket", test.name).ToString());
  if (!test.contact.empty()) ticket.set_contact_id(Contact(test.contact).ToString());
  ticket.set_store_id("istanbul");
  ticket.set_channel(contacts::v1::CHANNEL_EMAIL);
  ticket.set_state(test.state);
  ticket.set_priority(support::v1::TICKET_PRIORITY_HIGH);
  ticket.set_type(test.type);
  ticket.set_breached(test.breached);
  *ticket.mutable_create_time() = api::ToProto(At(test.create_time));
  return ticket;
}

inline api::v1::Event EventOf(const TestTicket& test) {
  support::v1::TicketChanged changed;
  *changed.mutable_ticket() = TicketOf(test);
  return PeopleEvent(changed, "ticket", changed.ticket().id(), test.version);
}

// That a promise about a ticket was broken.
inline api::v1::Event BreachOf(const TestTicket& test) {
  support::v1::TicketSlaBreached breached;
  *breached.mutable_ticket() = TicketOf(test);
  return PeopleEvent(breached, "ticket_deadline", Uuid::FromName("deadline", test.name).ToString(), 2);
}

struct TestAnswer {
  std::string name;
  std::string contact;
  int score = 5;
  support::v1::SurveyKind kind = support::v1::SURVEY_KIND_CSAT;
  std::string answer_time = "2026-03-05T10:00:00Z";
  std::int64_t version = 1;
};

inline api::v1::Event EventOf(const TestAnswer& test) {
  support::v1::SurveyAnswered answered;
  support::v1::SurveyResponse& response = *answered.mutable_response();
  response.set_invitation_id(Uuid::FromName("invitation", test.name).ToString());
  if (!test.contact.empty()) response.set_contact_id(Contact(test.contact).ToString());
  response.set_store_id("istanbul");
  response.set_kind(test.kind);
  response.set_score(test.score);
  *response.mutable_answer_time() = api::ToProto(At(test.answer_time));
  return PeopleEvent(answered, "survey_invitation", response.invitation_id(), test.version);
}

// Something that support tells of one of six people.
inline api::v1::Event AnySupportEvent(std::mt19937& random, const std::string& contact, std::int64_t version) {
  const auto any = [&](unsigned end) { return static_cast<int>(random() % end); };
  const std::string time = FormatRfc3339(At("2026-01-05T10:00:00Z") + std::chrono::hours(any(24 * 70)));
  if (any(3) == 0) {
    return EventOf(TestAnswer{.name = std::to_string(any(6)),
                              .contact = any(6) == 0 ? "" : contact,
                              .score = 1 + any(5),
                              .kind = any(3) == 0 ? support::v1::SURVEY_KIND_NPS : support::v1::SURVEY_KIND_CSAT,
                              .answer_time = time,
                              .version = version});
  }
  const TestTicket ticket{.name = std::to_string(any(8)),
                          .contact = any(6) == 0 ? "" : contact,
                          .state = static_cast<support::v1::TicketState>(1 + any(support::v1::TICKET_STATE_SPAM)),
                          .type = any(2) == 0 ? "return" : "question",
                          .create_time = time,
                          .version = version,
                          .breached = any(5) == 0};
  return any(6) == 0 ? BreachOf(ticket) : EventOf(ticket);
}

// Something that happens to one of six people, `a` to `f`, in one of five versions: repeated, late and out of order by
// itself.
inline api::v1::Event AnyEvent(std::mt19937& random) {
  const auto any = [&](unsigned end) { return static_cast<int>(random() % end); };
  const std::string contact(1, static_cast<char>('a' + any(6)));
  const std::int64_t version = 1 + any(5);
  switch (any(8)) {
    case 0:
      return EventOf(
          TestContact{.name = contact,
                      .city = any(2) == 0 ? "" : "Ankara",
                      .tags = {"tag" + std::to_string(any(4))},
                      .version = version,
                      .deleted = any(8) == 0,
                      .budget = any(4) * 50000,
                      .currency = any(3) == 0 ? "EUR" : "TRY",
                      .sizes = std::vector<std::string>(static_cast<std::size_t>(any(3)), any(2) == 0 ? "M" : "L")});
    case 1:
      return EventOf(TestConsent{.contact = contact,
                                 .granted = any(2) == 0,
                                 .consent_time = "2026-02-0" + std::to_string(1 + any(9)) + "T10:00:00Z"});
    case 2:
      return EventOf(
          TestCart{.name = std::to_string(any(5)),
                   .contact = contact,
                   .value = any(1000),
                   .version = version,
                   .ordered = any(3) == 0,
                   .change_time = FormatRfc3339(At("2026-02-25T10:00:00Z") + std::chrono::hours(any(24 * 20)))});
    case 3: {
      // Only upwards, as contacts merges: no circle.
      const int from = any(5);
      const int to = from + 1 + any(static_cast<unsigned>(5 - from));
      return AliasEvent(std::string(1, static_cast<char>('a' + from)),
                        any(3) == 0 ? "" : std::string(1, static_cast<char>('a' + to)), version);
    }
    case 4:
      return EventOf(
          TestAcquisition{.order = std::to_string(any(6)),
                          .contact = any(6) == 0 ? "" : contact,
                          .channel = any(2) == 0 ? "Paid Search" : "Direct",
                          .place_time = FormatRfc3339(At("2026-01-05T10:00:00Z") + std::chrono::hours(any(24 * 70))),
                          .version = version,
                          .first_order = any(3) != 0});
    case 5:
      return AnySupportEvent(random, contact, version);
    default:
      return EventOf(
          TestOrder{.name = std::to_string(any(12)),
                    .contact = any(6) == 0 ? "" : contact,
                    .place_time = FormatRfc3339(At("2026-01-05T10:00:00Z") + std::chrono::hours(any(24 * 70))),
                    .net = any(1000),
                    .version = version,
                    .lines = {{.sku = "sku" + std::to_string(any(3))}}});
  }
}

}  // namespace esnaf::segmentation
