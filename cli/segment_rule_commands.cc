#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <thread>

#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "cli/rule_mistakes.h"
#include "cli/segment_commands.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

constexpr int kBarWidth = 40;
constexpr int kRowsAtOnce = 1000;

absl::StatusOr<v1::ParseRuleResponse> ParseText(Client& client, const std::string& text) {
  v1::ParseRuleRequest request;
  request.set_text(text);
  return client.Call<v1::ParseRuleResponse>(kSegmentService + "ParseRule", request);
}

// Says where the mistakes are; false where there is none.
bool ShowMistakes(Context& context, const std::string& text, const v1::ParseRuleResponse& parsed) {
  if (parsed.mistakes().empty()) return false;
  std::cerr << RenderMistakes(text, parsed);
  context.exit_code = kUsage;
  return true;
}

void AddParse(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* parse = segments.add_subcommand("parse", "Read a rule: its canonical text, or where its mistakes are");
  parse->add_option("rule", arguments->rule, "The rule's text")->required();
  parse->callback([&context, arguments] {
    Client client = context.client();
    const auto parsed = ParseText(client, arguments->rule);
    if (!parsed.ok()) return context.Finish(parsed.status());
    if (context.format == Format::kTable && ShowMistakes(context, arguments->rule, *parsed)) return;
    if (context.format == Format::kTable) {
      std::cout << parsed->canonical_text() << "\n";
      std::string needs;
      for (const std::string& dependency : parsed->dependencies()) needs += (needs.empty() ? "" : ", ") + dependency;
      std::cout << "  depends on: " << needs << "\n";
    } else {
      Print(context.format, {{"RULE"}, {{parsed->canonical_text()}}}, *parsed);
    }
  });
}

Table AttributeTable(const v1::ListRuleAttributesResponse& attributes) {
  Table table{{"NAME", "TYPE", "ONE OF", "WHAT IT IS"}, {}};
  for (const v1::RuleAttributeInfo& attribute : attributes.attributes()) {
    std::string name = attribute.key(), options;
    if (attribute.source() != v1::RULE_FACT_SOURCE_UNSPECIFIED) {
      // Without what all names of sources begin with: `orders`.
      const std::string source = v1::RuleFactSource_Name(attribute.source());
      name = absl::StrCat(absl::AsciiStrToLower(source.substr(source.rfind('_') + 1)), "(", name, ")");
    }
    for (const std::string& option : attribute.options()) options += (options.empty() ? "" : ", ") + option;
    // Without what all names of types begin with: `text_list`.
    const std::string type = v1::RuleType_Name(attribute.type());
    table.rows.push_back(
        {name, absl::AsciiStrToLower(type.substr(type.rfind("TYPE_") + 5)), options, attribute.description_en()});
  }
  return table;
}

void AddAttributes(CLI::App& segments, Context& context) {
  auto* command = segments.add_subcommand("attributes", "List what rules can ask for; the firm's own fields too");
  command->callback([&context] {
    Client client = context.client();
    const auto attributes = client.Call<v1::ListRuleAttributesResponse>(kSegmentService + "ListRuleAttributes",
                                                                        v1::ListRuleAttributesRequest());
    if (!attributes.ok()) return context.Finish(attributes.status());
    Print(context.format, AttributeTable(*attributes), *attributes);
  });
}

void AddPreview(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* preview = segments.add_subcommand("preview", "Count whom a rule would take in, without saving it");
  preview->add_option("rule", arguments->rule, "The rule's text")->required();
  preview->add_option("--store", arguments->store, "Only facts of this store");
  preview->add_option("--zone", arguments->zone, "The time zone; Europe/Istanbul where not given");
  preview->callback([&context, arguments] {
    Client client = context.client();
    if (!CheckRuleText(client, context, arguments->rule)) return;
    v1::PreviewSegmentRequest request;
    request.set_rule_text(arguments->rule);
    request.set_store_id(arguments->store);
    request.set_time_zone(arguments->zone);
    const auto answer = client.Call<v1::PreviewSegmentResponse>(kSegmentService + "PreviewSegment", request);
    if (!answer.ok()) return context.Finish(answer.status());
    std::string values;
    for (const auto& value : answer->total_values()) {
      values += (values.empty() ? "" : ", ") + ShowMinor(value.minor(), value.currency_code());
    }
    if (context.format == Format::kTable) {
      std::cout << answer->rule_text() << "\n"
                << absl::StrFormat("  %d of %d people, %.1f %%\n", answer->member_count(), answer->contact_count(),
                                   100 * answer->share())
                << "  |" << Bar(answer->share(), kBarWidth) << "\n  worth " << (values.empty() ? "nothing yet" : values)
                << "\n";
      for (const std::string& contact : answer->sample_contact_ids()) std::cout << "  " << contact << "\n";
    } else {
      Print(context.format,
            {{"MEMBERS", "PEOPLE", "SHARE", "VALUE"},
             {{std::to_string(answer->member_count()), std::to_string(answer->contact_count()),
               absl::StrFormat("%.4f", answer->share()), values}}},
            *answer);
    }
  });
}

