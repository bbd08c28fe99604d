#include "libs/mail/html_text.h"

#include "libs/base/text.h"
#include "libs/testing/catch.h"
#include "rapidcheck.h"

namespace esnaf::mail {
namespace {

TEST_CASE("blocks become lines, and spaces run together") {
  CHECK(TextOfHtml("<div>Bir\n   iki</div><div>üç<br>dört</div>") == "Bir iki\nüç\ndört");
  CHECK(TextOfHtml("<p>Bir</p><p>İki</p>") == "Bir\n\nİki");
  CHECK(TextOfHtml("<ul><li>a<li>b</ul>") == "- a\n- b");
  CHECK(TextOfHtml("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>") == "a b\nc");
}

TEST_CASE("what is not shown is not read") {
  CHECK(TextOfHtml("<head><title>x</title><style>p{}</style></head><body>a<script>b</script><!-- c -->d</body>") ==
        "ad");
  CHECK(TextOfHtml("<head><title>never closed<body>a") == "a");
}

TEST_CASE("characters are read by name and number") {
  CHECK(TextOfHtml("&lt;b&gt; &amp; &#199;&#xe7; &nbsp;&inodot; &unknown; &#xD800; a&b 3 < 4") ==
        "<b> & Çç ı &unknown; a&b 3 < 4");
}

TEST_CASE("a quotation begins with the mark that plain mails have") {
  CHECK(TextOfHtml("yeni<blockquote>eski<blockquote>daha eski</blockquote></blockquote>") ==
        "yeni\n> eski\n> > daha eski");
}

TEST_CASE("a `>` in an attribute ends no tag") { CHECK(TextOfHtml("<a title='a>b' href=\"x\">c</a>") == "c"); }

TEST_CASE("any bytes of HTML give clean text") {
  CHECK(rc::check("for any pieces", [] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::element<std::string>("<", ">", "&", "#", ";", "'", "\"", "<p>", "</p", "<blockquote>", "</blockquote>",
                                      "<script>", "<!--", "&#0;", "&#x110000;", "ş", " ", "\n", "<br/>", "<td"));
    std::string html;
    for (const std::string& piece : pieces) html += piece;
    RC_ASSERT(IsCleanUtf8(TextOfHtml(html)));
  }));
}

}  // namespace
}  // namespace esnaf::mail
