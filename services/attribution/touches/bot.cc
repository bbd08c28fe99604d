#include "services/attribution/touches/bot.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "libs/base/absl_compat.h"

namespace esnaf::attribution {
namespace {

// Crawlers name themselves by `bot`, `crawl` or `spider` by custom; the others are known by name. `cubot` is a phone.
constexpr std::array<std::string_view, 46> kWords = {"bot/",
                                                     "bot;",
                                                     "bot ",
                                                     "bot)",
                                                     "crawl",
                                                     "spider",
                                                     "slurp",
                                                     "mediapartners",
                                                     "facebookexternalhit",
                                                     "facebookcatalog",
                                                     "meta-externalagent",
                                                     "whatsapp/",
                                                     "telegrambot",
                                                     "skypeuripreview",
                                                     "embedly",
                                                     "bingpreview",
                                                     "google-inspectiontool",
                                                     "googleother",
                                                     "google-read-aloud",
                                                     "feedfetcher",
                                                     "headlesschrome",
                                                     "phantomjs",
                                                     "puppeteer",
                                                     "playwright",
                                                     "selenium",
                                                     "lighthouse",
                                                     "pagespeed",
                                                     "gtmetrix",
                                                     "pingdom",
                                                     "uptimerobot",
                                                     "statuscake",
                                                     "site24x7",
                                                     "newrelicpinger",
                                                     "datadog",
                                                     "curl/",
                                                     "wget/",
                                                     "python-requests",
                                                     "python-urllib",
                                                     "aiohttp",
                                                     "go-http-client",
                                                     "okhttp/",
                                                     "java/",
                                                     "libwww-perl",
                                                     "apache-httpclient",
                                                     "axios/",
                                                     "node-fetch"};

bool EndsWithBot(std::string_view agent) { return agent.ends_with("bot"); }

}  // namespace

bool IsBot(std::string_view user_agent) {
  const std::string agent = absl::AsciiStrToLower(ToAbsl(user_agent));
  if (agent.find("cubot") != std::string::npos) return false;
  return EndsWithBot(agent) || std::any_of(kWords.begin(), kWords.end(), [&agent](std::string_view word) {
           return agent.find(word) != std::string::npos;
         });
}

}  // namespace esnaf::attribution
