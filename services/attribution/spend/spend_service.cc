#include "services/attribution/spend/spend_service.h"

#include <set>

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/attribution/spend/spend_store.h"
#include "services/attribution/spend/spend_wire.h"

namespace esnaf::attribution {
namespace {

using runtime::Call;
using Writes = runtime::Call::Writes;

constexpr std::size_t kMaxFileNameBytes = 500;

absl::Status CheckStore(const Call& call, const std::string& store_id) {
  if (store_id.empty()) return InvalidField("store_id", "is required");
  if (call.caller().MaySee(store_id)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is limited to other stores",
                   {{"store_id", store_id}});
}

// A report on its way into the store.
struct Import {
  v1::AdSpendImport answer;  // what is told of it
  std::vector<SpendRow> rows;
  Currency currency;  // the store's
  Date first;
  Date last;
};

// Everything that needs no database.
absl::StatusOr<Import> ReadImport(const Call& call, const v1::ImportAdSpendRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const SpendReadOptions options, ReadOptions(request));
  ESNAF_ASSIGN_OR_RETURN(const std::string content, ReadContent(request));
  if (request.file_name().size() > kMaxFileNameBytes) return InvalidField("file_name", "is longer than 500 bytes");
  absl::StatusOr<SpendReading> reading = ReadSpend(content, options);
  if (!reading.ok()) return InvalidField("content", std::string(reading.status().message()));
  if (!request.skip_bad_lines()) ESNAF_RETURN_IF_ERROR(BadLines(*reading));
  Import import;
  ESNAF_ASSIGN_OR_RETURN(import.answer, ToWire(*reading));
  ESNAF_ASSIGN_OR_RETURN(*import.answer.mutable_platform(), ReadPlatform(request, reading->format));
  ESNAF_ASSIGN_OR_RETURN(import.rows, JoinSpendRows(std::move(reading->rows)));
  import.answer.set_store_id(request.store_id());
  import.answer.set_file_name(request.file_name());
  import.answer.set_content_sha256(Sha256Hex(content));
  import.answer.set_actor(call.caller().actor);
  *import.answer.mutable_import_time() = api::ToProto(call.now());
  std::set<std::string> accounts;
  for (const SpendRow& row : import.rows) accounts.insert(row.account_id);
  for (const std::string& account : accounts) import.answer.add_account_ids(account);
  if (!import.rows.empty()) {
    // They are in the order of their days.
    import.first = import.rows.front().day;
    import.last = import.rows.back().day;
    import.answer.set_first_day(FormatDate(import.first));
    import.answer.set_last_day(FormatDate(import.last));
  }
  import.answer.set_stored_count(static_cast<std::int64_t>(import.rows.size()));
  return import;
}

absl::StatusOr<std::vector<StoredSpend>> Convert(postgres::Tx& tx, const Import& import, v1::AdSpendImport& answer) {
  std::vector<StoredSpend> converted;
  std::int64_t sum = 0;
  if (!import.rows.empty()) {
    ESNAF_ASSIGN_OR_RETURN(const RateTable rates, LoadRates(tx, import.currency, import.first, import.last));
    converted.reserve(import.rows.size());
    for (const SpendRow& row : import.rows) {
      ESNAF_ASSIGN_OR_RETURN(const Money cost, rates.Convert(row.cost, row.currency, import.currency, row.day));
      ESNAF_ASSIGN_OR_RETURN(sum, CheckedAdd(sum, cost.minor));
      converted.push_back({row, cost});
    }
  }
  *answer.mutable_store_cost() = api::ToProto(Money{sum, import.currency});
  return converted;
}

absl::StatusOr<v1::AdSpendImport> Store(postgres::Tx& tx, const Import& import, Time now) {
  v1::AdSpendImport answer = import.answer;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<StoredSpend> rows, Convert(tx, import, answer));
  answer.set_id(Uuid::NewV7(now).ToString());
  const SpendDays days = DaysOf(import.rows);
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t replaced,
                         SupersedeSpend(tx, answer.store_id(), answer.platform(), days, now));
  answer.set_replaced_count(replaced);
  ESNAF_RETURN_IF_ERROR(InsertSpendImport(tx, answer, now));
  ESNAF_RETURN_IF_ERROR(InsertSpend(tx, answer, rows, now));
  if (replaced > 0) ESNAF_RETURN_IF_ERROR(KeepKnownSpend(tx, answer.store_id(), answer.platform(), days, now));
  return answer;
}

