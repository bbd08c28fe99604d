#pragma once

// Contacts as support's tests see it: has every contact but those that are said to be absent, gives each strongest
// identity a contact, can be away, and can refuse somebody.
#include <mutex>
#include <set>
#include <string>

#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/uuid.h"
#include "libs/runtime/channel.h"

namespace esnaf::support::testing {

class FakeContacts final : public runtime::Channel {
 public:
  void SetAway(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
  }
  void SetAbsent(const std::string& contact_id) {
    const std::lock_guard lock(mutex_);
    absent_.insert(contact_id);
  }
  // A set with this value as its first identity makes the whole call fail.
  void Refuse(const std::string& value) {
    const std::lock_guard lock(mutex_);
    refused_ = value;
  }
  static Uuid ContactOf(const std::string& value) { return Uuid::FromName("contact", value); }

  absl::Status CallErased(std::string_view, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const runtime::ClientCallOptions&) override {
    const std::lock_guard lock(mutex_);
    if (away_) return absl::UnavailableError("contacts is away");
    if (const auto* get = dynamic_cast<const contacts::v1::GetContactRequest*>(&request)) {
      if (absent_.contains(get->id())) return absl::NotFoundError("there is no such contact");
      auto& contact = dynamic_cast<contacts::v1::Contact&>(response);
      contact.set_id(get->id());
      contact.set_given_name("Ayşe");
      return absl::OkStatus();
    }
    const auto& asked = dynamic_cast<const contacts::v1::ResolveContactsRequest&>(request);
    auto& answer = dynamic_cast<contacts::v1::ResolveContactsResponse&>(response);
    for (const auto& set : asked.sets()) {
      const std::string& value = set.identities(0).value();
      if (value == refused_) return absl::InvalidArgumentError("no such person can be");
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
  std::set<std::string> absent_;
  std::string refused_;
};

}  // namespace esnaf::support::testing