void AddExplain(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* explain = segments.add_subcommand("explain", "Why a person is in a segment or not");
  explain->add_option("id", arguments->id, "The segment's id")->required();
  explain->add_option("contact", arguments->contact, "The contact's id")->required();
  explain->callback([&context, arguments] {
    v1::ExplainMembershipRequest request;
    request.set_segment_id(arguments->id);
    request.set_contact_id(arguments->contact);
    const auto answer =
        context.client().Call<v1::MembershipExplanation>(kSegmentService + "ExplainMembership", request);
    if (answer.ok() && context.format == Format::kTable) {
      std::cout << answer->contact_id() << (answer->member() ? " is in " : " is not in ") << answer->segment_id();
      if (answer->has_enter_time()) std::cout << " since " << ShowTime(answer->enter_time());
      std::cout << "\n";
      if (answer->has_clause()) std::cout << RenderClause(answer->clause());
    } else if (answer.ok()) {
      Print(context.format,
            {{"CONTACT", "SEGMENT", "MEMBER"},
             {{answer->contact_id(), answer->segment_id(), answer->member() ? "yes" : "no"}}},
            *answer);
    }
    context.Finish(answer.status());
  });
}

void AddVerify(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* verify = segments.add_subcommand("verify", "Count a segment anew and compare with the members that stand");
  verify->add_option("id", arguments->id, "The segment's id")->required();
  verify->callback([&context, arguments] {
    v1::VerifySegmentRequest request;
    request.set_segment_id(arguments->id);
    Client client = context.client();
    client.set_timeout(std::chrono::seconds(60));
    const auto answer = client.Call<v1::VerifySegmentResponse>(kSegmentService + "VerifySegment", request);
    if (answer.ok()) {
      Print(context.format,
            {{"MEMBERS", "RECOUNT", "EQUAL", "MISSING", "SURPLUS", "AS OF"},
             {{std::to_string(answer->member_count()), std::to_string(answer->recount_count()),
               answer->equal() ? "yes" : "no", std::to_string(answer->missing_contact_ids_size()),
               std::to_string(answer->surplus_contact_ids_size()), ShowTime(answer->as_of_time())}}},
            *answer);
    }
    context.Finish(answer.status());
    if (answer.ok() && !answer->equal()) context.exit_code = kFailed;
  });
}

void AddWatch(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* watch = segments.add_subcommand("watch", "Tell who enters and who leaves, until interrupted");
  watch->add_option("id", arguments->id, "The segment's id")->required();
  watch->callback([&context, arguments] {
    v1::WatchSegmentRequest request;
    request.set_segment_id(arguments->id);
    context.Finish(context.client().Stream<v1::SegmentChange>(
        kSegmentService + "WatchSegment", request, [&context](const v1::SegmentChange& change) {
          if (change.kind() == v1::SegmentChange::KIND_BEGAN) return true;
          if (context.format == Format::kTable) {
            std::cout << ShowTime(change.as_of_time())
                      << (change.kind() == v1::SegmentChange::KIND_ENTERED ? "  + " : "  - ") << change.contact_id()
                      << std::endl;
          } else {
            Print(context.format,
                  {{"KIND", "CONTACT"},
                   {{change.kind() == v1::SegmentChange::KIND_ENTERED ? "entered" : "left", change.contact_id()}}},
                  change);
          }
          return true;
        }));
  });
}

