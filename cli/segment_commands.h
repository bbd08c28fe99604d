#pragma once

// What the commands of segments share.
#include <memory>
#include <string>

#include "cli/command_line.h"
#include "esnaf/segmentation/v1/segments.pb.h"

namespace esnaf::cli {

struct SegmentArguments {
  std::string id, contact, rule, name, store, zone, filter, order_by, page_token, file, snapshot, purpose = "marketing";
  std::string column = "contact_id", destination = "csv", output;
  int page_size = 50;
  bool remove = false;
};
using SharedSegmentArguments = std::shared_ptr<SegmentArguments>;

inline const std::string kSegmentService = "segmentation.v1.SegmentService/";

// Options for the size of a page and where it starts, and what is said where there are more.
void AddPaging(CLI::App& command, const SharedSegmentArguments& arguments);
void ShowMore(const std::string& page_token);

// Whether the gateway finds nothing wrong with a rule. Otherwise says where its mistakes are, with a caret, or why it
// could not be asked, and sets the exit code.
bool CheckRuleText(Client& client, Context& context, const std::string& text);

// The commands about rules: parse, preview, explain, verify, watch, export.
void AddSegmentRuleCommands(CLI::App& segments, Context& context, const SharedSegmentArguments& arguments);

}  // namespace esnaf::cli
