#include "services/attribution/credit/credit_store.h"

#include "libs/base/macros.h"

namespace esnaf::attribution {
namespace {

constexpr char kSettingsSql[] =
    "SELECT first_click_days, first_view_days, repeat_click_days, repeat_view_days, half_life_days, markov_order, "
    "time_zone, version, update_time FROM attribution_settings";
const postgres::Statement kGetSettings("attribution", "get_settings", kSettingsSql);
const std::string kLockSettingsSql = absl::StrCat(kSettingsSql, " FOR UPDATE");
const postgres::Statement kLockSettings("attribution", "lock_settings", kLockSettingsSql.c_str());

const postgres::Statement kUpdateSettings("attribution", "update_settings", R"sql(
UPDATE attribution_settings
   SET first_click_days = $1::int, first_view_days = $2::int, repeat_click_days = $3::int, repeat_view_days = $4::int,
       half_life_days = $5::float8, markov_order = $6::int, time_zone = $7::text, version = $8::bigint,
       update_time = $9::timestamptz
)sql");

const postgres::Statement kSupersede("attribution", "supersede_credits", R"sql(
WITH old AS (DELETE FROM credit WHERE order_id = ANY ($1::uuid[]) RETURNING *)
INSERT INTO superseded_credit SELECT old.*, $2::timestamptz FROM old
)sql");

const postgres::Statement kInsertCredits("attribution", "insert_credits", R"sql(
INSERT INTO credit (model, order_id, position, touchpoint_id, traffic_source_id, store_id, currency_code, day,
                    new_customer, share, revenue_minor, net_minor, cost_minor, known_from)
SELECT *, $14::timestamptz
  FROM unnest($1::smallint[], $2::uuid[], $3::smallint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::date[],
              $9::boolean[], $10::int[], $11::bigint[], $12::bigint[], $13::bigint[])
)sql");

const postgres::Statement kMarkCredited("attribution", "mark_credited", R"sql(
WITH input AS (
  SELECT * FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
    AS i (order_id, number, digest, reason, revenue_minor, net_minor, cost_minor)
), told AS (
  INSERT INTO restatement (order_id, number, restate_time, reason, revenue_minor, net_minor, cost_minor)
  SELECT order_id, number, $8::timestamptz, reason, revenue_minor, net_minor, cost_minor FROM input
)
UPDATE conversion c SET credit_number = i.number, credit_digest = i.digest, change_reason = NULL
  FROM input i WHERE i.order_id = c.order_id
)sql");

const postgres::Statement kListRestatements("attribution", "list_restatements", R"sql(
SELECT restate_time, reason, revenue_minor, net_minor, cost_minor FROM restatement WHERE order_id = $1 ORDER BY number
)sql");

SettingsRecord ReadSettings(const postgres::Row& row) {
  return {.settings = {.first_order = {row.Get<int>(0), row.Get<int>(1)},
                       .repeat_order = {row.Get<int>(2), row.Get<int>(3)},
                       .half_life_days = row.Get<double>(4),
                       .markov_order = row.Get<int>(5),
                       .time_zone = row.Get<std::string>(6)},
          .version = row.Get<std::int64_t>(7),
          .update_time = row.Get<Time>(8)};
}

// Under which orders without a touch stand.
constexpr int kEveryModel = 0;

// The rows of `credit`, column by column.
class CreditRows {
 public:
  void Add(const CreditWrite& write) {
    for (const ModelCredits& model : write.credit.models) {
      for (const Credit& credit : model.credits) {
        const std::size_t touch = write.credit.path[credit.touch];
        AddRow(write, static_cast<int>(model.model), credit.touch, &(*write.touches)[touch], credit.share,
               credit.amounts);
      }
    }
    if (!write.credit.models.empty()) return;
    AddRow(write, kEveryModel, 0, nullptr, write.credit.share, write.conversion.amounts);
  }

