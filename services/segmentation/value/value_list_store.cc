#include "services/segmentation/value/value_list_store.h"

#include "libs/base/macros.h"

namespace esnaf::segmentation {

const char kListedColumns[] =
    "v.contact_id, v.clv_minor, v.churn_probability, v.churn_method, v.expected_purchases, v.value_minor, "
    "v.purchase_count, v.last_purchase_date";

namespace {

const postgres::Statement kSetList("segmentation", "set_value_list", R"sql(
UPDATE value_model SET tell_from_list = CASE WHEN list_number > 0 THEN list_number END,
                       tell_cursor = CASE WHEN list_number > 0 THEN $5::uuid END,
                       list_number = $2, list_fit_number = $3, list_time = $4
 WHERE id = $1
)sql");

const postgres::Statement kDeleteOtherLists("segmentation", "delete_other_value_lists", R"sql(
DELETE FROM contact_value WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM contact_value WHERE model_id = $1 AND list_number <> $2::bigint LIMIT $3::int))
)sql");

}  // namespace

absl::Status CopyValues(postgres::Tx& tx, const std::string& model_id, std::int64_t list_number,
                        const std::vector<ListedValue>& values) {
  std::vector<std::vector<postgres::Param>> rows;
  rows.reserve(values.size());
  for (const ListedValue& value : values) {
    rows.push_back({model_id, list_number, value.contact_id, value.clv_minor, value.churn_probability,
                    static_cast<int>(value.churn_method), value.expected_purchases, value.value_minor,
                    value.purchase_count, DateOf(value.last_day), static_cast<int>(value.standing.churn_risk),
                    static_cast<int>(value.standing.value_band),
                    value.next_day ? std::optional(DateOf(*value.next_day)) : std::nullopt, value.mean_gap_days});
  }
  return tx.Copy("contact_value",
                 {"model_id", "list_number", "contact_id", "clv_minor", "churn_probability", "churn_method",
                  "expected_purchases", "value_minor", "purchase_count", "last_purchase_date", "churn_risk",
                  "value_band", "next_purchase_date", "mean_gap_days"},
                 rows);
}

absl::Status SetList(postgres::Tx& tx, const std::string& model_id, std::int64_t list_number, std::int64_t fit_number,
                     Time list_time) {
  ESNAF_RETURN_IF_ERROR(tx.Execute(kSetList, model_id, list_number, fit_number, list_time, Uuid()).status());
  // Every row is new. The planner learns of it now and not in a minute: until then it would read the whole list for
  // each person whose values are asked for.
  return tx.ExecuteDynamic("ANALYZE contact_value", {}).status();
}

absl::StatusOr<std::int64_t> DeleteOtherLists(postgres::Tx& tx, const std::string& model_id, std::int64_t list_number,
                                              int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kDeleteOtherLists, model_id, list_number, limit));
  return rows.affected_rows();
}

ListedValue ReadListed(const postgres::Row& row) {
  return {.contact_id = row.Get<Uuid>(0),
          .clv_minor = row.Get<std::int64_t>(1),
          .churn_probability = row.Get<double>(2),
          .churn_method = static_cast<ChurnMethod>(row.Get<int>(3)),
          .expected_purchases = row.Get<double>(4),
          .value_minor = row.Get<std::int64_t>(5),
          .purchase_count = row.Get<int>(6),
          .last_day = DayNumberOf(row.Get<Date>(7))};
}

}  // namespace esnaf::segmentation
