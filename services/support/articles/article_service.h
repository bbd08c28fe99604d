#pragma once

// The RPCs of esnaf.support.v1.ArticleService.
#include <functional>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/articles.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"
#include "services/support/articles/article.h"

namespace esnaf::support {

class ArticleService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Article> CreateArticle(runtime::Call& call, const v1::CreateArticleRequest& request);
  absl::StatusOr<v1::Article> GetArticle(runtime::Call& call, const v1::GetArticleRequest& request);
  absl::StatusOr<v1::ListArticlesResponse> ListArticles(runtime::Call& call, const v1::ListArticlesRequest& request);
  absl::StatusOr<v1::Article> UpdateArticle(runtime::Call& call, const v1::UpdateArticleRequest& request);
  absl::StatusOr<v1::Article> PublishArticle(runtime::Call& call, const v1::PublishArticleRequest& request);
  absl::StatusOr<v1::Article> WithdrawArticle(runtime::Call& call, const v1::WithdrawArticleRequest& request);
  absl::StatusOr<v1::ListArticleVersionsResponse> ListArticleVersions(runtime::Call& call,
                                                                      const v1::ListArticleVersionsRequest& request);
  absl::StatusOr<v1::SuggestArticlesResponse> SuggestArticles(runtime::Call& call,
                                                              const v1::SuggestArticlesRequest& request);
  absl::StatusOr<v1::RecordArticleReadingResponse> RecordArticleReading(runtime::Call& call,
                                                                        const v1::RecordArticleReadingRequest& request);
  absl::StatusOr<v1::VoteArticleResponse> VoteArticle(runtime::Call& call, const v1::VoteArticleRequest& request);

 private:
  // Locks the article, compares the etag and changes it.
  using Change = std::function<absl::Status(postgres::Tx&, Article&)>;
  template <typename Request>
  absl::StatusOr<v1::Article> ChangeArticle(runtime::Call& call, const Request& request, const std::string& id,
                                            const std::string& etag, const Change& change);
};

}  // namespace esnaf::support
