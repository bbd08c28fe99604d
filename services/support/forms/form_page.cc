#include "services/support/forms/form_page.h"

#include "libs/base/absl_compat.h"
#include "libs/base/html.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

using Kind = FormMistake::Kind;

struct Words {
  const char* title;
  const char* labels[7];    // by kind of field, SUBJECT first
  const char* mistakes[6];  // by kind of mistake
  const char* mistakes_heading;
  const char* expired;
  const char* sent_before;
  const char* required;
  const char* choose;
  const char* trap;
  const char* send;
  const char* thanks;
  const char* number;
  const char* unknown_form;
  const char* too_many;
  const char* suggestions;
  const char* other_language;
};

const Words& WordsOf(PageLanguage language) {
  static const Words kTurkish{
      .title = "Bize yazın",
      .labels = {"Konu", "Mesajınız", "E-posta adresiniz", "Telefon numaranız", "Adınız", "Sipariş numaranız",
                 "Konu türü"},
      .mistakes = {"Lütfen doldurun.", "Çok uzun.", "Geçerli bir e-posta adresi yazın.",
                   "Geçerli bir telefon numarası yazın.", "Listeden birini seçin.", "Bu formda böyle bir alan yok."},
      .mistakes_heading = "Gönderilemedi. Lütfen şunları düzeltin:",
      .expired = "Form çok uzun süre açık kaldı. Yazdıklarınız duruyor, lütfen yeniden gönderin.",
      .sent_before =
          "Bu form daha önce gönderildi. Şimdi yazdıklarınız henüz gönderilmedi; yeni bir mesajsa yeniden gönderin.",
      .required = "zorunlu",
      .choose = "Seçin",
      .trap = "Bu alanı boş bırakın",
      .send = "Gönder",
      .thanks = "Teşekkür ederiz, mesajınızı aldık.",
      .number = "Talep numaranız",
      .unknown_form = "Böyle bir form yok.",
      .too_many = "Çok fazla mesaj gönderildi. Lütfen daha sonra yeniden deneyin.",
      .suggestions = "Bunlar işinize yarayabilir",
      .other_language = "English"};
  static const Words kEnglish{
      .title = "Write to us",
      .labels = {"Subject", "Your message", "Your e-mail address", "Your phone number", "Your name",
                 "Your order number", "What it is about"},
      .mistakes = {"Please fill this in.", "This is too long.", "Enter a valid e-mail address.",
                   "Enter a valid phone number.", "Choose one of the list.", "This form has no such field."},
      .mistakes_heading = "It was not sent. Please correct the following:",
      .expired = "The form was open for too long. What you wrote is still here; please send it again.",
      .sent_before =
          "This form was sent before. What it says now was not sent yet; if it is new, please send it again.",
      .required = "required",
      .choose = "Choose",
      .trap = "Leave this field empty",
      .send = "Send",
      .thanks = "Thank you, we have your message.",
      .number = "Your request has the number",
      .unknown_form = "There is no such form.",
      .too_many = "Too many messages were sent. Please try again later.",
      .suggestions = "These may help you",
      .other_language = "Türkçe"};
  return language == PageLanguage::kTurkish ? kTurkish : kEnglish;
}

constexpr char kStyle[] =
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;"
    "background:#fff}label{display:block;font-weight:600;margin-top:1rem}input,textarea,select{font:inherit;width:100%;"
    "min-height:2.8rem;box-sizing:border-box;border:1px solid #555;border-radius:.3rem;padding:.4rem}textarea{"
    "min-height:10rem}[aria-invalid=true]{border:2px solid #a40000}.mistake{color:#a40000;margin:.2rem 0}"
    ".trap{position:absolute;left:-9999px}button{font:inherit;min-height:3rem;padding:0 1.5rem;margin:1.5rem "
    "0;border:0;"
    "border-radius:.4rem;background:#1a4fa0;color:#fff;cursor:pointer}button:focus,a:focus,input:focus,select:focus,"
    "textarea:focus,summary:focus{outline:3px solid #b35c00;outline-offset:2px}.need{font-weight:400;color:#444}"
    ".article{white-space:pre-wrap;margin:.3rem 0 1rem}";

// Suggestions are asked for when somebody has stopped typing for a moment; an article that is unfolded was read.
constexpr std::string_view kScript = R"js('use strict';
(() => {
  const form = document.querySelector('form[data-suggest]');
  if (!form) return;
  const list = document.getElementById('suggestions');
  const post = (part, fields) => fetch(form.dataset.suggest.replace('PART', part), {
    method: 'POST', body: new URLSearchParams({ token: form.elements.token.value, ...fields }) });
  let timer = 0;
  let asked = '';
  const suggest = async () => {
    const text = ['subject', 'message'].map((name) => form.elements[name]?.value ?? '').join(' ').trim().slice(-1000);
    if (text === asked || text.length < 3) return;
    asked = text;
    const answer = await post('suggest', { text });
    if (answer.ok && text === asked) list.innerHTML = await answer.text();
  };
  form.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => suggest().catch(() => {}), 500); });
  list.addEventListener('toggle', (event) => {
    const article = event.target;
    if (!article.open || article.dataset.told) return;
    article.dataset.told = '1';
    post('read', { article: article.dataset.article }).catch(() => {});
  }, true);
})();
)js";