absl::StatusOr<v1::AdSpendImport> Rehearse(postgres::Tx& tx, const Import& import) {
  v1::AdSpendImport answer = import.answer;
  ESNAF_RETURN_IF_ERROR(Convert(tx, import, answer).status());
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t replaced,
                         CountSpend(tx, answer.store_id(), answer.platform(), DaysOf(import.rows)));
  answer.set_replaced_count(replaced);
  return answer;
}

const api::FieldTable& SpendFields() {
  using api::FieldType;
  static const api::FieldTable kFields{{{"day", "to_char(s.day, 'YYYY-MM-DD')"},
                                        {"platform", "s.platform"},
                                        {"account_id", "s.account_id"},
                                        {"campaign_id", "s.campaign_id"},
                                        {"campaign", "s.campaign"},
                                        {"ad_group_id", "s.ad_group_id"},
                                        {"ad_group", "s.ad_group"},
                                        {"ad_id", "s.ad_id"},
                                        {"keyword", "s.keyword"},
                                        {"search_query", "s.search_query"},
                                        {"impressions", "s.impressions", FieldType::kInteger},
                                        {"clicks", "s.clicks", FieldType::kInteger},
                                        {"cost.minor", "s.cost_units", FieldType::kInteger}},
                                       "s.id"};
  return kFields;
}

const api::FieldTable& ImportFields() {
  static const api::FieldTable kFields{{{"import_time", "import_time", api::FieldType::kTime}}, "id"};
  return kFields;
}

const api::FieldTable& RateFields() {
  static const api::FieldTable kFields{{{"day", "to_char(day, 'YYYY-MM-DD')"}}, "id"};
  return kFields;
}

}  // namespace

runtime::RpcService AdSpendService::Rpcs() {
  runtime::RpcService rpcs("esnaf.attribution.v1.AdSpendService");
  rpcs.Unary("ImportAdSpend", this, &AdSpendService::ImportAdSpend)
      .Unary("ListAdSpend", this, &AdSpendService::ListAdSpend)
      .Unary("SummarizeAdSpend", this, &AdSpendService::SummarizeAdSpend)
      .Unary("ListAdSpendImports", this, &AdSpendService::ListAdSpendImports);
  return rpcs;
}

absl::StatusOr<v1::AdSpendImport> AdSpendService::ImportAdSpend(Call& call, const v1::ImportAdSpendRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(Import import, ReadImport(call, request));
  ESNAF_ASSIGN_OR_RETURN(import.currency, store_currency_(call, request.store_id()));
  if (request.validate_only()) {
    return call.ReadSnapshot([&](postgres::Tx& tx) { return Rehearse(tx, import); });
  }
  return call.Mutate<v1::AdSpendImport>(request, Writes::kTransaction,
                                        [&](postgres::Tx& tx) { return Store(tx, import, call.now()); });
}

absl::StatusOr<v1::ListAdSpendResponse> AdSpendService::ListAdSpend(Call& call, const v1::ListAdSpendRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const DayRange days, ReadDays(request.first_day(), request.last_day()));
  ESNAF_ASSIGN_OR_RETURN(const auto query,
                         api::ListQuery::Parse(request, SpendFields(), {.default_order = "day, campaign"}));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListAdSpendResponse> {
    const api::SqlQuery sql =
        query.Select(kSpendColumns, "ad_spend s", "store_id = $1 AND day BETWEEN $2::date AND $3::date",
                     {request.store_id(), days.first, days.last});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListAdSpendResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(*response.add_rows(), ReadSpendRow(rows[i]));
    }
    response.set_next_page_token(query.NextPageToken(rows, kSpendColumnCount));
    return response;
  });
}

