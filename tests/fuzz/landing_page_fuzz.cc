// Whatever address a page was opened by, it gets a channel, what is kept of it is text, and nothing is kept that the
// visitor did not consent to. libFuzzer calls this. The first byte is the consent, a line each the two addresses.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "libs/base/text.h"
#include "services/attribution/touches/intake.h"
#include "services/attribution/touches/web_address.h"

namespace {

using namespace esnaf;
using namespace esnaf::attribution;

const ChannelGrouper& Channels() {
  static const auto kGrouper = ChannelGrouper::Make(DefaultChannelRules()).value();
  return *kGrouper;
}

void CheckTold(const ToldSource& told) {
  for (const std::string* text :
       {&told.utm_source, &told.utm_medium, &told.campaign, &told.content, &told.term, &told.source_platform,
        &told.ad_platform, &told.campaign_id, &told.ad_group_id, &told.ad_id, &told.referrer_host}) {
    if (!IsCleanUtf8(*text)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t line = std::min(text.find('\n'), text.size());
  Touchpoint touch{.visitor_id = "v", .landing_page = std::string(text.substr(0, line))};
  if (line < text.size()) touch.referrer = std::string(text.substr(line + 1));
  touch.consent = {.ad_storage = static_cast<ConsentWord>(data[0] % 3),
                   .analytics_storage = static_cast<ConsentWord>(data[0] / 3 % 3)};
  const Reception reception{.receive_time = Time(std::chrono::hours(24 * 365 * 56))};
  touch.occur_time = reception.receive_time;
  FieldViolations violations;
  CheckTouch(touch, reception, "touch.", violations);
  // What is no text is refused, and never taken in.
  if (!IsCleanUtf8(touch.landing_page) || !IsCleanUtf8(touch.referrer)) return 0;
  TakeIn(touch, reception, Channels());
  CheckTold(touch.traffic.told);
  if (touch.traffic.derived.channel.empty() || touch.traffic.derived.source.empty()) std::abort();
  if (touch.traffic.id != IdOf(touch.traffic.told)) std::abort();
  const bool known = touch.consent.analytics_storage == ConsentWord::kGranted;
  if (!known && (!touch.visitor_id.empty() || !touch.click_ids.empty() || !touch.landing_page.empty())) std::abort();
  if (touch.consent.ad_storage != ConsentWord::kGranted && !touch.click_ids.empty()) std::abort();
  return 0;
}
