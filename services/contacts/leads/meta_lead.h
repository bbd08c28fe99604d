#pragma once

// Meta Lead Ads (developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving): the hook tells only that there
// is a lead; what it says is asked of the Graph API. Pure.
#include "libs/hooks/connector.h"
#include "services/contacts/leads/lead.h"

namespace esnaf::contacts {

inline constexpr char kMetaConnector[] = "meta_lead_ads";
inline constexpr char kMetaAppSecret[] = "app_secret";      // signs the bodies
inline constexpr char kMetaVerifyToken[] = "verify_token";  // comes with the subscription's GET
inline constexpr char kMetaAccessToken[] = "access_token";  // of the page, to ask for leads

// A GET with the verify token is answered by its challenge. A POST signed by the app's secret
// (`X-Hub-Signature-256: sha256=<hex>` over the raw body) gives a parcel for each lead that it tells of, which may be
// none: changes of other fields are left alone.
absl::StatusOr<hooks::Reception> ReceiveMetaLeads(const hooks::Request& request, const hooks::Secrets& secrets);

// The lead of such a parcel and of what the Graph API answered about it. INVALID_ARGUMENT naming the place in either.
absl::StatusOr<ToldLead> ReadMetaLead(std::string_view payload, std::string_view answer);

}  // namespace esnaf::contacts
