#include "services/segmentation/value/value_fitter.h"

#include <algorithm>
#include <cmath>
#include <thread>
#include <unordered_map>

#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/base/money.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/segments/membership_updater.h"
#include "services/segmentation/value/value_ledger_store.h"
#include "services/segmentation/value/value_list_store.h"
#include "services/segmentation/value/value_news.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kRowsAtOnce = 2000;
// Beyond a few threads a fit waits for memory.
constexpr unsigned kMostThreads = 4;
// A list whose maker has said nothing for so long may be made by somebody else.
constexpr std::chrono::minutes kMakerGone{15};
// Counting so many orders costs next to nothing.
constexpr std::int64_t kCountedAtOnce = 100'000;
constexpr postgres::TxOptions kRead{.autocommit = true, .read_only = true};

int Threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads)); }

// Whether a model's list is of an older fit or an older day.
absl::StatusOr<bool> ListIsOld(const ValueModelRecord& record, Time now) {
  if (record.fit_number == 0) return false;
  if (!record.list.list_time || record.list.fit_number != record.fit_number) return true;
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(record.model.time_zone));
  return zone.LocalDate(*record.list.list_time) != zone.LocalDate(now);
}

ListedValue ValueOf(const Reading& reading, const Fit& fit, const PersonLedger& person) {
  const CustomerValue value = ValueCustomer(reading.model, &fit, reading.minor_per_unit, person.days, person.totals,
                                            reading.as_of, reading.model.horizon_days);
  return {.contact_id = person.contact_id,
          .clv_minor = std::llround(value.prediction->clv_minor),
          .churn_probability = value.churn_probability.value_or(0),
          .churn_method = value.churn_method,
          .expected_purchases = value.prediction->expected_orders,
          .value_minor = value.historic.value_minor,
          .purchase_count = value.purchase_days,
          .last_day = value.last_day,
          .next_day = value.next_order_day,
          .mean_gap_days = value.mean_gap_days};
}

// Hands everybody's values to `take`, some at a time.
absl::Status ForEachValue(postgres::Tx& tx, const FitRecord& fit, Time as_of, Time until,
                          const std::function<absl::Status(const std::vector<ListedValue>&)>& take) {
  ESNAF_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(tx, fit.model, as_of, until));
  std::vector<ListedValue> values;
  ESNAF_RETURN_IF_ERROR(
      ForEachLedger(tx, reading.filter, reading.model.time_zone, [&](const PersonLedger& person) -> absl::Status {
        if (!PatternAsOf(person.days, reading.as_of)) return absl::OkStatus();
        values.push_back(ValueOf(reading, fit.fit, person));
        if (values.size() < kRowsAtOnce) return absl::OkStatus();
        ESNAF_RETURN_IF_ERROR(take(values));
        values.clear();
        return absl::OkStatus();
      }));
  return values.empty() ? absl::OkStatus() : take(values);
}

// As of now, orders count that clocks of shops place within the next minutes (see Reference).
Time Until(Time now) { return Reference::Now(now).count_until; }

absl::Status FitIfNeeded(postgres::Connection& connection, const ValueModelRecord& record, std::int64_t purchases,
                         Time now) {
  if (!NeedsFit(record.model, record.version, record.last, purchases, now)) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const bool mine, connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
    return ClaimFit(tx, record, purchases, now);
  }));
  if (!mine) return absl::OkStatus();
  absl::StatusOr<FitRecord> fit =
      connection.Run({.read_only = true, .isolation = postgres::Isolation::kRepeatableRead},
                     [&](postgres::Tx& tx) { return RunFit(tx, record, now, Until(now), now); });
  // Too little to fit by is no failure: there is nothing to do until the ledger grows.
  if (fit.status().code() == absl::StatusCode::kFailedPrecondition) return absl::OkStatus();
  if (!fit.ok()) return fit.status();
  ESNAF_ASSIGN_OR_RETURN(const FitRecord stored,
                         connection.Run({}, [&](postgres::Tx& tx) { return AppendFit(tx, *fit, purchases); }));
  LogInfo("fitted a model of value", {{"model", record.model.id}, {"fit", absl::StrCat(stored.number)}});
  return absl::OkStatus();
}

// How everybody stands among all, seen from how they stood before.
void SetStandings(const std::unordered_map<Uuid, ValueStanding>& before,
                  std::vector<std::vector<ListedValue>>& chunks) {
  std::vector<std::int64_t> clvs;
  for (const std::vector<ListedValue>& chunk : chunks) {
    for (const ListedValue& value : chunk) clvs.push_back(value.clv_minor);
  }
  const ValueBorders borders = BordersOf(std::move(clvs));
  for (std::vector<ListedValue>& chunk : chunks) {
    for (ListedValue& value : chunk) {
      const auto known = before.find(value.contact_id);
      const ValueStanding old = known == before.end() ? ValueStanding() : known->second;
      value.standing = {.churn_risk = RiskOf(value.churn_method, value.churn_probability, old.churn_risk),
                        .value_band = BandOf(value.clv_minor, borders, old.value_band)};
    }
  }
}

