#include "services/segmentation/value/value_news.h"

#include <optional>
#include <vector>

#include "esnaf/segmentation/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "libs/events/outbox.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/value/value_wire.h"

namespace esnaf::segmentation {
namespace {

constexpr int kChangesAtOnce = 2000;

const postgres::Statement kStandings("segmentation", "value_standings", R"sql(
SELECT contact_id, churn_risk, value_band FROM contact_value WHERE model_id = $1 AND list_number = $2
)sql");

const postgres::Statement kToTell("segmentation", "values_to_tell", R"sql(
SELECT m.tell_from_list, m.tell_cursor, m.list_number, m.list_time, m.body,
       coalesce(f.body::json -> 'model' ->> 'currencyCode', '')
  FROM value_model m LEFT JOIN value_fit f ON f.model_id = m.id AND f.number = m.list_fit_number
 WHERE m.id = $1 AND m.tell_from_list IS NOT NULL
)sql");

// Whoever had no standing before, in a list of that time, has not changed it.
const postgres::Statement kChanges("segmentation", "value_changes", R"sql(
SELECT n.contact_id, o.churn_risk, o.churn_probability, o.value_band, o.clv_minor,
       n.churn_risk, n.churn_probability, n.value_band, n.clv_minor
  FROM contact_value n
  JOIN contact_value o ON o.model_id = n.model_id AND o.list_number = $2 AND o.contact_id = n.contact_id
 WHERE n.model_id = $1 AND n.list_number = $3 AND n.contact_id > $4 AND o.value_band <> 0
   AND (n.churn_risk, n.value_band) <> (o.churn_risk, o.value_band)
 ORDER BY n.contact_id LIMIT $5
)sql");

const postgres::Statement kMoveOn("segmentation", "move_on_telling_values", R"sql(
UPDATE value_model SET tell_cursor = $3::uuid, tell_from_list = CASE WHEN $3 IS NOT NULL THEN tell_from_list END
 WHERE id = $1 AND tell_cursor = $2 AND list_number = $4 RETURNING 1
)sql");

struct Telling {
  std::int64_t from_list = 0;
  Uuid cursor;
  std::int64_t list = 0;
  Time list_time;
  std::string store_id;
  std::string currency_code;
};

absl::StatusOr<std::optional<Telling>> ReadTelling(postgres::Tx& tx, const std::string& model_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kToTell, model_id));
  if (rows.empty()) return std::nullopt;
  const postgres::Row row = rows[0];
  Telling telling{.from_list = row.Get<std::int64_t>(0), .cursor = row.Get<Uuid>(1)};
  telling.list = row.Get<std::int64_t>(2);
  telling.list_time = row.Get<Time>(3);
  ESNAF_ASSIGN_OR_RETURN(const ValueModel model, ValueModelFromJson(row.Text(4)));
  telling.store_id = model.store_id;
  telling.currency_code = row.Get<std::string>(5);
  return std::optional(std::move(telling));
}

void ReadStanding(const postgres::Row& row, int first, v1::ValueStanding* standing) {
  standing->set_churn_risk(static_cast<v1::ChurnRisk>(row.Get<int>(first)));
  standing->set_churn_probability(row.Get<double>(first + 1));
  standing->set_value_band(static_cast<v1::ValueBand>(row.Get<int>(first + 2)));
  standing->set_clv_minor(row.Get<std::int64_t>(first + 3));
}

events::NewEvent EventOf(const std::string& model_id, const Telling& telling, const postgres::Row& row, Time now) {
  v1::CustomerValueChanged changed;
  changed.set_contact_id(row.Get<Uuid>(0).ToString());
  changed.set_value_model_id(model_id);
  changed.set_store_id(telling.store_id);
  changed.set_currency_code(telling.currency_code);
  ReadStanding(row, 1, changed.mutable_from());
  ReadStanding(row, 5, changed.mutable_to());
  *changed.mutable_as_of_time() = api::ToProto(telling.list_time);
  const Uuid aggregate = Uuid::FromName("esnaf.segmentation.contact_value", model_id + ":" + changed.contact_id());
  return events::MakeEvent(OwnCause(now).actor, now, "contact_value", aggregate, telling.list, changed,
                           telling.list_time);
}

}  // namespace

absl::StatusOr<std::unordered_map<Uuid, ValueStanding>> StandingsIn(postgres::Tx& tx, const std::string& model_id,
                                                                    std::int64_t list_number) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kStandings, model_id, list_number));
  std::unordered_map<Uuid, ValueStanding> standings;
  for (int i = 0; i < rows.size(); ++i) {
    standings[rows[i].Get<Uuid>(0)] = {.churn_risk = static_cast<ChurnRisk>(rows[i].Get<int>(1)),
                                       .value_band = static_cast<ValueBand>(rows[i].Get<int>(2))};
  }
  return standings;
}

absl::Status TellValueChanges(postgres::Connection& connection, const std::string& model_id, Time now) {
  const postgres::TxOptions read{.autocommit = true, .read_only = true};
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Telling> telling,
                           connection.Run(read, [&](postgres::Tx& tx) { return ReadTelling(tx, model_id); }));
    if (!telling) return absl::OkStatus();
    // Lists never change, so they are read before the transaction that writes begins.
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, connection.Run(read, [&](postgres::Tx& tx) {
      return tx.Execute(kChanges, model_id, telling->from_list, telling->list, telling->cursor, kChangesAtOnce);
    }));
    std::optional<Uuid> cursor;
    if (rows.size() == kChangesAtOnce) cursor = rows[rows.size() - 1].Get<Uuid>(0);
    std::vector<events::NewEvent> events;
    for (int i = 0; i < rows.size(); ++i) events.push_back(EventOf(model_id, *telling, rows[i], now));
    ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
      ESNAF_ASSIGN_OR_RETURN(const postgres::Result moved,
                             tx.Execute(kMoveOn, model_id, telling->cursor, cursor, telling->list));
      // Where another replica was quicker it has told of these.
      return moved.empty() || events.empty() ? absl::OkStatus() : events::Append(tx, events);
    }));
  }
}

}  // namespace esnaf::segmentation
