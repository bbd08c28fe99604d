#include "services/orders/connectors/storefront_store.h"

#include "libs/base/macros.h"

namespace esnaf::orders {
namespace {

const postgres::Statement kAdvanceMark("orders", "advance_storefront_mark", R"sql(
INSERT INTO storefront_mark (store_id, kind, external_id, update_time, value) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (store_id, kind, external_id) DO UPDATE SET update_time = excluded.update_time, value = excluded.value
WHERE storefront_mark.update_time < excluded.update_time
RETURNING 1)sql");

const postgres::Statement kFindMark("orders", "find_storefront_mark", R"sql(
SELECT value FROM storefront_mark WHERE store_id = $1 AND kind = $2 AND external_id = $3)sql");

const postgres::Statement kInsertRequest("orders", "insert_storefront_request", R"sql(
INSERT INTO storefront_request (id, connector, store_id, topic, subject, delivery_external_id, receive_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (connector, store_id, delivery_external_id) DO NOTHING)sql");

}  // namespace

absl::StatusOr<bool> AdvanceMark(postgres::Tx& tx, std::string_view store_id, std::string_view kind,
                                 std::string_view external_id, Time update_time, std::string_view value) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kAdvanceMark, store_id, kind, external_id, update_time, value));
  return !rows.empty();
}

absl::StatusOr<std::optional<std::string>> FindMark(postgres::Tx& tx, std::string_view store_id, std::string_view kind,
                                                    std::string_view external_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindMark, store_id, kind, external_id));
  if (rows.empty()) return std::optional<std::string>();
  return std::optional(rows[0].Get<std::string>(0));
}

absl::Status InsertRequest(postgres::Tx& tx, const hooks::Delivery& delivery, std::string_view topic,
                           std::string_view subject, Time now) {
  return tx
      .Execute(kInsertRequest, Uuid::NewV7(now), delivery.connector, delivery.store_id, topic, subject,
               delivery.external_id, delivery.receive_time)
      .status();
}

}  // namespace esnaf::orders