std::string Page(PageLanguage language, const std::string& title, const std::string& content) {
  return absl::StrCat("<!doctype html>\n<html lang=\"", std::string(LanguageCode(language)),
                      "\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"robots\" content=\"noindex\">\n<title>",
                      EscapeHtml(title), "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<main>\n", content,
                      "</main>\n</body>\n</html>\n");
}

std::string OneOf(PageLanguage language, const std::string& turkish, const std::string& english,
                  const std::string& otherwise) {
  const std::string& own = language == PageLanguage::kTurkish ? turkish : english;
  return own.empty() ? otherwise : own;
}

std::string LabelOf(const v1::TicketFormField& field, PageLanguage language) {
  const bool custom = field.kind() == v1::TICKET_FORM_FIELD_KIND_CUSTOM;
  const std::string usual = custom ? field.key() : WordsOf(language).labels[field.kind() - 1];
  return OneOf(language, field.label_tr(), field.label_en(), usual);
}

// How browsers help to fill it in.
std::string InputKind(v1::TicketFormFieldKind kind) {
  switch (kind) {
    case v1::TICKET_FORM_FIELD_KIND_EMAIL:
      return " type=\"email\" autocomplete=\"email\"";
    case v1::TICKET_FORM_FIELD_KIND_PHONE:
      return " type=\"tel\" autocomplete=\"tel\"";
    case v1::TICKET_FORM_FIELD_KIND_NAME:
      return " type=\"text\" autocomplete=\"name\"";
    default:
      return " type=\"text\" autocomplete=\"off\"";
  }
}

std::string Options(const v1::TicketFormField& field, const std::string& value, PageLanguage language) {
  std::string options = absl::StrCat("<option value=\"\">", WordsOf(language).choose, "</option>");
  for (const v1::TicketFormOption& option : field.options()) {
    absl::StrAppend(&options, "<option value=\"", EscapeHtml(option.value()), "\"",
                    option.value() == value ? " selected" : "", ">",
                    EscapeHtml(OneOf(language, option.label_tr(), option.label_en(), option.value())), "</option>");
  }
  return options;
}

const FormMistake* MistakeOf(const std::vector<FormMistake>& mistakes, const std::string& key) {
  const auto found = std::find_if(mistakes.begin(), mistakes.end(), [&](const auto& one) { return one.key == key; });
  return found == mistakes.end() ? nullptr : &*found;
}

std::string Field(const v1::TicketFormField& field, const FormValues& values, const std::vector<FormMistake>& mistakes,
                  PageLanguage language) {
  const Words& words = WordsOf(language);
  const std::string key = KeyOf(field);
  const auto given = values.find(key);
  const std::string value = given == values.end() ? "" : given->second;
  const bool required = field.required() || field.kind() == v1::TICKET_FORM_FIELD_KIND_MESSAGE;
  const FormMistake* const mistake = MistakeOf(mistakes, key);
  std::string html = absl::StrCat("<label for=\"", key, "\">", EscapeHtml(LabelOf(field, language)));
  if (required) absl::StrAppend(&html, " <span class=\"need\">(", words.required, ")</span>");
  absl::StrAppend(&html, "</label>\n");
  std::string attributes = absl::StrCat(" id=\"", key, "\" name=\"", key, "\"", required ? " required" : "");
  if (mistake != nullptr) {
    absl::StrAppend(&html, "<p class=\"mistake\" id=\"", key, "-mistake\">",
                    words.mistakes[static_cast<int>(mistake->kind)], "</p>\n");
    absl::StrAppend(&attributes, " aria-invalid=\"true\" aria-describedby=\"", key, "-mistake\"");
  }
  if (!field.options().empty()) {
    absl::StrAppend(&html, "<select", attributes, ">", Options(field, value, language), "</select>\n");
  } else if (field.kind() == v1::TICKET_FORM_FIELD_KIND_MESSAGE) {
    absl::StrAppend(&html, "<textarea", attributes, " maxlength=\"16000\">\n", EscapeHtml(value), "</textarea>\n");
  } else {
    absl::StrAppend(&html, "<input", attributes, InputKind(field.kind()), " value=\"", EscapeHtml(value), "\">\n");
  }
  return html;
}

