#include "libs/api/update_mask.h"

#include <string>
#include <vector>

#include "google/protobuf/util/field_mask_util.h"
#include "libs/base/error.h"

namespace esnaf::api {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;

FieldMask ExpandMask(const FieldMask& mask, const Message& given) {
  FieldMask expanded;
  if (mask.paths().empty()) {
    std::vector<const FieldDescriptor*> present;
    given.GetReflection()->ListFields(given, &present);
    for (const FieldDescriptor* field : present) expanded.add_paths(field->name());
  } else if (mask.paths_size() == 1 && mask.paths(0) == "*") {
    for (int i = 0; i < given.GetDescriptor()->field_count(); ++i) {
      expanded.add_paths(given.GetDescriptor()->field(i)->name());
    }
  } else {
    expanded = mask;
  }
  return expanded;
}

absl::Status MergeByMask(const FieldMask& mask, const Message& given, std::string_view what, Message& known) {
  for (const std::string& path : mask.paths()) {
    if (!FieldMaskUtil::GetFieldDescriptors(given.GetDescriptor(), {path.data(), path.size()}, nullptr)) {
      return InvalidField("update_mask", "names no field of a " + std::string(what) + ": " + path);
    }
    // A field that is named and absent goes back to what it is where it is not given.
    if (const FieldDescriptor* field = known.GetDescriptor()->FindFieldByName(path)) {
      known.GetReflection()->ClearField(&known, field);
    }
  }
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(given, mask, options, &known);
  return absl::OkStatus();
}

}  // namespace esnaf::api
