#include "services/segmentation/segments/contact_source.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/error.h"

namespace esnaf::segmentation {

absl::Status ContactSource::CheckKnown(const std::vector<std::string>& contact_ids, Time deadline) const {
  namespace cv1 = contacts::v1;
  runtime::ClientCallOptions options;
  options.timeout = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.Now()),
                             std::chrono::milliseconds(1));
  cv1::BatchGetContactsRequest request;
  for (const std::string& id : contact_ids) request.add_ids(id);
  const auto found = contacts_->Call<cv1::BatchGetContactsResponse>(
      "/esnaf.contacts.v1.ContactService/BatchGetContacts", request, options);
  const auto unknown = [](std::size_t place) {
    return InvalidField(absl::StrCat("contact_ids[", place, "]"), "is no contact");
  };
  if (absl::IsNotFound(found.status())) {
    const auto place = std::find(contact_ids.begin(), contact_ids.end(), ErrorMetadataValue(found.status(), "id"));
    return unknown(static_cast<std::size_t>(place - contact_ids.begin()) % contact_ids.size());
  }
  if (!found.ok()) return found.status();
  for (int i = 0; i < found->contacts_size(); ++i) {
    if (found->contacts(i).has_delete_time()) return unknown(static_cast<std::size_t>(i));
  }
  return absl::OkStatus();
}

}  // namespace esnaf::segmentation
