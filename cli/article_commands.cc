// What customers can read instead of asking: articles.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/articles.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

const std::string kService = "support.v1.ArticleService/";

struct Arguments {
  std::string id, title, language = "tr", file, category, query, filter, text;
};
using SharedArguments = std::shared_ptr<Arguments>;

template <typename Articles>
Table ArticleTable(const Articles& articles) {
  Table table{{"ID", "CATEGORY", "STATE", "VERSION", "PUBLISHED", "TITLE", "HELPED", "NOT", "READ", "SPARED"}, {}};
  for (const v1::Article& article : articles) {
    table.rows.push_back(
        {article.id(), article.category(),
         absl::AsciiStrToLower(v1::ArticleState_Name(article.state()).substr(std::string("ARTICLE_STATE_").size())),
         std::to_string(article.version()), std::to_string(article.published_version()),
         article.has_turkish() ? article.turkish().title() : article.english().title(),
         std::to_string(article.helpful_count()), std::to_string(article.unhelpful_count()),
         std::to_string(article.reading_count()), std::to_string(article.deflection_count())});
  }
  return table;
}

void PrintOne(Context& context, const absl::StatusOr<v1::Article>& article) {
  if (article.ok()) Print(context.format, ArticleTable(std::vector<v1::Article>{*article}), *article);
  context.Finish(article.status());
}

void AddReading(CLI::App& articles, Context& context, const SharedArguments& arguments) {
  auto* list = articles.add_subcommand("list", "The articles, or those that a search finds");
  list->add_option("--query", arguments->query, "Words of the title or the text");
  list->add_option("--filter", arguments->filter, "For example: category = kargo AND state = PUBLISHED");
  list->callback([&context, arguments] {
    v1::ListArticlesRequest request;
    request.set_query(arguments->query);
    request.set_filter(arguments->filter);
    request.set_page_size(1000);
    const auto page = context.client().Call<v1::ListArticlesResponse>(kService + "ListArticles", request);
    if (page.ok()) Print(context.format, ArticleTable(page->articles()), *page);
    context.Finish(page.status());
  });
  auto* suggest = articles.add_subcommand("suggest", "What is suggested to who types this");
  suggest->add_option("TEXT", arguments->text, "What was typed so far")->required();
  suggest->callback([&context, arguments] {
    v1::SuggestArticlesRequest request;
    request.set_text(arguments->text);
    const auto answer = context.client().Call<v1::SuggestArticlesResponse>(kService + "SuggestArticles", request);
    if (answer.ok()) Print(context.format, ArticleTable(answer->articles()), *answer);
    context.Finish(answer.status());
  });
}

// Writes an article from a file, as a new one or as its next version.
void AddWriting(CLI::App& articles, Context& context, const SharedArguments& arguments) {
  auto* write = articles.add_subcommand("write", "Write an article, or its next version, from a file of Markdown");
  write->add_option("ID", arguments->id, "What it is called by")->required();
  write->add_option("FILE", arguments->file, "The text")->required()->check(CLI::ExistingFile);
  write->add_option("--title", arguments->title, "The title")->required();
  write->add_option("--language", arguments->language, "tr or en")
      ->capture_default_str()
      ->check(CLI::IsMember({"tr", "en"}));
  auto* category = write->add_option("--category", arguments->category, "The category");
  write->callback([&context, arguments, category] {
    std::ifstream file(arguments->file, std::ios::binary);
    const std::string body(std::istreambuf_iterator<char>(file), {});
    v1::Article article;
    article.set_id(arguments->id);
    v1::ArticleText& text = arguments->language == "tr" ? *article.mutable_turkish() : *article.mutable_english();
    text.set_title(arguments->title);
    text.set_body(body);
    v1::UpdateArticleRequest update;
    update.mutable_update_mask()->add_paths(arguments->language == "tr" ? "turkish" : "english");
    if (category->count() > 0) {
      article.set_category(arguments->category);
      update.mutable_update_mask()->add_paths("category");
    }
    *update.mutable_article() = article;
    auto written = context.client().Call<v1::Article>(kService + "UpdateArticle", update, false);
    if (written.status().code() == absl::StatusCode::kNotFound) {
      v1::CreateArticleRequest create;
      *create.mutable_article() = article;
      written = context.client().Call<v1::Article>(kService + "CreateArticle", create, false);
    }
    PrintOne(context, written);
  });
  auto* publish = articles.add_subcommand("publish", "Publish the newest version");
  publish->add_option("ID", arguments->id, "The article")->required();
  publish->callback([&context, arguments] {
    v1::PublishArticleRequest request;
    request.set_id(arguments->id);
    PrintOne(context, context.client().Call<v1::Article>(kService + "PublishArticle", request, false));
  });
  auto* withdraw = articles.add_subcommand("withdraw", "Take an article back from the public");
  withdraw->add_option("ID", arguments->id, "The article")->required();
  withdraw->callback([&context, arguments] {
    v1::WithdrawArticleRequest request;
    request.set_id(arguments->id);
    PrintOne(context, context.client().Call<v1::Article>(kService + "WithdrawArticle", request, false));
  });
}

}  // namespace

void AddArticleCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* articles = app.add_subcommand("articles", "What customers can read instead of asking");
  articles->require_subcommand(1);
  AddReading(*articles, context, arguments);
  AddWriting(*articles, context, arguments);
}

}  // namespace esnaf::cli
