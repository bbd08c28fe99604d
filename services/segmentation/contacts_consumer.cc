#include "services/segmentation/contacts_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/contacts/v1/events.pb.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/identity/identity.h"
#include "services/segmentation/people/person_facts_store.h"
#include "services/segmentation/people/person_wire.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/segments/membership_updater.h"
#include "services/segmentation/segments/segment_member_store.h"
#include "services/segmentation/segments/segment_store.h"

namespace esnaf::segmentation {
namespace {

struct News {
  std::vector<Profile> profiles;
  std::vector<ConsentWord> words;
};

absl::StatusOr<News> ReadNews(const std::vector<api::v1::Event>& events) {
  News news;
  for (const api::v1::Event& event : events) {
    if (event.type() == contacts::v1::ContactChanged::descriptor()->full_name()) {
      ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<contacts::v1::ContactChanged>(event));
      absl::StatusOr<Profile> profile = ProfileFromContact(changed.contact(), event.aggregate_version());
      if (!profile.ok()) return WithFieldPrefix(profile.status(), absl::StrCat("event ", event.id()));
      news.profiles.push_back(*std::move(profile));
    } else if (event.type() == contacts::v1::ConsentRecorded::descriptor()->full_name()) {
      ESNAF_ASSIGN_OR_RETURN(const auto recorded, events::Decode<contacts::v1::ConsentRecorded>(event));
      absl::StatusOr<ConsentWord> word = WordFromConsent(recorded.consent());
      if (!word.ok()) return WithFieldPrefix(word.status(), absl::StrCat("event ", event.id()));
      news.words.push_back(*std::move(word));
    }
  }
  return news;
}

}  // namespace

absl::Status ApplyContactEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  ESNAF_ASSIGN_OR_RETURN(News news, ReadNews(events));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> clusters, identity::ApplyContactEvents(tx, events));
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> touched, UpsertProfiles(tx, NewestOfEachContact(std::move(news.profiles))));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> speakers, UpsertConsents(tx, NewestWords(std::move(news.words))));
  ESNAF_RETURN_IF_ERROR(Rescore(tx, clusters, OwnCause(now)));
  touched.insert(touched.end(), speakers.begin(), speakers.end());
  touched.insert(touched.end(), clusters.begin(), clusters.end());
  // Taken before the rows of segments, as everywhere.
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_RETURN_IF_ERROR(SyncLists(tx, clusters, OwnCause(now)));
  return PeopleChanged(tx, touched, OwnCause(now));
}

}  // namespace esnaf::segmentation
