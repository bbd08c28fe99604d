#include "services/segmentation/segments/audience_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/segments/segment_member_store.h"
#include "services/segmentation/segments/segment_service.h"
#include "services/segmentation/segments/segment_store.h"

namespace esnaf::segmentation {
namespace {

constexpr int kDefaultPageSize = 500;

const api::FieldTable& MemberFields() {
  static const api::FieldTable kFields{.id_sql = "m.contact_id"};
  return kFields;
}

struct Page {
  std::vector<std::string> contact_ids;
  std::string next_page_token;
};

}  // namespace

void AudienceService::Bind(runtime::RpcService& rpc) {
  rpc.Unary("ExportAudience", this, &AudienceService::ExportAudience);
}

absl::StatusOr<v1::ExportAudienceResponse> AudienceService::ExportAudience(runtime::Call& call,
                                                                           const v1::ExportAudienceRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid snapshot, api::ParseId(request.snapshot_id(), "snapshot_id"));
  if (request.destination() == v1::AUDIENCE_DESTINATION_UNSPECIFIED ||
      !v1::AudienceDestination_IsValid(request.destination())) {
    return InvalidField("destination", "names no destination");
  }
  if (request.consent_purpose().empty()) return InvalidField("consent_purpose", "is required");
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, MemberFields(), {.default_page_size = kDefaultPageSize}));
  const std::string& segment_id = request.segment_id();
  ESNAF_ASSIGN_OR_RETURN(const Page page, call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<Page> {
    ESNAF_RETURN_IF_ERROR(VisibleSegment(call, GetSegment(tx, segment_id)).status());
    ESNAF_RETURN_IF_ERROR(RequireWholeSnapshot(tx, segment_id, snapshot));
    const api::SqlQuery select =
        query.Select("m.contact_id", "segment_snapshot_member m", "m.snapshot_id = $1", {snapshot});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    Page read{.next_page_token = query.NextPageToken(rows, 1)};
    for (int i = 0; i < query.PageRows(rows); ++i) read.contact_ids.push_back(rows[i].Get<std::string>(0));
    return read;
  }));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<AudiencePerson> people,
                         people_of_(page.contact_ids, request.consent_purpose(), call.info().deadline));

  const auto destination = static_cast<Destination>(request.destination());
  const AudienceFile file = WriteAudience(destination, people);
  v1::ExportAudienceResponse response;
  response.set_content((request.page_token().empty() ? AudienceHeader(destination) : std::string()) + file.rows);
  response.set_exported_count(file.exported_count);
  for (const auto& [omission, count] : file.omissions) {
    v1::AudienceOmission* out = response.add_omissions();
    out->set_reason(std::string(ReasonOf(omission)));
    out->set_count(count);
  }
  response.set_next_page_token(page.next_page_token);
  return response;
}

}  // namespace esnaf::segmentation
