#include "libs/base/html.h"

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

TEST_CASE("nothing of a text is taken for HTML") {
  CHECK(EscapeHtml("<b title=\"x\" id='y'>ğ & ç</b>") ==
        "&lt;b title=&quot;x&quot; id=&#39;y&#39;&gt;ğ &amp; ç&lt;/b&gt;");
  CHECK(EscapeHtml("").empty());
}

}  // namespace
}  // namespace esnaf
