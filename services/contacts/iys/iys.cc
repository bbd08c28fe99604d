#include "services/contacts/iys/iys.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/check.h"
#include "libs/base/csv.h"
#include "libs/base/macros.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/contacts/contact.h"
#include "services/contacts/iys/business_days.h"

namespace esnaf::contacts {
namespace {

// By the numbers of ConsentSource, from 1.
constexpr std::array<std::string_view, 13> kSources = {
    "HS_FIZIKSEL_ORTAM", "HS_ISLAK_IMZA", "HS_WEB",      "HS_CAGRI_MERKEZI", "HS_SOSYAL_MEDYA", "HS_EPOSTA", "HS_MESAJ",
    "HS_MOBIL",          "HS_EORTAM",     "HS_ETKINLIK", "HS_2015",          "HS_ATM",          "HS_KARAR"};

constexpr std::size_t kMostStores = 1000;

std::string_view StatusName(ConsentStatus status) { return status == ConsentStatus::kOnay ? "ONAY" : "RET"; }
std::string_view RecipientTypeName(ConsentRecipientType type) {
  return type == ConsentRecipientType::kTacir ? "TACIR" : "BIREYSEL";
}

// `2026-05-04 09:30:00` in Turkey.
std::string DateText(Time time) {
  const Date day = IysZone().LocalDate(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time - IysZone().StartOfDay(day));
  const std::chrono::hh_mm_ss clock{seconds};
  return absl::StrFormat("%s %02d:%02d:%02d", FormatDate(day), clock.hours().count(), clock.minutes().count(),
                         clock.seconds().count());
}

std::string ProblemOf(const IysRecord& record) {
  if (record.recipient.empty()) return "recipient: the contact has no address of this channel that is verified";
  if (record.channel != ConsentChannel::kEposta && !record.recipient.starts_with("+90")) {
    return "recipient: is no phone of Turkey";
  }
  if (IysSourceName(record.source).empty()) return absl::StrCat("source: is none of ", IysSourceNames());
  return {};
}

ConsentChannel ChannelOf(std::string_view type) {
  for (const ConsentChannel channel : {ConsentChannel::kArama, ConsentChannel::kMesaj, ConsentChannel::kEposta}) {
    if (type == IysTypeName(channel)) return channel;
  }
  return ConsentChannel::kUnspecified;
}

// Of a consent date and source must be right; of a refusal what can be read counts.
void ReadDateAndSource(const IysLine& line, Time now, IysChange& change, FieldViolations& violations) {
  const bool refusal = change.status == ConsentStatus::kRet;
  const auto time =
      line.consent_date.empty() ? absl::InvalidArgumentError("") : IysZone().ParseLocal(line.consent_date);
  change.has_date = time.ok() && *time <= now;
  change.consent_time = change.has_date ? *time : now;
  if (!refusal && !time.ok()) violations.Add("consentDate", "is no time of the form YYYY-MM-DD HH:MM:SS");
  if (!refusal && time.ok() && *time > now) violations.Add("consentDate", "is in the future");
  const auto source = ParseIysSource(line.source);
  change.source = source.value_or(ConsentSource::kUnspecified);
  change.source_name = std::string(Truncate(line.source, 100));
  if (!IsCleanUtf8(change.source_name)) change.source_name.clear();
  if (!refusal && !source && !line.source.starts_with("IYS_")) {
    violations.Add("source", absl::StrCat("is neither IYS_… nor one of ", IysSourceNames()));
  }
}

}  // namespace

const TimeZone& IysZone() {
  static const TimeZone kZone = [] {
    absl::StatusOr<TimeZone> zone = TimeZone::Load("Europe/Istanbul");
    ESNAF_CHECK(zone.ok());
    return *std::move(zone);
  }();
  return kZone;
}

void CheckIysBrand(const IysBrand& brand, FieldViolations& violations) {
  const bool digits =
      std::all_of(brand.brand_code.begin(), brand.brand_code.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (brand.brand_code.empty() || brand.brand_code.size() > 20 || !digits) {
    violations.Add("brand.brand_code", "must be 1 to 20 digits");
  }
  CheckText(brand.display_name, "brand.display_name", 200, violations);
  if (brand.store_ids.size() > kMostStores) violations.Add("brand.store_ids", "has more than 1000");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < brand.store_ids.size() && i < kMostStores; ++i) {
    const std::string field = absl::StrCat("brand.store_ids[", i, "]");
    if (!IsStoreId(brand.store_ids[i])) violations.Add(field, "is no store id");
    if (!seen.insert(brand.store_ids[i]).second) violations.Add(field, "comes twice");
  }
}

bool IsForIys(const Consent& consent) {
  return consent.purpose == kIysPurpose && consent.channel >= ConsentChannel::kArama &&
         consent.channel <= ConsentChannel::kEposta;
}

std::vector<IysRecord> IysRecordsOf(const Consent& consent, const std::vector<std::string>& addresses) {
  std::vector<IysRecord> records;
  if (!IsForIys(consent)) return records;
  std::set<std::string> recipients(addresses.begin(), addresses.end());
  if (!consent.recipient.empty()) recipients = {consent.recipient};
  if (recipients.empty()) recipients = {""};
  for (const std::string& recipient : recipients) {
    IysRecord record{.consent_id = consent.id,
                     .recipient = recipient,
                     .brand_code = consent.brand_code,
                     .channel = consent.channel,
                     .recipient_type = consent.recipient_type,
                     .status = consent.status,
                     .source = consent.source,
                     .consent_time = consent.consent_time,
                     .deadline = IysDeadline(consent.consent_time)};
    record.problem = ProblemOf(record);
    if (!record.problem.empty()) record.state = IysRecordState::kBlocked;
    records.push_back(std::move(record));
  }
  return records;
}

std::string_view IysTypeName(ConsentChannel channel) {
  if (channel == ConsentChannel::kArama) return "ARAMA";
  if (channel == ConsentChannel::kMesaj) return "MESAJ";
  return channel == ConsentChannel::kEposta ? "EPOSTA" : "";
}

std::string_view IysSourceName(ConsentSource source) {
  const int number = static_cast<int>(source);
  return number >= 1 && number <= static_cast<int>(kSources.size()) ? kSources[number - 1] : "";
}

std::optional<ConsentSource> ParseIysSource(std::string_view name) {
  const auto* const found = std::find(kSources.begin(), kSources.end(), name);
  if (found == kSources.end()) return std::nullopt;
  return static_cast<ConsentSource>(found - kSources.begin() + 1);
}

std::string IysSourceNames() {
  return absl::StrJoin(kSources, ", ", [](std::string* out, std::string_view name) { out->append(name); });
}

std::string WriteIysBatch(IysFormat format, const std::string& brand_code, const std::vector<IysRecord>& records) {
  if (format == IysFormat::kCsv) {
    std::string csv = CsvLine({"brandCode", "type", "recipient", "recipientType", "status", "consentDate", "source"});
    for (const IysRecord& record : records) {
      csv += CsvLine({brand_code, std::string(IysTypeName(record.channel)), record.recipient,
                      std::string(RecipientTypeName(record.recipient_type)), std::string(StatusName(record.status)),
                      DateText(record.consent_time), std::string(IysSourceName(record.source))});
    }
    return csv;
  }
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const IysRecord& record : records) {
    array.push_back({{"type", std::string(IysTypeName(record.channel))},
                     {"recipient", record.recipient},
                     {"recipientType", std::string(RecipientTypeName(record.recipient_type))},
                     {"status", std::string(StatusName(record.status))},
                     {"consentDate", DateText(record.consent_time)},
                     {"source", std::string(IysSourceName(record.source))}});
  }
  return array.dump();
}

