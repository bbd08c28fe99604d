#include "services/attribution/touches/touch_list.h"

#include "libs/base/macros.h"
#include "services/attribution/touches/touchpoint_row.h"
#include "services/attribution/touches/touchpoint_wire.h"

namespace esnaf::attribution {
namespace {

const postgres::Statement kCountTouches("attribution", "count_touches", R"sql(
SELECT t.store_id, t.kind, s.channel, count(*), count(*) FILTER (WHERE t.bot),
       count(*) FILTER (WHERE t.visitor_id IS NULL AND t.contact_id IS NULL)
  FROM touchpoint t JOIN traffic_source s ON s.id = t.traffic_source_id
 WHERE t.occur_time >= $1::timestamptz AND t.occur_time < $2::timestamptz
   AND (cardinality($3::text[]) = 0 OR t.store_id = ANY ($3::text[]))
 GROUP BY t.store_id, t.kind, s.channel ORDER BY t.store_id, t.kind, s.channel
)sql");

const postgres::Statement kSumDropped("attribution", "sum_dropped", R"sql(
SELECT coalesce(sum(count), 0)::bigint FROM dropped_touch
 WHERE day >= ($1::timestamptz AT TIME ZONE 'UTC')::date AND day <= ($2::timestamptz AT TIME ZONE 'UTC')::date
   AND (cardinality($3::text[]) = 0 OR store_id = ANY ($3::text[]))
)sql");

}  // namespace

const api::FieldTable& TouchFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "store_id", .sql = "t.store_id"},
                 {.name = "visitor_id", .sql = "t.visitor_id", .nullable = true},
                 {.name = "kind",
                  .sql = "t.kind",
                  .type = api::FieldType::kEnum,
                  .enum_values = {{"TOUCH_KIND_PAGE_VIEW", "1"},
                                  {"TOUCH_KIND_CLICK", "2"},
                                  {"TOUCH_KIND_AD_VIEW", "3"},
                                  {"TOUCH_KIND_PRODUCT_VIEW", "4"},
                                  {"TOUCH_KIND_CUSTOM", "5"}}},
                 {.name = "name", .sql = "t.name"},
                 {.name = "source", .sql = "s.source"},
                 {.name = "medium", .sql = "s.medium"},
                 {.name = "channel", .sql = "s.channel"},
                 {.name = "campaign", .sql = "s.campaign"},
                 {.name = "bot", .sql = "t.bot", .type = api::FieldType::kBoolean},
                 {.name = "occur_time", .sql = "t.occur_time", .type = api::FieldType::kTime}},
      .id_sql = "t.id"};
  return kFields;
}

absl::StatusOr<v1::ListTouchpointsResponse> ListTouches(postgres::Tx& tx, const api::ListQuery& query,
                                                        const std::vector<std::string>& store_ids) {
  const api::SqlQuery select =
      query.Select(kTouchColumns, "touchpoint t JOIN traffic_source s ON s.id = t.traffic_source_id",
                   "(cardinality($1::text[]) = 0 OR t.store_id = ANY ($1::text[]))", {postgres::Param(store_ids)});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
  v1::ListTouchpointsResponse response;
  for (int i = 0; i < query.PageRows(rows); ++i) *response.add_touchpoints() = TouchToProto(ReadTouch(rows[i], 0));
  response.set_next_page_token(query.NextPageToken(rows, kTouchColumnCount));
  return response;
}

absl::StatusOr<v1::CountTouchpointsResponse> CountTouches(postgres::Tx& tx, const CountQuery& query) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kCountTouches, query.from, query.until, query.store_ids));
  v1::CountTouchpointsResponse response;
  for (int i = 0; i < rows.size(); ++i) {
    v1::TouchCount& count = *response.add_counts();
    count.set_store_id(rows[i].Get<std::string>(0));
    count.set_kind(static_cast<v1::TouchKind>(rows[i].Get<int>(1)));
    count.set_channel(rows[i].Get<std::string>(2));
    count.set_count(rows[i].Get<std::int64_t>(3));
    count.set_bot_count(rows[i].Get<std::int64_t>(4));
    count.set_anonymous_count(rows[i].Get<std::int64_t>(5));
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result dropped,
                         tx.Execute(kSumDropped, query.from, query.until, query.store_ids));
  response.set_dropped_count(dropped[0].Get<std::int64_t>(0));
  return response;
}

}  // namespace esnaf::attribution
