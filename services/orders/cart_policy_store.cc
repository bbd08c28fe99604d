#include "services/orders/cart_policy_store.h"

#include "libs/base/macros.h"

namespace esnaf::orders {
namespace {

const postgres::Statement kFindPolicies("orders", "find_cart_policies", R"sql(
SELECT s.id, s.currency, p.idle_minutes, p.expire_days, p.recovery_days, p.min_value, p.version, p.update_time
FROM store s LEFT JOIN cart_policy p ON p.store_id = s.id WHERE s.id = ANY($1::text[]))sql");

const postgres::Statement kWritePolicy("orders", "write_cart_policy", R"sql(
INSERT INTO cart_policy (store_id, idle_minutes, expire_days, recovery_days, min_value, version, update_time, check_after)
VALUES ($1, $2, $3, $4, $5, $6, $7, '00000000-0000-0000-0000-000000000000')
ON CONFLICT (store_id) DO UPDATE SET idle_minutes = excluded.idle_minutes, expire_days = excluded.expire_days,
  recovery_days = excluded.recovery_days, min_value = excluded.min_value, version = excluded.version,
  update_time = excluded.update_time, check_after = excluded.check_after)sql");

}  // namespace

absl::StatusOr<std::map<std::string, CartPolicy>> CartPolicyStore::Find(postgres::Tx& tx,
                                                                        const std::vector<std::string>& store_ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindPolicies, store_ids));
  std::map<std::string, CartPolicy> policies;
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    CartPolicy policy{.store_id = row.Get<std::string>(0)};
    ESNAF_ASSIGN_OR_RETURN(policy.currency, Currency::Parse(row.Text(1)));
    if (!row.IsNull(2)) {
      policy.idle_minutes = row.Get<int>(2);
      policy.expire_days = row.Get<int>(3);
      policy.recovery_days = row.Get<int>(4);
      policy.min_value = row.Get<std::int64_t>(5);
      policy.version = row.Get<std::int64_t>(6);
      policy.update_time = row.Get<Time>(7);
    }
    policies.emplace(policy.store_id, std::move(policy));
  }
  return policies;
}

absl::Status CartPolicyStore::Write(postgres::Tx& tx, const CartPolicy& policy) {
  return tx
      .Execute(kWritePolicy, policy.store_id, policy.idle_minutes, policy.expire_days, policy.recovery_days,
               policy.min_value, policy.version, policy.update_time)
      .status();
}

}  // namespace esnaf::orders