// Makes a list in many small transactions: reading takes long, and writing holds back the feeds.
absl::Status ListIfNeeded(postgres::Connection& connection, const std::string& model_id, Time now) {
  // What a maker left who did not finish.
  ESNAF_RETURN_IF_ERROR(TellValueChanges(connection, model_id, now));
  ESNAF_ASSIGN_OR_RETURN(const FittedModel fitted,
                         connection.Run(kRead, [&](postgres::Tx& tx) { return GetFittedModel(tx, model_id, 0); }));
  const ValueModelRecord& record = fitted.record;
  ESNAF_ASSIGN_OR_RETURN(const bool old, ListIsOld(record, now));
  const bool somebody_does = record.list.attempt_time && now - *record.list.attempt_time < kMakerGone &&
                             record.list.attempt_time > record.list.list_time;
  if (!old || somebody_does || !fitted.fit) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const bool mine, connection.Run({.autocommit = true},
                                                         [&](postgres::Tx& tx) { return ClaimList(tx, record, now); }));
  if (!mine) return absl::OkStatus();
  std::vector<std::vector<ListedValue>> chunks;
  std::unordered_map<Uuid, ValueStanding> before;
  ESNAF_RETURN_IF_ERROR(connection.Run(
      {.read_only = true, .isolation = postgres::Isolation::kRepeatableRead}, [&](postgres::Tx& tx) -> absl::Status {
        chunks.clear();
        ESNAF_ASSIGN_OR_RETURN(before, StandingsIn(tx, model_id, record.list.number));
        return ForEachValue(tx, *fitted.fit, now, Until(now), [&](const std::vector<ListedValue>& some) {
          chunks.push_back(some);
          return absl::OkStatus();
        });
      }));
  SetStandings(before, chunks);
  const auto delete_others = [&](std::int64_t kept) -> absl::Status {
    while (true) {
      ESNAF_ASSIGN_OR_RETURN(const std::int64_t deleted, connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
        return DeleteOtherLists(tx, model_id, kept, kRowsAtOnce);
      }));
      if (deleted == 0) return absl::OkStatus();
    }
  };
  ESNAF_RETURN_IF_ERROR(delete_others(record.list.number));
  const std::int64_t number = record.list.number + 1;
  for (const std::vector<ListedValue>& chunk : chunks) {
    ESNAF_RETURN_IF_ERROR(
        connection.Run({}, [&](postgres::Tx& tx) { return CopyValues(tx, model_id, number, chunk); }));
  }
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(SetList(tx, model_id, number, fitted.fit->number, now));
    return model_id == kDefaultValueModelId ? ValuesReplaced(tx) : absl::OkStatus();
  }));
  ESNAF_RETURN_IF_ERROR(TellValueChanges(connection, model_id, now));
  return delete_others(number);
}

}  // namespace

absl::Status EnsureDefaultValueModel(postgres::Connection& connection, Time now) {
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) -> absl::Status {
    return InsertValueModel(tx, DefaultValueModel(), now).status();
  });
}

absl::StatusOr<Reading> ReadingOf(postgres::Tx& tx, const ValueModel& model, Time as_of, Time until) {
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(model.time_zone));
  Reading reading{.model = model};
  if (model.currency_code.empty()) {
    ESNAF_ASSIGN_OR_RETURN(reading.model.currency_code, MostFrequentCurrency(tx, model.store_id));
  }
  if (const auto currency = Currency::Parse(reading.model.currency_code); currency.ok()) {
    reading.minor_per_unit = std::pow(10, currency->exponent());
  }
  const Date day = zone.LocalDate(as_of);
  reading.as_of = DayNumberOf(day);
  reading.filter = {.store_id = model.store_id,
                    .currency_code = reading.model.currency_code,
                    .basis = model.value_basis,
                    .from = std::nullopt,
                    .until = until};
  if (model.window_days > 0) reading.filter.from = zone.StartOfDay(DateOf(reading.as_of - model.window_days));
  return reading;
}

absl::StatusOr<FitRecord> RunFit(postgres::Tx& tx, const ValueModelRecord& record, Time as_of, Time until, Time now) {
  const auto begin = std::chrono::steady_clock::now();
  ESNAF_ASSIGN_OR_RETURN(const Reading reading, ReadingOf(tx, record.model, as_of, until));
  // How much is held out depends on how many days there are, which are known after a first look.
  DayNumber first = reading.as_of;
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Time> first_time, FirstPurchaseTime(tx, reading.filter));
  if (first_time) {
    ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(reading.model.time_zone));
    first = DayNumberOf(zone.LocalDate(*first_time));
  }
  Fitter fitter(reading.model, reading.as_of, HoldoutDays(reading.model, reading.as_of - first), reading.minor_per_unit,
                Threads());
  ESNAF_RETURN_IF_ERROR(ForEachLedger(tx, reading.filter, reading.model.time_zone, [&](const PersonLedger& person) {
    fitter.Add(person.days);
    return absl::OkStatus();
  }));
  FitRecord fit{.model = reading.model, .model_version = record.version, .as_of = as_of, .fit_time = now};
  ESNAF_ASSIGN_OR_RETURN(fit.fit, fitter.Run());
  fit.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
  return fit;
}

absl::Status ValueKeeper::Tick(postgres::Connection& connection, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<ValueModelRecord> records,
                         connection.Run(kRead, [](postgres::Tx& tx) { return ListValueModels(tx); }));
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t purchases, Purchases(connection, now));
  for (const ValueModelRecord& record : records) {
    ESNAF_RETURN_IF_ERROR(FitIfNeeded(connection, record, purchases, now));
    ESNAF_RETURN_IF_ERROR(ListIfNeeded(connection, record.model.id, now));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> ValueKeeper::Purchases(postgres::Connection& connection, Time now) {
  if (purchases_ > kCountedAtOnce && now - *count_time_ < std::chrono::minutes(1)) return purchases_;
  ESNAF_ASSIGN_OR_RETURN(purchases_, connection.Run(kRead, [](postgres::Tx& tx) { return CountPurchases(tx); }));
  count_time_ = now;
  return purchases_;
}

}  // namespace esnaf::segmentation
