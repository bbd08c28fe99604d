#pragma once

// What İYS, the Turkish registry of commercial messages, is told and tells, in its own words. Pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/contacts/consent.h"

namespace esnaf::contacts {

// İYS knows no purposes: it is about commercial messages alone.
inline constexpr std::string_view kIysPurpose = "marketing";
inline constexpr int kMostInIysBatch = 5000;

// Turkey's zone, in which İYS writes its dates.
const TimeZone& IysZone();

// The numbers of these are those of the enums of the same names in esnaf.contacts.v1.
enum class IysRecordState {
  kUnspecified = 0,
  kPending = 1,
  kExported = 2,
  kAcknowledged = 3,
  kFailed = 4,
  kBlocked = 5
};
enum class IysFormat { kUnspecified = 0, kJson = 1, kCsv = 2 };

struct IysBrand {
  std::string brand_code;
  std::string display_name;
  std::vector<std::string> store_ids;
  bool is_default = false;
  bool operator==(const IysBrand&) const = default;
};
// Adds what is wrong with it, under `brand.`.
void CheckIysBrand(const IysBrand& brand, FieldViolations& violations);

struct IysRecord {
  Uuid consent_id;
  std::string recipient;
  std::string brand_code;  // empty: the default brand
  ConsentChannel channel = ConsentChannel::kUnspecified;
  ConsentRecipientType recipient_type = ConsentRecipientType::kUnspecified;
  ConsentStatus status = ConsentStatus::kUnspecified;
  ConsentSource source = ConsentSource::kUnspecified;
  Time consent_time;
  Time deadline;
  IysRecordState state = IysRecordState::kPending;
  std::string problem;
  std::optional<Uuid> batch_id;
  bool operator==(const IysRecord&) const = default;
};

// Whether İYS is told of the consent.
bool IsForIys(const Consent& consent);
// One record for the consent's own recipient, or for each of `addresses` where it is for whatever the contact has.
// Blocked, with what is wrong, where İYS would refuse it: no source, no address, a phone of another country.
std::vector<IysRecord> IysRecordsOf(const Consent& consent, const std::vector<std::string>& addresses);

std::string_view IysTypeName(ConsentChannel channel);  // `EPOSTA`
std::string_view IysSourceName(ConsentSource source);  // `HS_WEB`; empty for none
std::optional<ConsentSource> ParseIysSource(std::string_view name);
std::string IysSourceNames();  // `HS_FIZIKSEL_ORTAM, …`, for errors

// A batch as İYS takes it.
std::string WriteIysBatch(IysFormat format, const std::string& brand_code, const std::vector<IysRecord>& records);

// A line of İYS, as it came.
struct IysLine {
  std::string type;
  std::string recipient;
  std::string recipient_type;
  std::string status;
  std::string consent_date;
  std::string source;
};
// What it says.
struct IysChange {
  ConsentChannel channel = ConsentChannel::kUnspecified;
  std::string recipient;
  ConsentRecipientType recipient_type = ConsentRecipientType::kBireysel;
  ConsentStatus status = ConsentStatus::kUnspecified;
  ConsentSource source = ConsentSource::kUnspecified;  // unspecified: said to İYS itself
  std::string source_name;
  Time consent_time;
  bool has_date = true;  // not: a refusal, which holds from now on
};
// INVALID_ARGUMENT naming the fields that are wrong. A refusal is never lost for its date or source: it counts from
// `now` at the latest.
absl::StatusOr<IysChange> ReadIysLine(const IysLine& line, Time now);

}  // namespace esnaf::contacts
