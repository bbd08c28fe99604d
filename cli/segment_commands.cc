#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "cli/command_line.h"
#include "cli/csv_reader.h"
#include "cli/segment_commands.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

constexpr int kContactsAtOnce = 1000;
constexpr int kBarWidth = 20;

std::string KindOf(const v1::Segment& segment) { return segment.kind() == v1::SEGMENT_KIND_STATIC ? "static" : "rule"; }

// The bar of each is as long as its share of the largest.
template <typename Segments>
Table SegmentTable(const Segments& segments) {
  std::int64_t most = 1;
  for (const v1::Segment& segment : segments) most = std::max(most, segment.member_count());
  Table table{{"ID", "NAME", "KIND", "STORE", "MEMBERS", "", "AS OF", "RULE"}, {}};
  for (const v1::Segment& segment : segments) {
    const double share = static_cast<double>(segment.member_count()) / static_cast<double>(most);
    table.rows.push_back({segment.id(), segment.display_name(), KindOf(segment), segment.store_id(),
                          std::to_string(segment.member_count()), Bar(share, kBarWidth), ShowTime(segment.as_of_time()),
                          segment.rule_text()});
  }
  return table;
}

void Show(Context& context, const absl::StatusOr<v1::Segment>& segment) {
  if (segment.ok()) Print(context.format, SegmentTable(std::vector<v1::Segment>{*segment}), *segment);
  context.Finish(segment.status());
}

void AddList(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* list = segments.add_subcommand("list", "List segments with their size");
  list->add_option("--filter", arguments->filter, "For example kind = STATIC");
  list->add_option("--order-by", arguments->order_by, "For example \"member_count desc\"");
  AddPaging(*list, arguments);
  list->callback([&context, arguments] {
    v1::ListSegmentsRequest request;
    request.set_filter(arguments->filter);
    request.set_order_by(arguments->order_by);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page = context.client().Call<v1::ListSegmentsResponse>(kSegmentService + "ListSegments", request);
    if (page.ok()) {
      Print(context.format, SegmentTable(page->segments()), *page);
      ShowMore(page->next_page_token());
    }
    context.Finish(page.status());
  });
}

void AddShow(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* show = segments.add_subcommand("show", "Show a segment");
  show->add_option("id", arguments->id, "The segment's id")->required();
  show->callback([&context, arguments] {
    v1::GetSegmentRequest request;
    request.set_id(arguments->id);
    Show(context, context.client().Call<v1::Segment>(kSegmentService + "GetSegment", request));
  });
}

void AddCreate(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* create = segments.add_subcommand("create", "Create a segment: by a rule, or a static list without one");
  create->add_option("id", arguments->id, "The id, for example win-back")->required();
  create->add_option("--rule", arguments->rule, "Whom it takes in, for example orders.count(last 90d) >= 2");
  create->add_option("--name", arguments->name, "What people read");
  create->add_option("--store", arguments->store, "Only facts of this store");
  create->add_option("--zone", arguments->zone, "The time zone; Europe/Istanbul where not given");
  create->callback([&context, arguments] {
    Client client = context.client();
    if (!arguments->rule.empty() && !CheckRuleText(client, context, arguments->rule)) return;
    v1::CreateSegmentRequest request;
    v1::Segment& segment = *request.mutable_segment();
    segment.set_id(arguments->id);
    segment.set_display_name(arguments->name);
    segment.set_rule_text(arguments->rule);
    segment.set_store_id(arguments->store);
    segment.set_time_zone(arguments->zone);
    Show(context, client.Call<v1::Segment>(kSegmentService + "CreateSegment", request, false));
  });
}

void AddUpdate(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* update = segments.add_subcommand("update", "Change what is given of a segment");
  update->add_option("id", arguments->id, "The segment's id")->required();
  update->add_option("--rule", arguments->rule, "Another rule");
  auto* name = update->add_option("--name", arguments->name, "Another name");
  auto* store = update->add_option("--store", arguments->store, "Only facts of this store; all where empty");
  update->add_option("--zone", arguments->zone, "Another time zone");
  update->callback([&context, arguments, name, store] {
    Client client = context.client();
    if (!arguments->rule.empty() && !CheckRuleText(client, context, arguments->rule)) return;
    v1::UpdateSegmentRequest request;
    v1::Segment& segment = *request.mutable_segment();
    segment.set_id(arguments->id);
    const auto set = [&](bool given, const char* path) {
      if (given) request.mutable_update_mask()->add_paths(path);
    };
    segment.set_rule_text(arguments->rule);
    segment.set_display_name(arguments->name);
    segment.set_store_id(arguments->store);
    segment.set_time_zone(arguments->zone);
    set(!arguments->rule.empty(), "rule_text");
    set(name->count() > 0, "display_name");
    set(store->count() > 0, "store_id");
    set(!arguments->zone.empty(), "time_zone");
    if (request.update_mask().paths().empty()) {
      return context.Finish(absl::InvalidArgumentError("nothing to change: give --rule, --name, --store or --zone"));
    }
    Show(context, client.Call<v1::Segment>(kSegmentService + "UpdateSegment", request, false));
  });
}