absl::StatusOr<IysChange> ReadIysLine(const IysLine& line, Time now) {
  FieldViolations violations;
  IysChange change{.channel = ChannelOf(line.type)};
  if (change.channel == ConsentChannel::kUnspecified) violations.Add("type", "is none of ARAMA, MESAJ, EPOSTA");
  if (line.status == "ONAY") change.status = ConsentStatus::kOnay;
  if (line.status == "RET") change.status = ConsentStatus::kRet;
  if (change.status == ConsentStatus::kUnspecified) violations.Add("status", "is none of ONAY, RET");
  if (line.recipient_type == "TACIR") {
    change.recipient_type = ConsentRecipientType::kTacir;
  } else if (!line.recipient_type.empty() && line.recipient_type != "BIREYSEL") {
    violations.Add("recipientType", "is none of BIREYSEL, TACIR");
  }
  const bool email = change.channel == ConsentChannel::kEposta;
  const auto recipient = email ? NormalizeEmail(line.recipient) : NormalizePhone(line.recipient);
  if (recipient.ok()) change.recipient = *recipient;
  if (!recipient.ok()) violations.Add("recipient", email ? "is no e-mail address" : "is no phone number");
  ReadDateAndSource(line, now, change, violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return change;
}

}  // namespace esnaf::contacts
