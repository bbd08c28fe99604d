// Goal: the page can be used without a script and by ear, keeps what was typed, and shows nothing of it as HTML.
#include "services/support/forms/form_page.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

bool Has(const std::string& page, const std::string& text) { return page.find(text) != std::string::npos; }

v1::TicketForm Form() {
  v1::TicketForm form;
  form.set_id("iletisim");
  form.add_fields()->set_kind(v1::TICKET_FORM_FIELD_KIND_EMAIL);
  form.add_fields()->set_kind(v1::TICKET_FORM_FIELD_KIND_MESSAGE);
  v1::TicketFormField& type = *form.add_fields();
  type.set_kind(v1::TICKET_FORM_FIELD_KIND_TYPE);
  type.set_label_tr("Ne hakkında?");
  type.add_options()->set_value("return");
  type.mutable_options(0)->set_label_tr("İade");
  return form;
}

TEST_CASE("each field has its label, in the language that is asked for") {
  const std::string turkish = FormPage(Form(), "TOKEN", PageLanguage::kTurkish);
  CHECK(Has(turkish, "<html lang=\"tr\">"));
  CHECK(Has(turkish, "<label for=\"email\">E-posta adresiniz</label>"));
  CHECK(Has(turkish, "<label for=\"message\">Mesajınız <span class=\"need\">(zorunlu)</span></label>"));
  CHECK(Has(turkish, "<label for=\"type\">Ne hakkında?</label>"));
  CHECK(Has(turkish, "<option value=\"return\">İade</option>"));
  CHECK(Has(turkish, "action=\"/f/iletisim?lang=tr\""));
  CHECK(Has(turkish, "name=\"token\" value=\"TOKEN\""));
  CHECK(Has(turkish, "name=\"website\" tabindex=\"-1\""));
  CHECK_FALSE(Has(turkish, "<script"));
  const std::string english = FormPage(Form(), "TOKEN", PageLanguage::kEnglish);
  CHECK(Has(english, "<html lang=\"en\">"));
  CHECK(Has(english, "<label for=\"email\">Your e-mail address</label>"));
  CHECK(Has(english, "<option value=\"return\">return</option>"));
}

TEST_CASE("what is wrong is told at the top and at its field, and what was typed stays, as text") {
  const FormValues values{{"email", "\"><script>"}, {"message", "</textarea><b>"}, {"type", "return"}};
  const std::string page = FormPage(Form(), "TOKEN", PageLanguage::kTurkish, values,
                                    {{"email", FormMistake::Kind::kNoEmail}, {"x", FormMistake::Kind::kUnknown}});
  CHECK(Has(page, "role=\"alert\""));
  CHECK(Has(page, "<a href=\"#email\">E-posta adresiniz</a>: Geçerli bir e-posta adresi yazın."));
  CHECK(Has(page, "aria-invalid=\"true\" aria-describedby=\"email-mistake\""));
  CHECK(Has(page, "value=\"&quot;&gt;&lt;script&gt;\""));
  CHECK(Has(page, "&lt;/textarea&gt;&lt;b&gt;</textarea>"));
  CHECK(Has(page, "<option value=\"return\" selected>"));
  CHECK_FALSE(Has(page, "<b>"));
}

TEST_CASE("why it has to be sent again is told at the top") {
  const std::string expired = FormPage(Form(), "TOKEN", PageLanguage::kEnglish, {}, {}, FormNotice::kExpired);
  CHECK(Has(expired, "<p role=\"alert\" class=\"mistake\">The form was open for too long."));
  const std::string sent = FormPage(Form(), "TOKEN", PageLanguage::kTurkish, {}, {}, FormNotice::kSentBefore);
  CHECK(Has(sent, "<p role=\"alert\" class=\"mistake\">Bu form daha önce gönderildi."));
}

TEST_CASE("articles are suggested by a script of the page's own, where the form wants it") {
  v1::TicketForm form = Form();
  form.set_suggest_articles(true);
  const std::string page = FormPage(form, "TOKEN", PageLanguage::kEnglish);
  CHECK(Has(page, "<script src=\"/f/iletisim/script\" defer></script>"));
  CHECK(Has(page, "data-suggest=\"/f/iletisim/PART?lang=en\""));
  CHECK(Has(page, "aria-live=\"polite\""));
  CHECK(SuggestionList({}, PageLanguage::kTurkish).empty());
  const Article article{.id = "iade", .published = ArticleBody{.turkish = ArticleText{"İade <1>", "Üç gün & kargo"}}};
  const std::string list = SuggestionList({article}, PageLanguage::kEnglish);
  CHECK(Has(list, "<details data-article=\"iade\"><summary>İade &lt;1&gt;</summary>"));
  CHECK(Has(list, "Üç gün &amp; kargo"));
}

TEST_CASE("who has sent it is told the number") {
  v1::TicketForm form = Form();
  CHECK(Has(SentPage(form, 42, PageLanguage::kTurkish), "<strong>#42</strong>"));
  form.mutable_english()->set_thanks("We will be back <soon>");
  CHECK(Has(SentPage(form, 42, PageLanguage::kEnglish), "We will be back &lt;soon&gt;"));
  CHECK(Has(FormProblemPage(FormProblem::kUnknownForm, PageLanguage::kTurkish), "Böyle bir form yok."));
}

}  // namespace
}  // namespace esnaf::support
