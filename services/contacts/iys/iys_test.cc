// Goal: deadlines are counted in Turkey's business days, records are what İYS takes, and no refusal is lost to a line
// that is not written well.
#include "services/contacts/iys/iys.h"

#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "libs/testing/catch.h"
#include "services/contacts/iys/business_days.h"

namespace esnaf::contacts {
namespace {

Time At(const char* text) { return ParseRfc3339(text).value(); }
Date Day(const char* text) { return ParseDate(text).value(); }

Consent Given() {
  return {.id = Uuid::FromName("consent", "1"),
          .purpose = "marketing",
          .channel = ConsentChannel::kEposta,
          .status = ConsentStatus::kOnay,
          .source = static_cast<ConsentSource>(3),
          .recipient = "ayse@example.com",
          .recipient_type = ConsentRecipientType::kBireysel,
          .consent_time = At("2026-05-04T06:30:05Z")};
}

IysLine Line(const std::string& status) {
  return {.type = "MESAJ",
          .recipient = "+905321234567",
          .recipient_type = "BIREYSEL",
          .status = status,
          .consent_date = "2026-05-04 09:30:05",
          .source = "IYS_WEB"};
}

std::string BadFields(const IysLine& line) {
  std::string fields;
  for (const auto& [field, problem] : ErrorFields(ReadIysLine(line, At("2026-05-05T00:00:00Z")).status())) {
    fields += field + ";";
  }
  return fields;
}

TEST_CASE("a consent of Monday is due when Thursday ends, one of Thursday when Tuesday does") {
  CHECK(IysDeadline(At("2026-05-04T09:00:00Z")) == At("2026-05-07T21:00:00Z"));
  CHECK(IysDeadline(At("2026-05-07T09:00:00Z")) == At("2026-05-12T21:00:00Z"));
  // Saturday and Sunday are as Friday: the first day that counts is Monday.
  CHECK(IysDeadline(At("2026-05-09T09:00:00Z")) == IysDeadline(At("2026-05-08T09:00:00Z")));
  // 22:30 in UTC is the next day in Turkey.
  CHECK(IysDeadline(At("2026-05-04T22:30:00Z")) == At("2026-05-08T21:00:00Z"));
}

TEST_CASE("holidays do not count, half days do") {
  // 26 May is the half day before Kurban Bayramı, which lasts from Wednesday to Saturday.
  CHECK(IsBusinessDay(Day("2026-05-26")));
  for (const char* feast : {"2026-05-27", "2026-05-29", "2026-10-29", "2027-01-01", "2026-03-20", "2026-05-19"}) {
    CHECK_FALSE(IsBusinessDay(Day(feast)));
  }
  CHECK(IysDeadline(At("2026-05-25T09:00:00Z")) == At("2026-06-02T21:00:00Z"));
  // Far behind the table the weekdays count still.
  CHECK_FALSE(IsBusinessDay(Day("2039-04-23")));
  CHECK(IsBusinessDay(Day("2039-04-25")));
}

TEST_CASE("a later consent is never due earlier, and each has three business days") {
  REQUIRE(rc::check("deadlines", [] {
    const Time start = At("2025-01-01T00:00:00Z");
    const Time a = start + std::chrono::minutes(*rc::gen::inRange(0, 3 * 365 * 24 * 60));
    const Time b = a + std::chrono::minutes(*rc::gen::inRange(0, 14 * 24 * 60));
    RC_ASSERT(IysDeadline(a) <= IysDeadline(b));
    int days = 0;
    std::chrono::sys_days day = IysZone().LocalDate(a);
    while (IysZone().StartOfDay(Date(day + std::chrono::days(1))) < IysDeadline(a)) {
      day += std::chrono::days(1);
      if (IsBusinessDay(Date(day))) ++days;
    }
    RC_ASSERT(days == 3);
    RC_ASSERT(IsBusinessDay(Date(day)));
  }));
}

TEST_CASE("a consent is a record for its own address, or for each of the contact's") {
  Consent consent = Given();
  REQUIRE(IysRecordsOf(consent, {"other@example.com"}).size() == 1);
  CHECK(IysRecordsOf(consent, {})[0].recipient == "ayse@example.com");
  consent.recipient.clear();
  const auto records = IysRecordsOf(consent, {"b@example.com", "a@example.com", "b@example.com"});
  REQUIRE(records.size() == 2);
  CHECK(records[0].recipient == "a@example.com");
  CHECK(records[0].state == IysRecordState::kPending);
}

TEST_CASE("other purposes and channels are no business of IYS") {
  Consent consent = Given();
  consent.purpose = "profiling";
  CHECK(IysRecordsOf(consent, {"a@example.com"}).empty());
  consent = Given();
  consent.channel = ConsentChannel::kWhatsapp;
  CHECK(IysRecordsOf(consent, {"+905321234567"}).empty());
}

TEST_CASE("what IYS would refuse is blocked and says why") {
  Consent consent = Given();
  consent.source = ConsentSource::kUnspecified;
  IysRecord record = IysRecordsOf(consent, {})[0];
  CHECK(record.state == IysRecordState::kBlocked);
  CHECK(record.problem.find("HS_FIZIKSEL_ORTAM, HS_ISLAK_IMZA") != std::string::npos);
  CHECK(record.problem.find("HS_KARAR") != std::string::npos);
  consent = Given();
  consent.recipient.clear();
  CHECK(IysRecordsOf(consent, {})[0].state == IysRecordState::kBlocked);
  consent.channel = ConsentChannel::kMesaj;
  consent.recipient = "+4915123456789";
  CHECK(IysRecordsOf(consent, {})[0].problem == "recipient: is no phone of Turkey");
}

TEST_CASE("every source is read as it is written") {
  for (int i = 1; i <= 13; ++i) {
    const auto source = static_cast<ConsentSource>(i);
    CHECK(ParseIysSource(IysSourceName(source)) == source);
  }
  CHECK(IysSourceName(ConsentSource::kUnspecified).empty());
  CHECK(IysSourceName(ConsentSource::kFizikselOrtam) == "HS_FIZIKSEL_ORTAM");
  CHECK(IysSourceName(ConsentSource::kKarar) == "HS_KARAR");
  CHECK_FALSE(ParseIysSource("WEB"));
}

TEST_CASE("a batch is the array that IYS takes, or the same as CSV") {
  const auto records = IysRecordsOf(Given(), {});
  CHECK(WriteIysBatch(IysFormat::kUnspecified, "600001", records) ==
        R"([{"type":"EPOSTA","recipient":"ayse@example.com","recipientType":"BIREYSEL","status":"ONAY",)"
        R"("consentDate":"2026-05-04 09:30:05","source":"HS_WEB"}])");
  CHECK(WriteIysBatch(IysFormat::kCsv, "600001", records) ==
        "brandCode,type,recipient,recipientType,status,consentDate,source\r\n"
        "600001,EPOSTA,ayse@example.com,BIREYSEL,ONAY,2026-05-04 09:30:05,HS_WEB\r\n");
  CHECK(WriteIysBatch(IysFormat::kJson, "600001", {}) == "[]");
}

TEST_CASE("a line of IYS is read in its words") {
  const auto change = ReadIysLine(Line("RET"), At("2026-05-05T00:00:00Z"));
  REQUIRE_OK(change);
  CHECK(change->channel == ConsentChannel::kMesaj);
  CHECK(change->status == ConsentStatus::kRet);
  CHECK(change->consent_time == At("2026-05-04T06:30:05Z"));
  CHECK(change->has_date);
  IysLine line = Line("ONAY");
  line.type = "SMS";
  line.status = "EVET";
  line.recipient_type = "KURUM";
  line.recipient = "12";
  CHECK(BadFields(line) == "type;status;recipientType;recipient;");
}

TEST_CASE("a consent needs its date and source, a refusal holds without") {
  for (const char* date : {"", "yesterday", "2026-06-01 00:00:00"}) {
    IysLine line = Line("ONAY");
    line.consent_date = date;
    CHECK(BadFields(line) == "consentDate;");
    line.status = "RET";
    const auto change = ReadIysLine(line, At("2026-05-05T00:00:00Z"));
    REQUIRE_OK(change);
    CHECK(change->consent_time == At("2026-05-05T00:00:00Z"));
    CHECK_FALSE(change->has_date);
  }
  IysLine line = Line("ONAY");
  line.source = "WEB";
  CHECK(BadFields(line) == "source;");
  line.status = "RET";
  CHECK(BadFields(line).empty());
}

TEST_CASE("a brand has a code of digits and each store once") {
  FieldViolations good, bad;
  CheckIysBrand({.brand_code = "600001", .store_ids = {"tr"}}, good);
  CHECK_OK(good.ToStatus());
  CheckIysBrand({.brand_code = "six", .store_ids = {"tr", "tr", "No Store"}}, bad);
  std::string fields;
  for (const auto& [field, problem] : ErrorFields(bad.ToStatus())) fields += field + ";";
  CHECK(fields == "brand.brand_code;brand.store_ids[1];brand.store_ids[2];");
}

}  // namespace
}  // namespace esnaf::contacts
