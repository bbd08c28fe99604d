#include "libs/base/store_id.h"

#include <string>

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

TEST_CASE("A store id is short, of small letters, digits and inner dashes") {
  for (const char* id : {"web", "0", "tr-2", "a_b", "a-"}) CHECK(IsStoreId(id));
  for (const char* id : {"", "-web", "_web", "Web", "we b", "mağaza", "a/b", "a.b"}) CHECK_FALSE(IsStoreId(id));
  CHECK(IsStoreId(std::string(63, 'a')));
  CHECK_FALSE(IsStoreId(std::string(64, 'a')));
}

}  // namespace
}  // namespace esnaf
