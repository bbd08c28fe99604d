#include "libs/audience/people_source.h"

#include <algorithm>

#include "esnaf/contacts/v1/consents.pb.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/macros.h"

namespace esnaf::audience {
namespace {

namespace cv1 = contacts::v1;

ConsentBy ByOf(cv1::ConsentChannel channel) {
  switch (channel) {
    case cv1::CONSENT_CHANNEL_ARAMA:
      return ConsentBy::kCall;
    case cv1::CONSENT_CHANNEL_MESAJ:
      return ConsentBy::kMessage;
    case cv1::CONSENT_CHANNEL_EPOSTA:
      return ConsentBy::kEmail;
    default:
      return ConsentBy::kOther;
  }
}

AudiencePerson PersonOf(const cv1::Contact& contact, const cv1::ConsentState& state, const std::string& purpose) {
  AudiencePerson person{.contact_id = contact.id(),
                        .given_name = contact.given_name(),
                        .family_name = contact.family_name(),
                        .deleted = contact.has_delete_time()};
  for (const cv1::Identity& identity : contact.identities()) {
    if (identity.kind() == cv1::IDENTITY_KIND_EMAIL) person.emails.push_back(identity.value());
    if (identity.kind() == cv1::IDENTITY_KIND_PHONE) person.phones.push_back(identity.value());
  }
  if (!contact.addresses().empty()) {
    const cv1::Address& address = contact.addresses(0);
    person.city = address.city();
    person.postal_code = address.postal_code();
    person.country_code = address.country_code();
  }
  for (const cv1::Consent& consent : state.consents()) {
    if (consent.purpose() != purpose) continue;
    person.consents.push_back({.by = ByOf(consent.channel()),
                               .allowed = consent.status() == cv1::CONSENT_STATUS_ONAY,
                               .recipient = consent.recipient()});
  }
  return person;
}

}  // namespace

absl::StatusOr<std::vector<AudiencePerson>> PeopleSource::Get(const std::vector<std::string>& contact_ids,
                                                              const std::string& purpose, Time deadline) const {
  std::vector<AudiencePerson> people;
  if (contact_ids.empty()) return people;
  runtime::ClientCallOptions options;
  options.timeout = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.Now()),
                             std::chrono::milliseconds(1));
  cv1::BatchGetContactsRequest contacts;
  contacts.set_skip_missing(true);
  for (const std::string& id : contact_ids) contacts.add_ids(id);
  ESNAF_ASSIGN_OR_RETURN(const auto found,
                         contacts_->Call<cv1::BatchGetContactsResponse>(
                             "/esnaf.contacts.v1.ContactService/BatchGetContacts", contacts, options));
  // Of whom nothing is left, nothing can be written.
  for (int i = found.contacts_size(); i < contacts.ids_size(); ++i) people.push_back({.deleted = true});
  if (found.contacts().empty()) return people;
  cv1::BatchGetConsentStatesRequest consents;
  for (const cv1::Contact& contact : found.contacts()) consents.add_contact_ids(contact.id());
  ESNAF_ASSIGN_OR_RETURN(const auto states,
                         contacts_->Call<cv1::BatchGetConsentStatesResponse>(
                             "/esnaf.contacts.v1.ConsentService/BatchGetConsentStates", consents, options));
  if (found.contacts_size() != states.states_size()) return absl::InternalError("contacts answered for other people");
  for (int i = 0; i < found.contacts_size(); ++i) {
    people.push_back(PersonOf(found.contacts(i), states.states(i), purpose));
  }
  return people;
}

}  // namespace esnaf::audience
