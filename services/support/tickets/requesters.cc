#include "services/support/tickets/requesters.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/api/stored_json.h"
#include "libs/base/macros.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

constexpr int kAtOnce = 200;
constexpr int kMostIdentities = 20;
constexpr std::size_t kMaxValueBytes = 200;
constexpr std::chrono::seconds kLongestRound{20};
constexpr std::chrono::minutes kRetryRefused{10};

const postgres::Statement kPark("support", "park_requester", R"sql(
INSERT INTO ticket_requester (ticket_id, body, link_time)
SELECT ticket_id, body, $3 FROM unnest($1::uuid[], $2::jsonb[]) AS p (ticket_id, body)
ON CONFLICT DO NOTHING
)sql");
const postgres::Statement kFindParked("support", "find_parked_requesters", R"sql(
SELECT ticket_id, body FROM ticket_requester WHERE link_time <= $1 ORDER BY link_time LIMIT $2
)sql");
const postgres::Statement kTakeParked("support", "take_parked_requesters", R"sql(
DELETE FROM ticket_requester WHERE ticket_id = ANY ($1::uuid[])
)sql");
const postgres::Statement kPostpone("support", "postpone_requesters", R"sql(
UPDATE ticket_requester SET link_time = $2 WHERE ticket_id = ANY ($1::uuid[])
)sql");

int TrustOf(const identity::Identity& identity) {
  if (identity.kind == identity::Kind::kStoreCustomer) return 0;
  if (identity.kind == identity::Kind::kVisitor) return 3;
  return identity.verified ? 1 : 2;
}

std::string Normalized(const contacts::v1::Identity& given, const std::string& field, FieldViolations& violations) {
  absl::StatusOr<std::string> value = std::string(Trim(given.value()));
  const char* mistake = "is empty, or no clean UTF-8 of at most 200 bytes";
  if (given.kind() == contacts::v1::IDENTITY_KIND_EMAIL) {
    value = NormalizeEmail(given.value());
    mistake = "is no e-mail address";
  } else if (given.kind() == contacts::v1::IDENTITY_KIND_PHONE) {
    value = NormalizePhone(given.value());
    mistake = "is no phone number";
  } else if (value->empty() || value->size() > kMaxValueBytes || !IsCleanUtf8(*value)) {
    value = absl::InvalidArgumentError(mistake);
  }
  if (!value.ok()) violations.Add(field, mistake);
  return value.value_or("");
}

// As it is parked.
std::string ToJson(const identity::IdentitySet& set) {
  contacts::v1::IdentitySet message;
  for (const identity::Identity& identity : set.identities) {
    contacts::v1::Identity& added = *message.add_identities();
    added.set_kind(static_cast<contacts::v1::IdentityKind>(identity.kind));
    added.set_store_id(identity.store_id);
    added.set_value(identity.value);
    added.set_verified(identity.verified);
  }
  message.set_given_name(set.given_name);
  message.set_family_name(set.family_name);
  message.set_display_name(set.display_name);
  message.set_country_code(set.country_code);
  return api::ToStoredJson(message);
}

struct Parked {
  std::vector<Uuid> ticket_ids;
  std::vector<identity::IdentitySet> requesters;
};

absl::StatusOr<Parked> FindParked(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindParked, now, kAtOnce));
  Parked parked;
  for (int i = 0; i < rows.size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(const auto message, api::FromStoredJson<contacts::v1::IdentitySet>(rows[i].Text(1)));
    FieldViolations known;
    parked.ticket_ids.push_back(rows[i].Get<Uuid>(0));
    parked.requesters.push_back(RequesterFromProto(message, "", "requester", known));
  }
  return parked;
}

// Gives each its contact, unless somebody else has meanwhile.
absl::Status LinkTickets(postgres::Tx& tx, TicketWriter& writer, Time now, const std::map<Uuid, Uuid>& contact_of) {
  std::vector<Uuid> ids;
  for (const auto& [ticket_id, contact] : contact_of) ids.push_back(ticket_id);
  ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, ids));
  const Cause cause = OwnCause(now);
  std::vector<TicketWriter::Happening> happenings;
  for (auto& [id, ticket] : locked) {
    if (ticket.contact_id) continue;
    ticket.contact_id = contact_of.at(id);
    happenings.push_back(
        {&ticket, PlainEvent(ticket, cause.actor, "requester_linked", {{"contact_id", ticket.contact_id->ToString()}}),
         nullptr});
  }
  ESNAF_RETURN_IF_ERROR(writer.RecordAll(tx, cause, std::move(happenings)));
  return tx.Execute(kTakeParked, ids).status();
}

}  // namespace

identity::IdentitySet RequesterFromProto(const contacts::v1::IdentitySet& message, const std::string& store_id,
                                         const std::string& field, FieldViolations& violations) {
  identity::IdentitySet set{
      {}, message.given_name(), message.family_name(), message.display_name(), message.country_code()};
  if (message.identities().empty() || message.identities_size() > kMostIdentities) {
    violations.Add(field + ".identities", absl::StrCat("are not 1 to ", kMostIdentities));
    return set;
  }
  for (int i = 0; i < message.identities_size(); ++i) {
    const contacts::v1::Identity& given = message.identities(i);
    const std::string at = absl::StrCat(field, ".identities[", i, "]");
    if (given.kind() == contacts::v1::IDENTITY_KIND_UNSPECIFIED || !contacts::v1::IdentityKind_IsValid(given.kind())) {
      violations.Add(at + ".kind", "is no kind of identity");
      continue;
    }
    identity::Identity identity{.kind = static_cast<identity::Kind>(given.kind()),
                                .store_id = given.store_id(),
                                .value = Normalized(given, at + ".value", violations),
                                .verified = given.verified()};
    if (identity.kind == identity::Kind::kStoreCustomer) {
      identity.verified = true;
      if (identity.store_id.empty()) identity.store_id = store_id;
      if (!IsStoreId(identity.store_id)) violations.Add(at + ".store_id", "is no id of a store");
    } else if (!identity.store_id.empty()) {
      violations.Add(at + ".store_id", "is only for store customer numbers");
    }
    if (identity.kind == identity::Kind::kVisitor) identity.verified = false;
    set.identities.push_back(std::move(identity));
  }
  std::stable_sort(set.identities.begin(), set.identities.end(),
                   [](const auto& a, const auto& b) { return TrustOf(a) < TrustOf(b); });
  return set;
}

