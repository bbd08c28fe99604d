#include "services/attribution/touches/visitor_identity.h"

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/attribution/touches/intake.h"
#include "services/attribution/touches/touchpoint_wire.h"

namespace esnaf::attribution {
namespace {

constexpr std::size_t kLongestId = 200;

void Normalize(absl::StatusOr<std::string> normalized, identity::Identity& identity, FieldViolations& violations) {
  if (normalized.ok()) {
    identity.value = *std::move(normalized);
  } else {
    violations.Add("identity.value", std::string(normalized.status().message()));
  }
}

// As contacts normalizes identities: what is compared must be written alike.
identity::Identity ReadIdentity(const contacts::v1::Identity& wire, FieldViolations& violations) {
  identity::Identity identity{.kind = static_cast<identity::Kind>(wire.kind()), .store_id = {}, .value = {}};
  switch (wire.kind()) {
    case contacts::v1::IDENTITY_KIND_EMAIL:
      Normalize(NormalizeEmail(wire.value()), identity, violations);
      break;
    case contacts::v1::IDENTITY_KIND_PHONE:
      Normalize(NormalizePhone(wire.value(), "TR"), identity, violations);
      break;
    case contacts::v1::IDENTITY_KIND_STORE_CUSTOMER:
      identity.store_id = wire.store_id();
      identity.value = Trim(wire.value());
      if (!IsStoreId(wire.store_id())) violations.Add("identity.store_id", "is no store id such as `web`");
      break;
    default:
      violations.Add("identity.kind", "is no store customer, e-mail or phone");
  }
  if (wire.kind() != contacts::v1::IDENTITY_KIND_STORE_CUSTOMER && !wire.store_id().empty()) {
    violations.Add("identity.store_id", "belongs to a store customer only");
  }
  if (wire.value().empty() || wire.value().size() > kLongestId || !IsCleanUtf8(wire.value())) {
    violations.Add("identity.value", "is empty, longer than 200 bytes or no clean UTF-8 text");
  }
  return identity;
}

}  // namespace

absl::StatusOr<VisitorLink> LinkFromRequest(const runtime::Call& call, const v1::IdentifyVisitorRequest& request,
                                            bool from_browser) {
  FieldViolations violations;
  VisitorLink link{.visitor_id = request.visitor_id(),
                   .link_time = call.now(),
                   .contact_id = std::nullopt,
                   .identity = std::nullopt,
                   .proven = !from_browser};
  if (link.visitor_id.empty() || link.visitor_id.size() > kLongestId || !IsCleanUtf8(link.visitor_id)) {
    violations.Add("visitor_id", "is empty, longer than 200 bytes or no clean UTF-8 text");
  }
  if (request.contact_id().empty()) {
    link.identity = ReadIdentity(request.identity(), violations);
    if (!link.identity->store_id.empty() && !call.caller().MaySee(link.identity->store_id)) {
      violations.Add("identity.store_id", "is a store that the key is not for");
    }
  } else {
    link.contact_id = Uuid::Parse(request.contact_id());
    if (!link.contact_id) violations.Add("contact_id", "is no UUID");
    if (request.has_identity()) violations.Add("identity", "is given beside contact_id");
    if (from_browser) violations.Add("contact_id", "is not for publishable keys");
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  if (request.has_identify_time()) {
    ESNAF_ASSIGN_OR_RETURN(link.link_time, api::FromProto(request.identify_time(), "identify_time"));
    link.link_time = CorrectTime(link.link_time,
                                 {.receive_time = call.now(), .send_time = std::nullopt, .from_browser = from_browser});
  }
  if (from_browser && ConsentFromProto(request.consent()).analytics_storage != ConsentWord::kGranted) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NO_CONSENT",
                     "the visitor has not consented to be known again");
  }
  return link;
}

}  // namespace esnaf::attribution
