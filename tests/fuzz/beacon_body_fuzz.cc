// Any bytes that a page may post as a beacon are touches or a mistake that is named; what is taken in of them is text
// that a database keeps, within its bounds, and nothing is kept that the visitor did not consent to. libFuzzer calls
// this.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "google/protobuf/util/json_util.h"
#include "libs/base/text.h"
#include "services/attribution/touches/intake.h"
#include "services/attribution/touches/touchpoint_wire.h"
#include "services/gateway/beacon.h"
#include "services/gateway/json_explain.h"

namespace {

using namespace esnaf;
using namespace esnaf::attribution;

const ChannelGrouper& Channels() {
  static const auto kGrouper = ChannelGrouper::Make(DefaultChannelRules()).value();
  return *kGrouper;
}

// What is kept as it was told.
void CheckKept(const Touchpoint& touch, const Reception& reception) {
  for (const std::string* text : {&touch.store_id, &touch.event_id, &touch.visitor_id, &touch.name, &touch.referrer,
                                  &touch.landing_page, &touch.user_agent}) {
    if (!IsCleanUtf8(*text)) std::abort();
  }
  for (const std::string* id : {&touch.click_ids.gclid, &touch.click_ids.fbc, &touch.click_ids.msclkid}) {
    if (!IsCleanUtf8(*id) || id->size() > kLongestClickId) std::abort();
  }
  if (touch.occur_time > reception.receive_time) std::abort();
  if (reception.from_browser && touch.occur_time < reception.receive_time - kOldestFromBrowser) std::abort();
  const bool known = touch.consent.analytics_storage == ConsentWord::kGranted;
  if (!known && (!touch.visitor_id.empty() || touch.contact_id || !touch.landing_page.empty())) std::abort();
  if (touch.consent.ad_storage != ConsentWord::kGranted && !touch.click_ids.empty()) std::abort();
  if (touch.traffic.derived.channel.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  if (!IsCleanUtf8(body)) return 0;
  attribution::v1::BeaconTouchpointsRequest request;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  if (!google::protobuf::util::JsonStringToMessage(body, &request, options).ok()) {
    const absl::Status why = gateway::ExplainJson(body, *request.GetDescriptor(), "");
    if (why.ok() || why.message().empty()) std::abort();
    return 0;
  }
  gateway::TakeBeaconKey(request, "Mozilla/5.0");
  if (!request.key().empty()) std::abort();
  const Reception reception{.receive_time = Time(std::chrono::hours(24 * 365 * 56)), .from_browser = true};
  for (const attribution::v1::Touchpoint& wire : request.touchpoints()) {
    FieldViolations violations;
    Touchpoint touch = TouchFromProto(wire, reception.receive_time, "touchpoints[0].", violations);
    CheckTouch(touch, reception, "touchpoints[0].", violations);
    if (!violations.empty()) continue;
    TakeIn(touch, reception, Channels());
    CheckKept(touch, reception);
  }
  return 0;
}
