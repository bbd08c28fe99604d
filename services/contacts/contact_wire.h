#pragma once

// Between the contract's contacts and the domain's.
#include <string_view>
#include <vector>

#include "esnaf/contacts/v1/contacts.pb.h"
#include "services/contacts/custom_field.h"
#include "services/contacts/identity_review.h"
#include "services/contacts/person.h"

namespace esnaf::contacts {

// A contact as its own row has it: what events carry.
v1::Contact ToProto(const Contact& contact);
// A person as callers see them.
v1::Contact ToProto(const Person& person);
// Takes the fields that a caller may set; what cannot be read is named under `contact.`.
Contact FromProto(const v1::Contact& contact, FieldViolations& violations);

v1::Identity ToProto(const Identity& identity);
Identity FromProto(const v1::Identity& identity);

v1::IdentityReview ToProto(const IdentityReview& review);

v1::CustomField ToProto(const CustomField& field);
CustomField FromProto(const v1::CustomField& field);

}  // namespace esnaf::contacts
