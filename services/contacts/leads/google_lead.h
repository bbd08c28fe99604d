#pragma once

// Google Ads lead forms (developers.google.com/google-ads/webhook/docs/implementation): the lead comes whole, with the
// key that the advertiser set for the form. Pure.
#include "libs/hooks/connector.h"
#include "services/contacts/leads/lead.h"

namespace esnaf::contacts {

inline constexpr char kGoogleConnector[] = "google_lead_form";
inline constexpr char kGoogleKey[] = "google_key";

// One parcel: the body without its key.
absl::StatusOr<hooks::Reception> ReceiveGoogleLead(const hooks::Request& request, const hooks::Secrets& secrets);

// The lead of such a parcel. INVALID_ARGUMENT naming the place in the body.
absl::StatusOr<ToldLead> ReadGoogleLead(std::string_view payload);

}  // namespace esnaf::contacts
