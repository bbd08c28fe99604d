#include "services/support/tickets/ticket_list.h"

#include "libs/api/convert.h"
#include "libs/api/filter.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/identity/identity.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::size_t kMostWords = 8;
// From so many messages on it is quicker to look at one ticket after the other.
constexpr std::int64_t kOften = 4'000;

template <typename Enum>
std::vector<std::pair<std::string, std::string>> EnumValues(const std::string& prefix) {
  std::vector<std::pair<std::string, std::string>> values;
  const google::protobuf::EnumDescriptor* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const auto& value = *descriptor->value(i);
    if (value.number() != 0) values.emplace_back(value.name().substr(prefix.size()), std::to_string(value.number()));
  }
  return values;
}

// Conditions joined by AND, with their parameters.
class Conditions {
 public:
  // `sql` holds `$?` once for the parameter.
  void Add(const std::string& sql, postgres::Param param) {
    params_.push_back(std::move(param));
    std::string text = sql;
    text.replace(text.find("$?"), 2, absl::StrCat("$", params_.size()));
    sql_ += (sql_.empty() ? "" : " AND ") + text;
  }
  // That each word stands in one of the two, as whole conditions.
  // Words that are said often are looked for ticket by ticket in the order of the list, which ends with the page;
  // others by the indexes of words, whose work grows with how often they are said.
  void AddSearch(const std::vector<std::string>& words, bool internal_too, bool often) {
    if (words.empty()) return;
    std::string in_ticket, in_message = internal_too ? "true" : "x.kind <> 3";
    for (const std::string& word : words) {
      params_.push_back(word);
      in_ticket += absl::StrCat(in_ticket.empty() ? "" : " AND ", "x.search_text LIKE $", params_.size());
      in_message += absl::StrCat(" AND x.folded_text LIKE $", params_.size());
    }
    absl::StrAppend(&sql_, sql_.empty() ? "" : " AND ");
    if (often) {
      absl::StrAppend(&sql_, "((SELECT true FROM ticket x WHERE x.id = t.id AND ", in_ticket,
                      ") OR (SELECT true FROM ticket_message x WHERE x.ticket_id = t.id AND ", in_message,
                      " LIMIT 1))");
    } else {
      absl::StrAppend(&sql_, "t.id IN (SELECT x.id FROM ticket x WHERE ", in_ticket,
                      " UNION SELECT x.ticket_id FROM ticket_message x WHERE ", in_message, ")");
    }
  }
  const std::string& sql() const { return sql_; }
  const std::vector<postgres::Param>& params() const { return params_; }

 private:
  std::string sql_;
  std::vector<postgres::Param> params_;
};

// Whether the filter lets through only what one of its comparisons does for which `test` holds.
bool Implies(const api::FilterNode& node, bool (*test)(const api::FilterNode&)) {
  const auto implies = [test](const api::FilterNode& child) { return Implies(child, test); };
  switch (node.kind) {
    case api::FilterNode::Kind::kAnd:
      return std::any_of(node.children.begin(), node.children.end(), implies);
    case api::FilterNode::Kind::kOr:
      return std::all_of(node.children.begin(), node.children.end(), implies);
    case api::FilterNode::Kind::kNot:
      return false;
    case api::FilterNode::Kind::kComparison:
      return node.op == api::FilterOperator::kEquals && test(node);
  }
  return false;
}
bool AsksForActive(const api::FilterNode& node) {
  if (node.field != "state") return false;
  return std::any_of(std::begin(kAllTicketStates), std::end(kAllTicketStates),
                     [&](TicketState state) { return IsActive(state) && node.value.text == StateName(state); });
}
bool AsksForBreached(const api::FilterNode& node) { return node.field == "breached" && node.value.text == "true"; }

// Whether the planner expects that many messages hold all of the words.
absl::StatusOr<bool> AreSaidOften(postgres::Tx& tx, const std::vector<std::string>& words) {
  std::string sql = "EXPLAIN SELECT FROM ticket_message WHERE true";
  std::vector<postgres::Param> params;
  for (const std::string& word : words) {
    params.emplace_back(word);
    absl::StrAppend(&sql, " AND folded_text LIKE $", params.size());
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result plan, tx.ExecuteDynamic(sql, params));
  const std::string top = plan[0].Get<std::string>(0);
  const std::size_t rows = top.find("rows=");
  return rows != std::string::npos && std::strtoll(top.c_str() + rows + 5, nullptr, 10) > kOften;
}

}  // namespace

