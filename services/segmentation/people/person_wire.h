#pragma once

// What the events of other services say of people, as this service keeps it. INVALID_ARGUMENT naming the field where an
// event cannot be one that its service published.
#include "absl/status/statusor.h"
#include "esnaf/contacts/v1/consents.pb.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/orders/v1/carts.pb.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "services/segmentation/people/person_facts_store.h"
#include "services/segmentation/people/person_profile.h"

namespace esnaf::segmentation {

absl::StatusOr<Profile> ProfileFromContact(const contacts::v1::Contact& contact, std::int64_t version);
absl::StatusOr<ConsentWord> WordFromConsent(const contacts::v1::Consent& consent);
absl::StatusOr<CartRecord> CartFromProto(const orders::v1::Cart& cart, std::int64_t version);
absl::StatusOr<TicketRecord> TicketFromProto(const support::v1::Ticket& ticket, std::int64_t version);
absl::StatusOr<AnswerRecord> AnswerFromProto(const support::v1::SurveyResponse& response, std::int64_t version);

}  // namespace esnaf::segmentation
