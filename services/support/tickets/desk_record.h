#pragma once

// What a firm sets up for its agents (views, macros, automations): messages of the contract that are kept as they are,
// each with an order, a team and a version.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/stored_json.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/call.h"
#include "services/support/records.h"

namespace esnaf::support {

struct DeskRecord {
  std::string kind;  // `view`, `macro`, `automation`
  std::string id;
  int position = 0;
  std::string team;
  std::string body;  // JSON
  std::int64_t version = 1;
  Time create_time;
  Time update_time;
};

// RESOURCE_EXHAUSTED where there are `most` of the kind already; ALREADY_EXISTS where the id is taken.
absl::Status InsertDeskRecord(postgres::Tx& tx, const DeskRecord& record, int most);
absl::Status UpdateDeskRecord(postgres::Tx& tx, const DeskRecord& record);
absl::Status DeleteDeskRecord(postgres::Tx& tx, const std::string& kind, const std::string& id);
// NOT_FOUND where there is none; locked where it is about to change.
absl::StatusOr<DeskRecord> GetDeskRecord(postgres::Tx& tx, const std::string& kind, const std::string& id,
                                         bool lock = false);
// All of a kind in their order: those of everybody and of the team, where one is given.
absl::StatusOr<std::vector<DeskRecord>> ListDeskRecords(postgres::Tx& tx, const std::string& kind,
                                                        const std::string& team);

// Adds what is wrong with what every record has.
void CheckDeskRecord(const DeskRecord& record, const std::string& display_name, const std::string& field,
                     FieldViolations& violations);
// What lists select of `desk_record r`.
extern const char kDeskColumns[];
inline constexpr int kDeskColumnCount = 8;
DeskRecord ReadDeskRecord(const postgres::Row& row);
const api::FieldTable& DeskFields();

// The records of one kind as messages of their type.
template <typename Message>
class DeskRecords {
 public:
  using Check = void (*)(const Message& message, const std::string& field, FieldViolations& violations);
  // `what` is the kind and the name of the field in requests.
  DeskRecords(std::string what, int most, Check check) : what_(std::move(what)), most_(most), check_(check) {}

  template <typename Request>
  absl::StatusOr<Message> Create(runtime::Call& call, const Request& request, Message given) const {
    ESNAF_RETURN_IF_ERROR(CheckAllStores(call, what_ + "s"));
    DeskRecord record{.create_time = call.now(), .update_time = call.now()};
    ESNAF_RETURN_IF_ERROR(Take(std::move(given), record));
    return call.Mutate<Message>(request, runtime::Call::Writes::kTransaction,
                                [&](postgres::Tx& tx) -> absl::StatusOr<Message> {
                                  ESNAF_RETURN_IF_ERROR(InsertDeskRecord(tx, record, most_));
                                  return ToMessage(record);
                                });
  }
  absl::StatusOr<Message> Find(postgres::Tx& tx, const std::string& id) const {
    ESNAF_ASSIGN_OR_RETURN(const DeskRecord record, GetDeskRecord(tx, what_, id));
    return ToMessage(record);
  }
  template <typename Request>
  absl::StatusOr<Message> Get(runtime::Call& call, const Request& request) const {
    return call.Read([&](postgres::Tx& tx) { return Find(tx, request.id()); });
  }
  // Fills the page through `add`.
  template <typename Response, typename Request, typename Add>
  absl::StatusOr<Response> List(runtime::Call& call, const Request& request, Add add) const {
    ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                           api::ListQuery::Parse(request, DeskFields(), {.default_order = "position, id"}));
    std::string team;
    if constexpr (requires { request.team(); }) team = request.team();
    const api::SqlQuery sql =
        query.Select(kDeskColumns, "desk_record r", "r.kind = $1 AND ($2 = '' OR r.team IN ('', $2))", {what_, team});
    return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<Response> {
      ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
      Response response;
      for (int i = 0; i < query.PageRows(rows); ++i) {
        ESNAF_ASSIGN_OR_RETURN(Message message, ToMessage(ReadDeskRecord(rows[i])));
        *add(response) = std::move(message);
      }
      response.set_next_page_token(query.NextPageToken(rows, kDeskColumnCount));
      return response;
    });
  }
  template <typename Request>
  absl::StatusOr<Message> Update(runtime::Call& call, const Request& request, const Message& given) const {
    ESNAF_RETURN_IF_ERROR(CheckAllStores(call, what_ + "s"));
    const google::protobuf::FieldMask mask = api::ExpandMask(request.update_mask(), given);
    return call.Mutate<Message>(request, runtime::Call::Writes::kTransaction,
                                [&](postgres::Tx& tx) -> absl::StatusOr<Message> {
                                  ESNAF_ASSIGN_OR_RETURN(DeskRecord record, GetDeskRecord(tx, what_, given.id(), true));
                                  ESNAF_RETURN_IF_ERROR(CheckEtag(given.etag(), record.version, "it", record.id));
                                  ESNAF_ASSIGN_OR_RETURN(const Message known, ToMessage(record));
                                  Message merged = known;
                                  ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, given, what_, merged));
                                  merged.set_id(known.id());
                                  merged.set_etag(known.etag());
                                  *merged.mutable_create_time() = known.create_time();
                                  *merged.mutable_update_time() = known.update_time();
                                  if (google::protobuf::util::MessageDifferencer::Equals(merged, known)) return known;
                                  ESNAF_RETURN_IF_ERROR(Take(std::move(merged), record));
                                  ++record.version;
                                  record.update_time = call.now();
                                  ESNAF_RETURN_IF_ERROR(UpdateDeskRecord(tx, record));
                                  return ToMessage(record);
                                });
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Delete(runtime::Call& call, const Request& request) const {
    ESNAF_RETURN_IF_ERROR(CheckAllStores(call, what_ + "s"));
    return call.Mutate<Response>(
        request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<Response> {
          ESNAF_ASSIGN_OR_RETURN(const DeskRecord record, GetDeskRecord(tx, what_, request.id(), true));
          ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record.version, "it", record.id));
          ESNAF_RETURN_IF_ERROR(DeleteDeskRecord(tx, what_, request.id()));
          return Response();
        });
  }
  absl::StatusOr<Message> ToMessage(const DeskRecord& record) const {
    ESNAF_ASSIGN_OR_RETURN(Message message, api::FromStoredJson<Message>(record.body));
    message.set_etag(absl::StrCat(record.version));
    *message.mutable_create_time() = api::ToProto(record.create_time);
    *message.mutable_update_time() = api::ToProto(record.update_time);
    return message;
  }

 private:
  // Puts a message into a record, without what the record keeps by itself; INVALID_ARGUMENT where something is wrong.
  absl::Status Take(Message message, DeskRecord& record) const {
    message.clear_etag();
    message.clear_create_time();
    message.clear_update_time();
    record.kind = what_;
    record.id = message.id();
    record.position = message.position();
    if constexpr (requires { message.team(); }) record.team = message.team();
    FieldViolations violations;
    CheckDeskRecord(record, message.display_name(), what_, violations);
    check_(message, what_, violations);
    record.body = api::ToStoredJson(message);
    return violations.ToStatus();
  }

  std::string what_;
  int most_;
  Check check_;
};

}  // namespace esnaf::support
