#include "services/support/forms/form.h"

#include <set>

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/support/names.h"

namespace esnaf::support {
namespace {

using Kind = FormMistake::Kind;

constexpr int kMostFields = 30;
constexpr int kMostOptions = 50;
constexpr int kMostOrigins = 20;
constexpr int kMostTags = 20;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxWordBytes = 60;
constexpr std::size_t kMaxTitleBytes = 300;
constexpr std::size_t kMaxIntroductionBytes = 2000;
constexpr std::size_t kMaxValueBytes = 1000;
constexpr std::size_t kMaxMessageBytes = 16 * 1024;
constexpr std::size_t kSubjectBytesOfMessage = 80;
constexpr std::size_t kOwnWordsBytes = 60;

// Custom fields that the service itself writes, and names of the form's own inputs.
bool IsReserved(const std::string& key) {
  static const std::set<std::string> kReserved{"subject",
                                               "message",
                                               "email",
                                               "phone",
                                               "name",
                                               "order_number",
                                               "type",
                                               "token",
                                               "website",
                                               "form",
                                               "form_session",
                                               "requester_email",
                                               "requester_phone",
                                               "requester_name",
                                               "origin",
                                               "spam_reasons"};
  return kReserved.contains(key);
}

void CheckText(const std::string& text, std::size_t most, const std::string& field, FieldViolations& violations) {
  if (text.size() > most || !IsCleanUtf8(text)) {
    violations.Add(field, absl::StrCat("is no clean UTF-8 of at most ", most, " bytes"));
  }
}

void CheckOptions(const v1::TicketFormField& field, const std::string& at, FieldViolations& violations) {
  const bool can_have =
      field.kind() == v1::TICKET_FORM_FIELD_KIND_TYPE || field.kind() == v1::TICKET_FORM_FIELD_KIND_CUSTOM;
  if (!field.options().empty() && !can_have) violations.Add(at + ".options", "are only for TYPE and CUSTOM");
  if (field.options().empty() && field.kind() == v1::TICKET_FORM_FIELD_KIND_TYPE) {
    violations.Add(at + ".options", "are needed for a TYPE");
  }
  if (field.options_size() > kMostOptions)
    violations.Add(at + ".options", absl::StrCat("are more than ", kMostOptions));
  std::set<std::string> values;
  for (int i = 0; i < field.options_size(); ++i) {
    const v1::TicketFormOption& option = field.options(i);
    const std::string here = absl::StrCat(at, ".options[", i, "]");
    CheckText(option.value(), kMaxWordBytes, here + ".value", violations);
    if (Trim(option.value()).empty()) violations.Add(here + ".value", "is empty");
    if (!values.insert(option.value()).second) violations.Add(here + ".value", "comes twice");
    CheckText(option.label_tr(), kMaxNameBytes, here + ".label_tr", violations);
    CheckText(option.label_en(), kMaxNameBytes, here + ".label_en", violations);
  }
}

void CheckFields(const v1::TicketForm& form, FieldViolations& violations) {
  if (form.fields().empty() || form.fields_size() > kMostFields) {
    violations.Add("form.fields", absl::StrCat("are not 1 to ", kMostFields));
  }
  std::set<std::string> keys;
  for (int i = 0; i < form.fields_size(); ++i) {
    const v1::TicketFormField& field = form.fields(i);
    const std::string at = absl::StrCat("form.fields[", i, "]");
    if (field.kind() == v1::TICKET_FORM_FIELD_KIND_UNSPECIFIED || !v1::TicketFormFieldKind_IsValid(field.kind())) {
      violations.Add(at + ".kind", "is no kind of field");
      continue;
    }
    if (field.kind() != v1::TICKET_FORM_FIELD_KIND_CUSTOM) {
      if (!field.key().empty() && field.key() != KeyOf(field)) violations.Add(at + ".key", "is given by the kind");
    } else if (!IsStoreId(field.key())) {
      violations.Add(at + ".key", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
    } else if (field.key().size() > kMaxWordBytes || IsReserved(field.key())) {
      violations.Add(at + ".key", "is taken, or longer than 60 bytes");
    }
    if (!keys.insert(KeyOf(field)).second) violations.Add(at + ".key", "comes twice");
    CheckText(field.label_tr(), kMaxNameBytes, at + ".label_tr", violations);
    CheckText(field.label_en(), kMaxNameBytes, at + ".label_en", violations);
    CheckOptions(field, at, violations);
  }
  if (!keys.contains("message")) violations.Add("form.fields", "have no MESSAGE");
}

void CheckWords(const v1::TicketFormText& text, const std::string& at, FieldViolations& violations) {
  CheckText(text.title(), kMaxTitleBytes, at + ".title", violations);
  CheckText(text.introduction(), kMaxIntroductionBytes, at + ".introduction", violations);
  CheckText(text.thanks(), kMaxTitleBytes, at + ".thanks", violations);
}

void CheckGuard(const v1::TicketFormGuard& guard, FieldViolations& violations) {
  const SpamLimits limits = LimitsOf(guard);
  const auto check = [&](const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value >= least && value <= most) return;
    violations.Add(absl::StrCat("form.guard.", name), absl::StrCat("is not ", least, " to ", most));
  };
  check("least_fill_seconds", limits.least_fill_time.count(), 0, 600);
  check("most_links", limits.most_links, 0, 100);
  check("most_per_address", limits.most_per_address, 1, 10'000);
  check("most_per_store", limits.most_per_store, 1, 1'000'000);
  check("duplicate_minutes", limits.duplicate_time.count(), 0, 1440);
}

bool IsOrigin(const std::string& text) {
  const bool web = text.starts_with("https://") || text.starts_with("http://");
  const std::size_t host = text.find("://") + 3;
  return web && text.size() > host && text.size() <= kMaxNameBytes && text.find_first_of("/?# ", host) == text.npos;
}

std::size_t MostBytes(v1::TicketFormFieldKind kind) {
  switch (kind) {
    case v1::TICKET_FORM_FIELD_KIND_MESSAGE:
      return kMaxMessageBytes;
    case v1::TICKET_FORM_FIELD_KIND_SUBJECT:
      return kMaxTitleBytes;
    case v1::TICKET_FORM_FIELD_KIND_CUSTOM:
      return kMaxValueBytes;
    case v1::TICKET_FORM_FIELD_KIND_TYPE:
      return kMaxWordBytes;
    default:
      return kMaxNameBytes;
  }
}

// Puts a value where it belongs; tells what is wrong with it.
std::optional<Kind> Put(const v1::TicketFormField& field, const std::string& value, FilledForm& filled) {
  const bool choosable = std::any_of(field.options().begin(), field.options().end(),
                                     [&](const v1::TicketFormOption& option) { return option.value() == value; });
  if (!field.options().empty() && !choosable) return Kind::kNoOption;
  switch (field.kind()) {
    case v1::TICKET_FORM_FIELD_KIND_SUBJECT:
      filled.subject = value;
      return std::nullopt;
    case v1::TICKET_FORM_FIELD_KIND_MESSAGE:
      filled.message = value;
      return std::nullopt;
    case v1::TICKET_FORM_FIELD_KIND_EMAIL: {
      const absl::StatusOr<std::string> email = NormalizeEmail(value);
      if (!email.ok()) return Kind::kNoEmail;
      filled.email = *email;
      return std::nullopt;
    }
    case v1::TICKET_FORM_FIELD_KIND_PHONE: {
      const absl::StatusOr<std::string> phone = NormalizePhone(value);
      if (!phone.ok()) return Kind::kNoPhone;
      filled.phone = *phone;
      return std::nullopt;
    }
    case v1::TICKET_FORM_FIELD_KIND_NAME:
      filled.name = value;
      return std::nullopt;
    case v1::TICKET_FORM_FIELD_KIND_ORDER_NUMBER:
      filled.order_number = value;
      return std::nullopt;
    case v1::TICKET_FORM_FIELD_KIND_TYPE:
      filled.type = value;
      return std::nullopt;
    default:
      filled.custom[field.key()] = value;
      return std::nullopt;
  }
}

}  // namespace

std::string KeyOf(const v1::TicketFormField& field) {
  switch (field.kind()) {
    case v1::TICKET_FORM_FIELD_KIND_SUBJECT:
      return "subject";
    case v1::TICKET_FORM_FIELD_KIND_MESSAGE:
      return "message";
    case v1::TICKET_FORM_FIELD_KIND_EMAIL:
      return "email";
    case v1::TICKET_FORM_FIELD_KIND_PHONE:
      return "phone";
    case v1::TICKET_FORM_FIELD_KIND_NAME:
      return "name";
    case v1::TICKET_FORM_FIELD_KIND_ORDER_NUMBER:
      return "order_number";
    case v1::TICKET_FORM_FIELD_KIND_TYPE:
      return "type";
    default:
      return field.key();
  }
}

SpamLimits LimitsOf(const v1::TicketFormGuard& guard) {
  SpamLimits limits;
  if (guard.has_least_fill_seconds()) limits.least_fill_time = std::chrono::seconds(guard.least_fill_seconds());
  if (guard.has_most_links()) limits.most_links = guard.most_links();
  if (guard.has_most_per_address()) limits.most_per_address = guard.most_per_address();
  if (guard.has_most_per_store()) limits.most_per_store = guard.most_per_store();
  if (guard.has_duplicate_minutes()) limits.duplicate_time = std::chrono::minutes(guard.duplicate_minutes());
  return limits;
}

void CheckForm(const v1::TicketForm& form, FieldViolations& violations) {
  CheckNames(form.id(), form.display_name(), "form", violations);
  if (!form.store_id().empty() && !IsStoreId(form.store_id())) violations.Add("form.store_id", "is no id of a store");
  CheckFields(form, violations);
  if (form.allowed_origins_size() > kMostOrigins) {
    violations.Add("form.allowed_origins", absl::StrCat("are more than ", kMostOrigins));
  }
  for (int i = 0; i < form.allowed_origins_size(); ++i) {
    if (!IsOrigin(form.allowed_origins(i))) {
      violations.Add(absl::StrCat("form.allowed_origins[", i, "]"), "is no web origin such as https://shop.example");
    }
  }
  CheckText(form.team(), kMaxNameBytes, "form.team", violations);
  if (form.tags_size() > kMostTags) violations.Add("form.tags", absl::StrCat("are more than ", kMostTags));
  for (int i = 0; i < form.tags_size(); ++i) {
    const std::string at = absl::StrCat("form.tags[", i, "]");
    CheckText(form.tags(i), kMaxWordBytes, at, violations);
    if (form.tags(i).empty()) violations.Add(at, "is empty");
  }
  CheckWords(form.turkish(), "form.turkish", violations);
  CheckWords(form.english(), "form.english", violations);
  CheckGuard(form.guard(), violations);
}

const char* DescriptionOf(Kind kind) {
  switch (kind) {
    case Kind::kMissing:
      return "is required";
    case Kind::kTooLong:
      return "is too long, or no clean UTF-8";
    case Kind::kNoEmail:
      return "is no e-mail address";
    case Kind::kNoPhone:
      return "is no phone number";
    case Kind::kNoOption:
      return "is none of the options";
    case Kind::kUnknown:
      return "is no field of the form";
  }
  return "";
}

FilledForm ReadFilled(const v1::TicketForm& form, const FormValues& values, std::vector<FormMistake>& mistakes) {
  FilledForm filled;
  std::set<std::string> keys;
  for (const v1::TicketFormField& field : form.fields()) {
    const std::string key = KeyOf(field);
    keys.insert(key);
    const auto given = values.find(key);
    const std::string value = given == values.end() ? "" : std::string(Trim(given->second));
    if (value.empty()) {
      if (field.required() || field.kind() == v1::TICKET_FORM_FIELD_KIND_MESSAGE) {
        mistakes.push_back({key, Kind::kMissing});
      }
    } else if (value.size() > MostBytes(field.kind()) || !IsCleanUtf8(value)) {
      mistakes.push_back({key, Kind::kTooLong});
    } else if (const std::optional<Kind> mistake = Put(field, value, filled)) {
      mistakes.push_back({key, *mistake});
    }
  }
  for (const auto& [key, value] : values) {
    if (!keys.contains(key)) mistakes.push_back({key, Kind::kUnknown});
  }
  return filled;
}

Ticket TicketOf(const v1::TicketForm& form, const FilledForm& filled, const Uuid& id) {
  Ticket ticket{.id = id,
                .store_id = form.store_id(),
                .subject = filled.subject,
                .channel = contacts::v1::CHANNEL_WEB_FORM,
                .type = filled.type,
                .team = form.team(),
                .tags = {form.tags().begin(), form.tags().end()},
                .custom_fields = filled.custom};
  if (ticket.subject.empty()) {
    ticket.subject = std::string(Truncate(filled.message, kSubjectBytesOfMessage));
    std::replace_if(
        ticket.subject.begin(), ticket.subject.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  }
  ticket.custom_fields["form"] = form.id();
  for (const auto& [key, value] : {std::pair("requester_email", &filled.email),
                                   {"requester_phone", &filled.phone},
                                   {"requester_name", &filled.name},
                                   {"order_number", &filled.order_number}}) {
    if (!value->empty()) ticket.custom_fields[key] = *value;
  }
  return ticket;
}

std::optional<identity::IdentitySet> RequesterOf(const FilledForm& filled) {
  identity::IdentitySet set{.display_name = filled.name};
  if (!filled.phone.empty()) set.identities.push_back({identity::Kind::kPhone, "", filled.phone, false});
  if (!filled.email.empty()) set.identities.push_back({identity::Kind::kEmail, "", filled.email, false});
  if (set.identities.empty()) return std::nullopt;
  return set;
}

std::string SameContent(const v1::TicketForm& form, const FilledForm& filled) {
  const std::string message = FoldName(filled.message);
  std::string same = absl::StrCat(form.store_id(), "\n", message);
  if (message.size() < kOwnWordsBytes) {
    absl::StrAppend(&same, "\n", filled.email, "\n", filled.phone, "\n", filled.name, "\n", filled.order_number);
  }
  return same;
}

}  // namespace esnaf::support
