#pragma once

// Pages of lists (AIP-158): sizes, and opaque tokens that hold where the page before ended.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace esnaf::api {

// The size that counts: `default_size` for 0, at most `max_size`. INVALID_ARGUMENT naming `page_size` where negative.
absl::StatusOr<int> PageSize(std::int32_t requested, int default_size = 50, int max_size = 1000);

// The texts of the values that the last row of a page has in the list's order; nullopt is NULL.
using PageKey = std::vector<std::optional<std::string>>;

// What a list asks for besides its place and size: a hash of the request without `page_size` and `page_token`.
std::uint64_t ListFingerprint(const google::protobuf::Message& request);

// A token for the page behind `key`, good only for requests of the same fingerprint.
std::string MakePageToken(std::uint64_t fingerprint, const PageKey& key);
// The key of a token; an empty key for an empty token. INVALID_ARGUMENT naming `page_token` where it is none of ours,
// or was made for a request with other arguments.
absl::StatusOr<PageKey> ReadPageToken(std::string_view token, std::uint64_t fingerprint);

}  // namespace esnaf::api
