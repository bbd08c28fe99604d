#include "services/segmentation/contacts_consumer.h"

#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm_scorer.h"

namespace esnaf::segmentation {

absl::Status ApplyContactEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> changed, identity::ApplyContactEvents(tx, events));
  return Rescore(tx, changed, OwnCause(now));
}

}  // namespace esnaf::segmentation
