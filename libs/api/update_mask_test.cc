#include "libs/api/update_mask.h"

#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::api {
namespace {

using contacts::v1::Contact;

Contact Known() {
  Contact contact;
  contact.set_given_name("Ayşe");
  contact.set_locale("tr-TR");
  contact.add_tags("vip");
  contact.add_tags("toptan");
  return contact;
}

TEST_CASE("without paths the fields that are present count, and an asterisk names all") {
  Contact given;
  given.set_given_name("Ali");
  given.add_tags("yeni");
  google::protobuf::FieldMask mask = ExpandMask({}, given);
  CHECK(std::vector<std::string>(mask.paths().begin(), mask.paths().end()) ==
        std::vector<std::string>{"given_name", "tags"});
  mask.Clear();
  mask.add_paths("*");
  CHECK(ExpandMask(mask, given).paths_size() == Contact::descriptor()->field_count());
  mask.set_paths(0, "locale");
  CHECK(ExpandMask(mask, given).paths_size() == 1);
}

TEST_CASE("what is given takes the whole place of what was there, and what the mask does not name stays") {
  Contact given;
  given.set_given_name("Ali");
  given.add_tags("yeni");
  Contact merged = Known();
  REQUIRE_OK(MergeByMask(ExpandMask({}, given), given, "contact", merged));
  CHECK(merged.given_name() == "Ali");
  CHECK(merged.locale() == "tr-TR");
  REQUIRE(merged.tags_size() == 1);
  CHECK(merged.tags(0) == "yeni");

  google::protobuf::FieldMask all;
  all.add_paths("*");
  merged = Known();
  REQUIRE_OK(MergeByMask(ExpandMask(all, given), given, "contact", merged));
  CHECK(merged.locale().empty());
}

TEST_CASE("a path that is no field is refused by its name") {
  google::protobuf::FieldMask mask;
  mask.add_paths("shoe_size");
  Contact merged = Known();
  CHECK_STATUS_IS(MergeByMask(mask, Contact(), "contact", merged), absl::StatusCode::kInvalidArgument,
                  "names no field of a contact: shoe_size");
}

}  // namespace
}  // namespace esnaf::api
