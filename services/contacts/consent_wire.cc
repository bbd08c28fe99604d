#include "services/contacts/consent_wire.h"

#include "libs/api/convert.h"

namespace esnaf::contacts {

v1::Consent ToProto(const Consent& consent) {
  v1::Consent proto;
  proto.set_id(consent.id.ToString());
  proto.set_contact_id(consent.contact_id.ToString());
  proto.set_purpose(consent.purpose);
  proto.set_channel(static_cast<v1::ConsentChannel>(consent.channel));
  proto.set_status(static_cast<v1::ConsentStatus>(consent.status));
  proto.set_legal_basis(static_cast<v1::LegalBasis>(consent.legal_basis));
  proto.set_source(static_cast<v1::ConsentSource>(consent.source));
  proto.set_recipient(consent.recipient);
  proto.set_recipient_type(static_cast<v1::ConsentRecipientType>(consent.recipient_type));
  proto.set_brand_code(consent.brand_code);
  proto.set_text_version(consent.text_version);
  *proto.mutable_consent_time() = api::ToProto(consent.consent_time);
  proto.set_proof(consent.proof);
  *proto.mutable_create_time() = api::ToProto(consent.create_time);
  return proto;
}

Consent FromProto(const v1::Consent& proto, Time now, FieldViolations& violations) {
  Consent consent;
  consent.purpose = proto.purpose();
  consent.channel = static_cast<ConsentChannel>(proto.channel());
  consent.status = static_cast<ConsentStatus>(proto.status());
  consent.legal_basis = static_cast<LegalBasis>(proto.legal_basis());
  consent.source = static_cast<ConsentSource>(proto.source());
  consent.recipient = proto.recipient();
  consent.recipient_type = static_cast<ConsentRecipientType>(proto.recipient_type());
  consent.brand_code = proto.brand_code();
  consent.text_version = proto.text_version();
  consent.consent_time = now;
  if (proto.has_consent_time()) {
    if (auto time = api::FromProto(proto.consent_time(), "consent.consent_time"); time.ok()) {
      consent.consent_time = *time;
    } else {
      violations.Add("consent.consent_time", "is no time between the years 1 and 9999");
    }
  }
  consent.proof = proto.proof();
  consent.create_time = now;
  return consent;
}

}  // namespace esnaf::contacts
