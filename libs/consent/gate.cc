#include "libs/consent/gate.h"

#include "esnaf/contacts/v1/consents.pb.h"
#include "libs/base/uuid.h"

namespace esnaf::consent {
namespace {

namespace cv1 = contacts::v1;

constexpr std::size_t kPageSize = 1000;

std::vector<Word> WordsOf(const cv1::ConsentState& state) {
  std::vector<Word> words;
  for (const cv1::Consent& consent : state.consents()) {
    words.push_back({.purpose = consent.purpose(),
                     .channel = static_cast<Channel>(consent.channel()),
                     .allowed = consent.status() == cv1::CONSENT_STATUS_ONAY,
                     .recipient = consent.recipient(),
                     .brand_code = consent.brand_code()});
  }
  return words;
}

}  // namespace

std::vector<Decision> Gate::Decide(const std::vector<Sending>& sendings, Time deadline) const {
  std::vector<Decision> decisions(sendings.size());
  std::vector<std::size_t> page;
  for (std::size_t i = 0; i < sendings.size(); ++i) {
    // What is decided without the ledger does not wait for it.
    decisions[i] = DecideWithoutState(sendings[i].message, "contacts was not asked");
    if (decisions[i].reason != Reason::kUnknownState) continue;
    if (!Uuid::Parse(sendings[i].contact_id)) {
      decisions[i].detail = "the message names no contact";
      continue;
    }
    page.push_back(i);
    if (page.size() == kPageSize) {
      DecidePage(sendings, page, deadline, decisions);
      page.clear();
    }
  }
  if (!page.empty()) DecidePage(sendings, page, deadline, decisions);
  return decisions;
}

void Gate::DecidePage(const std::vector<Sending>& sendings, const std::vector<std::size_t>& page, Time deadline,
                      std::vector<Decision>& decisions) const {
  const auto refuse = [&](const std::string& detail) {
    for (const std::size_t i : page) decisions[i] = {Reason::kUnknownState, detail};
  };
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.Now());
  if (!contacts_) return refuse("contacts is not configured");
  if (left <= std::chrono::milliseconds::zero()) return refuse("the time to ask is over");
  cv1::BatchGetConsentStatesRequest request;
  for (const std::size_t i : page) request.add_contact_ids(sendings[i].contact_id);
  const auto answer = contacts_->Call<cv1::BatchGetConsentStatesResponse>(
      "/esnaf.contacts.v1.ConsentService/BatchGetConsentStates", request, {.timeout = left, .retry_unavailable = true});
  if (!answer.ok()) return refuse("contacts does not answer");
  if (answer->states_size() != request.contact_ids_size()) return refuse("contacts answered for other people");
  for (std::size_t at = 0; at < page.size(); ++at) {
    decisions[page[at]] = consent::Decide(sendings[page[at]].message, WordsOf(answer->states(static_cast<int>(at))));
  }
}

}  // namespace esnaf::consent