void AddDelete(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* remove = segments.add_subcommand("delete", "Delete a segment; its snapshots stay");
  remove->add_option("id", arguments->id, "The segment's id")->required();
  remove->callback([&context, arguments] {
    v1::DeleteSegmentRequest request;
    request.set_id(arguments->id);
    context.Finish(
        context.client().Call<v1::DeleteSegmentResponse>(kSegmentService + "DeleteSegment", request, false).status());
  });
}

void AddMembers(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* members = segments.add_subcommand("members", "List who is in a segment");
  members->add_option("id", arguments->id, "The segment's id")->required();
  AddPaging(*members, arguments);
  members->callback([&context, arguments] {
    v1::ListSegmentMembersRequest request;
    request.set_segment_id(arguments->id);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page =
        context.client().Call<v1::ListSegmentMembersResponse>(kSegmentService + "ListSegmentMembers", request);
    if (page.ok()) {
      Table table{{"CONTACT", "SINCE"}, {}};
      for (const v1::SegmentMember& member : page->members()) {
        table.rows.push_back({member.contact_id(), ShowTime(member.enter_time())});
      }
      Print(context.format, table, *page);
      ShowMore(page->next_page_token());
    }
    context.Finish(page.status());
  });
}

// Sends one batch; answers how many changed.
absl::StatusOr<int> Send(Client& client, const std::string& id, bool remove, const std::vector<std::string>& contacts) {
  if (remove) {
    v1::RemoveSegmentMembersRequest request;
    request.set_segment_id(id);
    request.mutable_contact_ids()->Add(contacts.begin(), contacts.end());
    const auto answer =
        client.Call<v1::RemoveSegmentMembersResponse>(kSegmentService + "RemoveSegmentMembers", request);
    if (!answer.ok()) return answer.status();
    return answer->removed_count();
  }
  v1::AddSegmentMembersRequest request;
  request.set_segment_id(id);
  request.mutable_contact_ids()->Add(contacts.begin(), contacts.end());
  const auto answer = client.Call<v1::AddSegmentMembersResponse>(kSegmentService + "AddSegmentMembers", request);
  if (!answer.ok()) return answer.status();
  return answer->added_count();
}

// Adding and removing twice is as good as once, so an import that broke off is simply run again.
absl::Status Import(Client& client, const SegmentArguments& arguments, std::int64_t& changed, std::int64_t& rows) {
  ESNAF_ASSIGN_OR_RETURN(const std::unique_ptr<CsvReader> reader, CsvReader::Open(arguments.file));
  ESNAF_ASSIGN_OR_RETURN(const std::size_t column, reader->Column(arguments.column));
  std::vector<std::string> row, contacts;
  bool more = true;
  while (more) {
    ESNAF_ASSIGN_OR_RETURN(more, reader->Next(row));
    if (more && column >= row.size()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", reader->line(), " has too few columns"));
    }
    if (more) contacts.push_back(row[column]);
    if (contacts.empty() || (more && contacts.size() < kContactsAtOnce)) continue;
    rows += static_cast<std::int64_t>(contacts.size());
    ESNAF_ASSIGN_OR_RETURN(const int count, Send(client, arguments.id, arguments.remove, contacts));
    changed += count;
    contacts.clear();
  }
  return absl::OkStatus();
}

void AddImport(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* import = segments.add_subcommand("import", "Put the contacts of a CSV file on a static list");
  import->add_option("id", arguments->id, "The segment's id")->required();
  import->add_option("file", arguments->file, "A CSV file with a header; plain or gzip")->required();
  import->add_option("--column", arguments->column, "The column of contacts' ids")->capture_default_str();
  import->add_flag("--remove", arguments->remove, "Take them off the list instead");
  import->callback([&context, arguments] {
    Client client = context.client();
  std::int64_t changed = 0, rows = 0;
  const absl::Status status = Import(client, *arguments, changed, rows);
  std::cout << rows << " rows sent, " << changed << (arguments->remove ? " taken off\n" : " added\n");
  context.Finish(status);
});
}  // namespace

}  // namespace esnaf::cli

void AddPaging(CLI::App& command, const SharedSegmentArguments& arguments) {
  command.add_option("--page-size", arguments->page_size, "The most on a page")->capture_default_str();
  command.add_option("--page-token", arguments->page_token, "What the last page gave");
}

void ShowMore(const std::string& page_token) {
  if (!page_token.empty()) std::cerr << "more: --page-token " << page_token << "\n";
}

void AddSegmentCommands(CLI::App& app, Context& context) {
  auto* segments = app.add_subcommand("segments", "Groups of people, by a rule or by hand");
  segments->require_subcommand(1);
  auto arguments = std::make_shared<SegmentArguments>();
  AddList(*segments, context, arguments);
  AddShow(*segments, context, arguments);
  AddCreate(*segments, context, arguments);
  AddUpdate(*segments, context, arguments);
  AddDelete(*segments, context, arguments);
  AddMembers(*segments, context, arguments);
  AddImport(*segments, context, arguments);
  AddSegmentRuleCommands(*segments, context, arguments);
}

}  // namespace esnaf::cli