// What is wrong, with ways to where it is.
std::string MistakeList(const v1::TicketForm& form, const std::vector<FormMistake>& mistakes, PageLanguage language) {
  if (mistakes.empty()) return "";
  const Words& words = WordsOf(language);
  std::string html =
      absl::StrCat("<div role=\"alert\">\n<p class=\"mistake\">", words.mistakes_heading, "</p>\n<ul>\n");
  for (const v1::TicketFormField& field : form.fields()) {
    const FormMistake* const mistake = MistakeOf(mistakes, KeyOf(field));
    if (mistake == nullptr) continue;
    absl::StrAppend(&html, "<li><a href=\"#", KeyOf(field), "\">", EscapeHtml(LabelOf(field, language)),
                    "</a>: ", words.mistakes[static_cast<int>(mistake->kind)], "</li>\n");
  }
  return html + "</ul>\n</div>\n";
}

std::string Message(const std::string& text, const std::string& more, PageLanguage language) {
  return Page(language, text, absl::StrCat("<h1 role=\"status\">", EscapeHtml(text), "</h1>\n", more));
}

}  // namespace

std::string FormPage(const v1::TicketForm& form, std::string_view token, PageLanguage language,
                     const FormValues& values, const std::vector<FormMistake>& mistakes, FormNotice notice) {
  const Words& words = WordsOf(language);
  const v1::TicketFormText& text = language == PageLanguage::kTurkish ? form.turkish() : form.english();
  const std::string title = text.title().empty() ? words.title : text.title();
  const std::string path = absl::StrCat("/f/", form.id());
  const std::string code(LanguageCode(language));
  std::string content = absl::StrCat("<h1>", EscapeHtml(title), "</h1>\n");
  if (!text.introduction().empty()) absl::StrAppend(&content, "<p>", EscapeHtml(text.introduction()), "</p>\n");
  if (notice != FormNotice::kNone) {
    absl::StrAppend(&content, "<p role=\"alert\" class=\"mistake\">",
                    notice == FormNotice::kExpired ? words.expired : words.sent_before, "</p>\n");
  }
  absl::StrAppend(&content, MistakeList(form, mistakes, language), "<form method=\"post\" action=\"", path,
                  "?lang=", code, "\" novalidate");
  if (form.suggest_articles()) absl::StrAppend(&content, " data-suggest=\"", path, "/PART?lang=", code, "\"");
  absl::StrAppend(&content, ">\n<input type=\"hidden\" name=\"", kTokenInput, "\" value=\"", EscapeHtml(token),
                  "\">\n<div class=\"trap\" aria-hidden=\"true\"><label>", words.trap, "<input name=\"", kTrapInput,
                  "\" tabindex=\"-1\" autocomplete=\"off\"></label></div>\n");
  for (const v1::TicketFormField& field : form.fields()) content += Field(field, values, mistakes, language);
  if (form.suggest_articles()) content += "<div id=\"suggestions\" aria-live=\"polite\"></div>\n";
  const char* const other = language == PageLanguage::kTurkish ? "en" : "tr";
  absl::StrAppend(&content, "<button type=\"submit\">", words.send, "</button>\n</form>\n<p><a href=\"", path,
                  "?lang=", other, "\" lang=\"", other, "\" hreflang=\"", other, "\">", words.other_language,
                  "</a></p>\n");
  if (form.suggest_articles()) absl::StrAppend(&content, "<script src=\"", path, "/script\" defer></script>\n");
  return Page(language, title, content);
}

std::string SentPage(const v1::TicketForm& form, std::int64_t ticket_number, PageLanguage language) {
  const Words& words = WordsOf(language);
  return Message(OneOf(language, form.turkish().thanks(), form.english().thanks(), words.thanks),
                 absl::StrCat("<p>", words.number, ": <strong>#", ticket_number, "</strong></p>\n"), language);
}

std::string FormProblemPage(FormProblem problem, PageLanguage language) {
  const Words& words = WordsOf(language);
  return Message(problem == FormProblem::kUnknownForm ? words.unknown_form : words.too_many, "", language);
}

std::string SuggestionList(const std::vector<Article>& articles, PageLanguage language) {
  std::string html;
  for (const Article& article : articles) {
    if (!article.published) continue;
    const bool turkish = language == PageLanguage::kTurkish;
    const std::optional<ArticleText>& first = turkish ? article.published->turkish : article.published->english;
    const std::optional<ArticleText>& text = first     ? first
                                             : turkish ? article.published->english
                                                       : article.published->turkish;
    if (!text) continue;
    absl::StrAppend(&html, "<details data-article=\"", EscapeHtml(article.id), "\"><summary>", EscapeHtml(text->title),
                    "</summary><div class=\"article\">", EscapeHtml(text->body), "</div></details>\n");
  }
  if (html.empty()) return "";
  return absl::StrCat("<p>", WordsOf(language).suggestions, "</p>\n", html);
}

std::string_view FormScript() { return kScript; }

}  // namespace esnaf::support