const api::FieldTable& TicketFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{
      .fields = {{.name = "number", .sql = "t.number", .type = Type::kInteger},
                 {.name = "external_id", .sql = "t.external_id"},
                 {.name = "store_id", .sql = "t.store_id"},
                 {.name = "subject", .sql = "t.subject", .folded_sql = "t.search_text"},
                 {.name = "contact_id", .sql = "t.contact_id", .type = Type::kUuid, .nullable = true},
                 {.name = "state_id", .sql = "t.state_id"},
                 {.name = "state",
                  .sql = "t.state",
                  .type = Type::kEnum,
                  .enum_values = EnumValues<v1::TicketState>("TICKET_STATE_")},
                 {.name = "priority",
                  .sql = "t.priority",
                  .type = Type::kEnum,
                  .enum_values = EnumValues<v1::TicketPriority>("TICKET_PRIORITY_")},
                 {.name = "type", .sql = "t.type"},
                 {.name = "channel",
                  .sql = "t.channel",
                  .type = Type::kEnum,
                  .enum_values = EnumValues<contacts::v1::Channel>("CHANNEL_")},
                 {.name = "team", .sql = "t.team"},
                 {.name = "assignee", .sql = "t.assignee"},
                 {.name = "tags", .sql = "t.tags", .type = Type::kTextArray},
                 {.name = "followers", .sql = "t.followers", .type = Type::kTextArray},
                 {.name = "custom_fields", .sql = "t.custom_fields", .type = Type::kTextMap},
                 {.name = "order_id", .sql = "t.order_id", .type = Type::kUuid, .nullable = true},
                 {.name = "seller_id", .sql = "t.seller_id"},
                 {.name = "product_id", .sql = "t.product_id"},
                 {.name = "parent_id", .sql = "t.parent_id", .type = Type::kUuid, .nullable = true},
                 {.name = "follow_up_of_id", .sql = "t.follow_up_of_id", .type = Type::kUuid, .nullable = true},
                 {.name = "sla_policy_id", .sql = "t.sla_policy_id"},
                 {.name = "breached", .sql = "t.breached", .type = Type::kBoolean},
                 {.name = "next_due_time", .sql = "t.next_due_time", .type = Type::kTime, .nullable = true},
                 {.name = "hold_until_time", .sql = "t.hold_until_time", .type = Type::kTime, .nullable = true},
                 {.name = "solve_time", .sql = "t.solve_time", .type = Type::kTime, .nullable = true},
                 {.name = "create_time", .sql = "t.create_time", .type = Type::kTime},
                 {.name = "update_time", .sql = "t.update_time", .type = Type::kTime}},
      .id_sql = "t.id"};
  return kFields;
}

std::string ImpliedCondition(const std::string& filter) {
  const absl::StatusOr<api::FilterNode> node = api::ParseFilter(filter);
  if (!node.ok()) return "";
  return absl::StrCat(Implies(*node, AsksForActive) ? " AND t.state <= 5" : "",
                      Implies(*node, AsksForBreached) ? " AND t.breached" : "");
}

absl::StatusOr<std::vector<std::string>> WordsOf(const std::string& query) {
  if (!IsCleanUtf8(query)) return InvalidField("query", "is no clean UTF-8");
  std::vector<std::string> words;
  std::string pattern;
  int characters = 0;
  for (const char c : FoldName(query) + " ") {
    if (c != ' ') {
      if (c == '%' || c == '_' || c == '\\') pattern.push_back('\\');
      pattern.push_back(c);
      // The bytes after the first of a character are 10xxxxxx.
      if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++characters;
    } else if (!pattern.empty()) {
      if (characters < 2) return InvalidField("query", "holds a word of one character");
      words.push_back("%" + pattern + "%");
      pattern.clear();
      characters = 0;
    }
  }
  if (words.size() > kMostWords) return InvalidField("query", absl::StrCat("holds more than ", kMostWords, " words"));
  return words;
}

absl::StatusOr<v1::ListTicketsResponse> ListPage(Call& call, const v1::ListTicketsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, TicketFields(), {.default_order = "update_time desc"}));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<std::string> words, WordsOf(request.query()));
  std::optional<Uuid> contact;
  if (!request.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(contact, api::ParseId(request.contact_id(), "contact_id"));
  }
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketsResponse> {
    Conditions conditions;
    if (!call.caller().store_ids.empty()) conditions.Add("t.store_id = ANY ($?::text[])", call.caller().store_ids);
    if (contact) {
      ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, *contact));
      conditions.Add("t.contact_id = ANY ($?::uuid[])", cluster);
    }
    bool often = false;
    if (!words.empty() && request.order_by().empty()) {
      ESNAF_ASSIGN_OR_RETURN(often, AreSaidOften(tx, words));
    }
    conditions.AddSearch(words, !IsStorefront(call), often);
    const api::SqlQuery sql = query.Select(
        kTicketColumns, "ticket t",
        absl::StrCat(conditions.sql().empty() ? "true" : conditions.sql(), ImpliedCondition(request.filter())),
        conditions.params());
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, ReadTicket(rows[i]));
      *response.add_tickets() = TicketToProto(ticket);
    }
    response.set_next_page_token(query.NextPageToken(rows, kTicketColumnCount));
    return response;
  });
}

}  // namespace esnaf::support