absl::StatusOr<v1::SummarizeAdSpendResponse> AdSpendService::SummarizeAdSpend(
    Call& call, const v1::SummarizeAdSpendRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const DayRange days, ReadDays(request.first_day(), request.last_day()));
  if (!v1::SpendGrouping_IsValid(request.grouping())) return InvalidField("grouping", "names no grouping");
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::SummarizeAdSpendResponse> {
    v1::SummarizeAdSpendResponse response;
    ESNAF_ASSIGN_OR_RETURN(const auto sums,
                           SumSpend(tx, request.store_id(), days.first, days.last, request.grouping()));
    for (const v1::AdSpendSum& sum : sums) *response.add_sums() = sum;
    ESNAF_ASSIGN_OR_RETURN(const auto totals, TotalSpend(tx, request.store_id(), days.first, days.last));
    for (const Money& total : totals) *response.add_totals() = api::ToProto(total);
    return response;
  });
}

absl::StatusOr<v1::ListAdSpendImportsResponse> AdSpendService::ListAdSpendImports(
    Call& call, const v1::ListAdSpendImportsRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const auto query,
                         api::ListQuery::Parse(request, ImportFields(), {.default_order = "import_time desc"}));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListAdSpendImportsResponse> {
    const api::SqlQuery sql = query.Select("summary", "ad_spend_import", "store_id = $1", {request.store_id()});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListAdSpendImportsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      if (!response.add_imports()->ParseFromString(rows[i].Get<postgres::Bytes>(0).data)) {
        return absl::DataLossError("an import on record cannot be read");
      }
    }
    response.set_next_page_token(query.NextPageToken(rows, 1));
    return response;
  });
}

runtime::RpcService CurrencyRateService::Rpcs() {
  runtime::RpcService rpcs("esnaf.attribution.v1.CurrencyRateService");
  rpcs.Unary("BatchUpsertCurrencyRates", this, &CurrencyRateService::BatchUpsertCurrencyRates)
      .Unary("ListCurrencyRates", this, &CurrencyRateService::ListCurrencyRates);
  return rpcs;
}

absl::StatusOr<v1::BatchUpsertCurrencyRatesResponse> CurrencyRateService::BatchUpsertCurrencyRates(
    Call& call, const v1::BatchUpsertCurrencyRatesRequest& request) {
  if (!call.caller().MaySee("")) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE",
                     "rates are those of every store, and the key is limited to some");
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<CurrencyRate> rates, ReadRates(request));
  return call.Mutate<v1::BatchUpsertCurrencyRatesResponse>(
      request, Writes::kSingleStatement, [&](postgres::Tx& tx) -> absl::StatusOr<v1::BatchUpsertCurrencyRatesResponse> {
        ESNAF_RETURN_IF_ERROR(UpsertRates(tx, rates, call.now()));
        v1::BatchUpsertCurrencyRatesResponse response;
        response.set_rate_count(static_cast<std::int32_t>(rates.size()));
        return response;
      });
}

absl::StatusOr<v1::ListCurrencyRatesResponse> CurrencyRateService::ListCurrencyRates(
    Call& call, const v1::ListCurrencyRatesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const auto query, api::ListQuery::Parse(request, RateFields(), {.default_order = "day desc"}));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListCurrencyRatesResponse> {
    const api::SqlQuery sql =
        query.Select("from_currency, to_currency, day, rate_nanos, source, update_time", "currency_rate",
                     "($1 = '' OR from_currency = $1) AND ($2 = '' OR to_currency = $2)",
                     {request.from_currency_code(), request.to_currency_code()});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListCurrencyRatesResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      v1::CurrencyRate& rate = *response.add_rates();
      rate.set_from_currency_code(rows[i].Get<std::string>(0));
      rate.set_to_currency_code(rows[i].Get<std::string>(1));
      rate.set_day(FormatDate(rows[i].Get<Date>(2)));
      rate.set_rate(FormatRate(rows[i].Get<std::int64_t>(3)));
      rate.set_source(rows[i].Get<std::string>(4));
      *rate.mutable_update_time() = api::ToProto(rows[i].Get<Time>(5));
    }
    response.set_next_page_token(query.NextPageToken(rows, 6));
    return response;
  });
}

}  // namespace esnaf::attribution