absl::StatusOr<v1::AudienceDestination> DestinationOf(const std::string& name) {
  if (name == "csv") return v1::AUDIENCE_DESTINATION_CSV;
  if (name == "google") return v1::AUDIENCE_DESTINATION_GOOGLE_CUSTOMER_MATCH;
  if (name == "meta") return v1::AUDIENCE_DESTINATION_META_CUSTOM_AUDIENCES;
  return absl::InvalidArgumentError("--to is csv, google or meta");
}

// The members as they stand, kept, so that all pages speak of the same people.
absl::StatusOr<std::string> SnapshotFor(Client& client, const SegmentArguments& arguments) {
  if (!arguments.snapshot.empty()) return arguments.snapshot;
  v1::CreateSegmentSnapshotRequest request;
  request.set_segment_id(arguments.id);
  request.set_display_name("export to " + arguments.destination);
  ESNAF_ASSIGN_OR_RETURN(const v1::SegmentSnapshot snapshot,
                         client.Call<v1::SegmentSnapshot>(kSegmentService + "CreateSegmentSnapshot", request, false));
  return snapshot.id();
}

// A page of the file; of a snapshot whose members are still being copied as soon as all are.
absl::StatusOr<v1::ExportAudienceResponse> ExportPage(Client& client, const v1::ExportAudienceRequest& request) {
  constexpr int kMostTries = 600;
  for (int i = 1;; ++i) {
    auto page = client.Call<v1::ExportAudienceResponse>(kSegmentService + "ExportAudience", request);
    if (ErrorReason(page.status()) != "SEGMENT_SNAPSHOT_PENDING" || i == kMostTries) return page;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

absl::Status Export(Client& client, const SegmentArguments& arguments, std::ostream& out) {
  v1::ExportAudienceRequest request;
  request.set_segment_id(arguments.id);
  request.set_consent_purpose(arguments.purpose);
  request.set_page_size(kRowsAtOnce);
  ESNAF_ASSIGN_OR_RETURN(const v1::AudienceDestination destination, DestinationOf(arguments.destination));
  request.set_destination(destination);
  ESNAF_ASSIGN_OR_RETURN(const std::string snapshot, SnapshotFor(client, arguments));
  request.set_snapshot_id(snapshot);
  std::int64_t exported = 0;
  std::map<std::string, std::int64_t> omissions;
  do {
    ESNAF_ASSIGN_OR_RETURN(const v1::ExportAudienceResponse page, ExportPage(client, request));
    out << page.content();
    exported += page.exported_count();
    for (const v1::AudienceOmission& omission : page.omissions()) omissions[omission.reason()] += omission.count();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  std::cerr << exported << " people written\n";
  for (const auto& [reason, count] : omissions) std::cerr << "  " << count << " left out: " << reason << "\n";
  return out.flush() ? absl::OkStatus() : absl::UnknownError("the file could not be written");
}

void AddExport(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  auto* command = segments.add_subcommand("export", "Write the members who consented, as a file for a destination");
  command->add_option("id", arguments->id, "The segment's id")->required();
  command->add_option("--to", arguments->destination, "csv, google or meta; the last two get hashes")
      ->capture_default_str();
  command->add_option("--purpose", arguments->purpose, "What they must have consented to")->capture_default_str();
  command->add_option("--snapshot", arguments->snapshot, "A snapshot's id; where not given, one is made");
  command->add_option("--output", arguments->output, "The file; where not given, standard output");
  command->callback([&context, arguments] {
    Client client = context.client();
    if (arguments->output.empty()) return context.Finish(Export(client, *arguments, std::cout));
    std::ofstream file(arguments->output, std::ios::binary);
    if (!file) return context.Finish(absl::InvalidArgumentError(arguments->output + " cannot be written"));
    context.Finish(Export(client, *arguments, file));
  });
}

}  // namespace

bool CheckRuleText(Client& client, Context& context, const std::string& text) {
  const auto parsed = ParseText(client, text);
  if (parsed.ok()) return !ShowMistakes(context, text, *parsed);
  context.Finish(parsed.status());
  return false;
}

void AddSegmentRuleCommands(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments) {
  AddParse(segments, context, arguments);
  AddAttributes(segments, context);
  AddPreview(segments, context, arguments);
  AddExplain(segments, context, arguments);
  AddVerify(segments, context, arguments);
  AddWatch(segments, context, arguments);
  AddExport(segments, context, arguments);
}

}  // namespace esnaf::cli