  absl::Status Insert(postgres::Tx& tx, Time now) const {
    if (models_.empty()) return absl::OkStatus();
    return tx
        .Execute(kInsertCredits, models_, orders_, positions_, touches_, sources_, stores_, currencies_, days_,
                 new_customers_, shares_, revenues_, nets_, costs_, now)
        .status();
  }

 private:
  void AddRow(const CreditWrite& write, int model, std::size_t position, const Touchpoint* touch, std::int64_t share,
              const Amounts& amounts) {
    // What was cancelled earns nobody anything; its history says what it did.
    if (share == 0 && amounts == Amounts()) return;
    models_.push_back(model);
    orders_.push_back(write.conversion.order_id);
    positions_.push_back(static_cast<int>(position));
    touches_.push_back(touch == nullptr ? std::nullopt : std::optional(touch->id));
    sources_.push_back(touch == nullptr ? std::nullopt : std::optional(touch->traffic.id));
    stores_.push_back(write.conversion.store_id);
    currencies_.push_back(write.conversion.currency_code);
    days_.push_back(write.day);
    new_customers_.push_back(write.credit.new_customer);
    shares_.push_back(share);
    revenues_.push_back(amounts.revenue);
    nets_.push_back(amounts.net);
    costs_.push_back(amounts.cost);
  }

  std::vector<int> models_, positions_;
  std::vector<Uuid> orders_;
  std::vector<std::optional<Uuid>> touches_, sources_;
  std::vector<std::string> stores_, currencies_;
  std::vector<Date> days_;
  std::vector<bool> new_customers_;
  std::vector<std::int64_t> shares_, revenues_, nets_, costs_;
};

}  // namespace

absl::StatusOr<SettingsRecord> GetSettings(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kGetSettings));
  return ReadSettings(rows[0]);
}

absl::StatusOr<SettingsRecord> LockSettings(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockSettings));
  return ReadSettings(rows[0]);
}

absl::Status UpdateSettings(postgres::Tx& tx, const SettingsRecord& record) {
  const CreditSettings& settings = record.settings;
  return tx
      .Execute(kUpdateSettings, settings.first_order.click_days, settings.first_order.view_days,
               settings.repeat_order.click_days, settings.repeat_order.view_days, settings.half_life_days,
               settings.markov_order, settings.time_zone, record.version, record.update_time)
      .status();
}

absl::Status WriteCredits(postgres::Tx& tx, const std::vector<CreditWrite>& writes, Time now) {
  if (writes.empty()) return absl::OkStatus();
  std::vector<Uuid> orders, restated, digests;
  std::vector<int> numbers;
  std::vector<std::string> reasons;
  std::vector<std::int64_t> revenues, nets, costs;
  CreditRows rows;
  for (const CreditWrite& write : writes) {
    if (write.number > 1) restated.push_back(write.conversion.order_id);
    orders.push_back(write.conversion.order_id);
    numbers.push_back(write.number);
    digests.push_back(write.digest);
    reasons.push_back(write.reason);
    revenues.push_back(write.conversion.amounts.revenue);
    nets.push_back(write.conversion.amounts.net);
    costs.push_back(write.conversion.amounts.cost);
    rows.Add(write);
  }
  if (!restated.empty()) ESNAF_RETURN_IF_ERROR(tx.Execute(kSupersede, restated, now).status());
  ESNAF_RETURN_IF_ERROR(rows.Insert(tx, now));
  return tx.Execute(kMarkCredited, orders, numbers, digests, reasons, revenues, nets, costs, now).status();
}

absl::StatusOr<std::vector<RestatementRecord>> ListRestatements(postgres::Tx& tx, const Uuid& order) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListRestatements, order));
  std::vector<RestatementRecord> records;
  for (int i = 0; i < rows.size(); ++i) {
    records.push_back({rows[i].Get<Time>(0),
                       rows[i].Get<std::string>(1),
                       {.revenue = rows[i].Get<std::int64_t>(2),
                        .net = rows[i].Get<std::int64_t>(3),
                        .cost = rows[i].Get<std::int64_t>(4)}});
  }
  return records;
}

}  // namespace esnaf::attribution
