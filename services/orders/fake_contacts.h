#pragma once

// Contacts as orders' tests see it: gives each strongest identity a contact, can be away, and can refuse a customer.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/uuid.h"
#include "libs/runtime/channel.h"

namespace esnaf::orders::testing {

class FakeContacts final : public runtime::Channel {
  template <typename Body>
  auto Locked(Body body) {
    std::lock_guard lock(mutex_);
    return body();
  }

 public:
  void SetAway(bool away) {
    Locked([&] { away_ = away; });
  }
  // A set with this value as its first identity makes the whole call fail.
  void Refuse(std::string value, absl::Status status = absl::InvalidArgumentError("no such customer can be")) {
    Locked([&] {
      refused_ = std::move(value);
      refusal_ = std::move(status);
    });
  }
  int calls() {
    return Locked([&] { return calls_; });
  }
  int sets_asked() {
    return Locked([&] { return sets_asked_; });
  }
  static Uuid ContactOf(const std::string& value) { return Uuid::FromName("contact", value); }

  absl::Status CallErased(std::string_view, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const runtime::ClientCallOptions&) override {
    std::lock_guard lock(mutex_);
    ++calls_;
    if (away_) return absl::UnavailableError("contacts is away");
    const auto& asked = dynamic_cast<const contacts::v1::ResolveContactsRequest&>(request);
    auto& answer = dynamic_cast<contacts::v1::ResolveContactsResponse&>(response);
    for (const auto& set : asked.sets()) {
      ++sets_asked_;
      const std::string& value = set.identities(0).value();
      if (value == refused_) return refusal_;
      answer.add_contacts()->set_contact_id(ContactOf(value).ToString());
    }
    return absl::OkStatus();
  }
  absl::Status ReadStream(std::string_view, const google::protobuf::Message&, const google::protobuf::Message&,
                          const std::function<bool(const google::protobuf::Message&)>&, const std::function<bool()>&,
                          const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no stream is read here");
  }
  absl::Status WriteStream(std::string_view, const google::protobuf::Message&,
                           const std::function<bool(google::protobuf::Message&)>&, google::protobuf::Message&,
                           const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no stream is written here");
  }

 private:
  std::mutex mutex_;
  bool away_ = false;
  std::string refused_;
  absl::Status refusal_;
  int calls_ = 0;
  int sets_asked_ = 0;
};

}  // namespace esnaf::orders::testing