std::optional<identity::IdentitySet> TypedRequesterOf(const Ticket& ticket) {
  if (ticket.channel != contacts::v1::CHANNEL_WEB_FORM) return std::nullopt;
  const auto typed = [&](const char* name) {
    const auto found = ticket.custom_fields.find(name);
    return found == ticket.custom_fields.end() ? std::string() : found->second;
  };
  identity::IdentitySet set{.display_name = typed("requester_name")};
  if (absl::StatusOr<std::string> phone = NormalizePhone(typed("requester_phone")); phone.ok()) {
    set.identities.push_back({identity::Kind::kPhone, "", *std::move(phone), false});
  }
  if (absl::StatusOr<std::string> email = NormalizeEmail(typed("requester_email")); email.ok()) {
    set.identities.push_back({identity::Kind::kEmail, "", *std::move(email), false});
  }
  if (set.identities.empty()) return std::nullopt;
  return set;
}

absl::Status Requesters::CheckContact(runtime::Call& call, const Uuid& contact, const std::string& field) {
  ESNAF_ASSIGN_OR_RETURN(const bool known,
                         call.Read([&](postgres::Tx& tx) { return identity::IsKnownContact(tx, contact); }));
  if (known) return absl::OkStatus();
  // One that was made just now may not have been heard of yet.
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call.info().deadline - clock_.Now());
  contacts::v1::GetContactRequest request;
  request.set_id(contact.ToString());
  const absl::Status asked =
      contacts_
          ->Call<contacts::v1::Contact>("/esnaf.contacts.v1.ContactService/GetContact", request,
                                        {.timeout = std::max(left, std::chrono::milliseconds(1))})
          .status();
  if (asked.code() == absl::StatusCode::kNotFound) return InvalidField(field, "is no contact");
  if (identity::IsAway(asked)) return absl::UnavailableError("contacts could not be asked for the requester");
  return asked;
}

absl::StatusOr<identity::Links> Requesters::Find(runtime::Call& call, const identity::IdentitySet& requester) {
  return FindAll(call.connection(), {requester}, call.info().deadline);
}

absl::StatusOr<identity::Links> Requesters::FindAll(postgres::Connection& connection,
                                                    const std::vector<identity::IdentitySet>& requesters,
                                                    Time deadline) {
  ESNAF_ASSIGN_OR_RETURN(identity::Links links, linker_.Link(connection, requesters, deadline));
  if (identity::IsRefusal(links.refusal)) return WithFieldPrefix(links.refusal, "requester");
  return links;
}

absl::Status Requesters::Keep(postgres::Tx& tx, const Uuid& ticket_id, const identity::IdentitySet& requester,
                              const identity::Links& links, Time now) {
  if (!links.contacts[0]) return Park(tx, {{ticket_id, requester}}, now);
  return links.Remember(tx);
}

absl::Status Requesters::Park(postgres::Tx& tx, const std::vector<Parking>& parking, Time now) {
  if (parking.empty()) return absl::OkStatus();
  std::vector<Uuid> ids;
  std::vector<std::string> bodies;
  for (const auto& [ticket_id, requester] : parking) {
    ids.push_back(ticket_id);
    bodies.push_back(ToJson(requester));
  }
  return tx.Execute(kPark, ids, bodies, now).status();
}

absl::StatusOr<bool> Requesters::LinkSome(postgres::Connection& connection, TicketWriter& writer, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const Parked parked, connection.Run({.autocommit = true, .read_only = true},
                                                             [&](postgres::Tx& tx) { return FindParked(tx, now); }));
  if (parked.ticket_ids.empty()) return false;
  const Time deadline = clock_.Now() + kLongestRound;
  ESNAF_ASSIGN_OR_RETURN(identity::Links links, linker_.Link(connection, parked.requesters, deadline));
  if (identity::IsAway(links.refusal)) return false;
  std::map<Uuid, Uuid> contact_of;
  std::vector<Uuid> refused;
  for (std::size_t i = 0; i < parked.ticket_ids.size(); ++i) {
    if (!links.contacts[i] && !links.refusal.ok()) {
      // One whom contacts refuses must not keep the others back.
      const auto alone = linker_.Resolve({parked.requesters[i]}, deadline);
      if (alone.ok()) links.contacts[i] = alone->front();
    }
    if (links.contacts[i]) {
      contact_of.emplace(parked.ticket_ids[i], *links.contacts[i]);
    } else {
      refused.push_back(parked.ticket_ids[i]);
    }
  }
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    if (!refused.empty()) ESNAF_RETURN_IF_ERROR(tx.Execute(kPostpone, refused, now + kRetryRefused).status());
    if (contact_of.empty()) return absl::OkStatus();
    ESNAF_RETURN_IF_ERROR(links.Remember(tx));
    return LinkTickets(tx, writer, now, contact_of);
  }));
  return parked.ticket_ids.size() == static_cast<std::size_t>(kAtOnce);
}

}  // namespace esnaf::support
