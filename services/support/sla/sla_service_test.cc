// Goal: promises are made, listed in the order in which they are asked, changed and taken back; every change counts.
#include "services/support/sla/sla_service.h"

#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/migrations/support.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"
#include "services/support/sla/sla_store.h"
#include "services/support/sla/sla_wire.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;

struct SlaUnderTest {
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const runtime::ClientCallOptions& options = {}) {
    return server.channel()->Call<Response>("/esnaf.support.v1.SlaService/" + method, request, options);
  }
  absl::StatusOr<v1::SlaPolicy> Create(const v1::SlaPolicy& policy, const runtime::ClientCallOptions& options = {}) {
    v1::CreateSlaPolicyRequest request;
    *request.mutable_policy() = policy;
    return Call<v1::SlaPolicy>("CreateSlaPolicy", request, options);
  }
  std::int64_t Revision() { return schema.Sql("SELECT revision FROM sla_revision")[0].Get<std::int64_t>(0); }

  testing::TestSchema schema{
      "sla",
      {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::support()},
      {"runtime", "events", "identity", "support"}};
  SlaService service;
  testing::TestServer server{schema, {service.Rpcs()}, {.name = "support"}};
};

v1::SlaPolicy PolicyOf(const std::string& id, int position) {
  v1::SlaPolicy policy;
  policy.set_id(id);
  policy.set_position(position);
  policy.mutable_targets()->set_first_response_minutes(30);
  return policy;
}

TEST_CASE("what an installation begins with can be read and holds the feasts with their half days") {
  SlaUnderTest test;
  v1::GetBusinessCalendarRequest request;
  request.set_id("turkey");
  ESNAF_REQUIRE_VALUE(const auto turkey, test.Call<v1::BusinessCalendar>("GetBusinessCalendar", request));
  ESNAF_REQUIRE_VALUE(const BusinessCalendar calendar, CalendarFromProto(turkey));
  ESNAF_REQUIRE_VALUE(const BusinessHours hours, BusinessHours::Make(calendar));
  const auto day = [&](const std::string& date) {
    const auto begin = TimeZone::Load("Europe/Istanbul")->StartOfDay(*ParseDate(date));
    return hours.Between(begin, begin + std::chrono::hours(24));
  };
  CHECK(day("2026-03-18") == std::chrono::hours(9));
  CHECK(day("2026-03-19") == std::chrono::hours(4));
  CHECK(day("2026-03-20") == std::chrono::hours(0));
  CHECK(day("2026-05-29") == std::chrono::hours(0));
  v1::GetSlaPolicyRequest policy;
  policy.set_id("default");
  ESNAF_REQUIRE_VALUE(const auto general, test.Call<v1::SlaPolicy>("GetSlaPolicy", policy));
  CHECK(general.calendar_id() == "turkey");
  CHECK(general.warn_at_percent() == 80);
  CHECK(general.pauses().states_size() == 2);
  policy.set_id("none");
  CHECK(ErrorReason(test.Call<v1::SlaPolicy>("GetSlaPolicy", policy).status()) == "SLA_POLICY_NOT_FOUND");
}

TEST_CASE("policies are listed in the order in which they are asked, page by page") {
  SlaUnderTest test;
  REQUIRE_OK(test.Create(PolicyOf("b", 20)));
  REQUIRE_OK(test.Create(PolicyOf("c", 10)));
  REQUIRE_OK(test.Create(PolicyOf("a", 20)));
  CHECK(ErrorReason(test.Create(PolicyOf("a", 1)).status()) == "SLA_POLICY_ALREADY_EXISTS");
  std::string ids;
  v1::ListSlaPoliciesRequest request;
  request.set_page_size(2);
  do {
    ESNAF_REQUIRE_VALUE(const auto page, test.Call<v1::ListSlaPoliciesResponse>("ListSlaPolicies", request));
    for (const v1::SlaPolicy& policy : page.policies()) ids += policy.id() + " ";
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  CHECK(ids == "c a b default ");
}

TEST_CASE("a policy is changed by its mask and etag, and every change is a new revision of the book") {
  SlaUnderTest test;
  ESNAF_REQUIRE_VALUE(const auto made, test.Create(PolicyOf("vip", 1)));
  const std::int64_t revision = test.Revision();
  v1::UpdateSlaPolicyRequest update;
  update.mutable_policy()->set_id("vip");
  update.mutable_policy()->set_etag(made.etag());
  update.mutable_policy()->mutable_targets()->set_resolution_minutes(90);
  update.mutable_update_mask()->add_paths("targets");
  ESNAF_REQUIRE_VALUE(const auto changed, test.Call<v1::SlaPolicy>("UpdateSlaPolicy", update));
  CHECK_FALSE(changed.targets().has_first_response_minutes());
  CHECK(changed.targets().resolution_minutes() == 90);
  CHECK(changed.position() == 1);
  CHECK(test.Revision() == revision + 1);
  CHECK(ErrorReason(test.Call<v1::SlaPolicy>("UpdateSlaPolicy", update).status()) == "ETAG_MISMATCH");
  // What changes nothing is no change.
  update.mutable_policy()->clear_etag();
  CHECK(test.Call<v1::SlaPolicy>("UpdateSlaPolicy", update)->etag() == changed.etag());
  CHECK(test.Revision() == revision + 1);
  update.mutable_policy()->set_calendar_id("atlantis");
  update.mutable_update_mask()->add_paths("calendar_id");
  CHECK_STATUS_IS(test.Call<v1::SlaPolicy>("UpdateSlaPolicy", update).status(), StatusCode::kInvalidArgument,
                  "calendar_id");
  v1::DeleteSlaPolicyRequest remove;
  remove.set_id("vip");
  REQUIRE_OK(test.Call<v1::DeleteSlaPolicyResponse>("DeleteSlaPolicy", remove));
  CHECK(test.Call<v1::DeleteSlaPolicyResponse>("DeleteSlaPolicy", remove).status().code() == StatusCode::kNotFound);
}

TEST_CASE("a calendar that a policy counts by cannot be deleted, and the book holds both as of one revision") {
  SlaUnderTest test;
  v1::CreateBusinessCalendarRequest create;
  create.mutable_calendar()->set_id("night");
  v1::OpenHours& hours = *create.mutable_calendar()->mutable_sunday()->add_hours();
  hours.set_open_time("22:00");
  hours.set_close_time("24:00");
  ESNAF_REQUIRE_VALUE(const auto night, test.Call<v1::BusinessCalendar>("CreateBusinessCalendar", create));
  CHECK(night.time_zone() == "Europe/Istanbul");
  v1::SlaPolicy policy = PolicyOf("guard", 1);
  policy.set_calendar_id("night");
  REQUIRE_OK(test.Create(policy));
  v1::DeleteBusinessCalendarRequest remove;
  remove.set_id("night");
  CHECK(ErrorReason(test.Call<v1::DeleteBusinessCalendarResponse>("DeleteBusinessCalendar", remove).status()) ==
        "CALENDAR_IN_USE");
  const auto book = test.schema.connection().Run({}, [](postgres::Tx& tx) { return ReadBook(tx, nullptr); });
  REQUIRE_OK(book);
  REQUIRE((*book)->policies.size() == 2);
  CHECK((*book)->policies[0].id == "guard");
  const Time sunday = *ParseRfc3339("2026-11-22T00:00:00Z");
  CHECK((*book)->HoursOf((*book)->policies[0]).Between(sunday, sunday + std::chrono::hours(24)) ==
        std::chrono::hours(2));
  const auto again = test.schema.connection().Run({}, [&](postgres::Tx& tx) { return ReadBook(tx, *book); });
  REQUIRE_OK(again);
  CHECK(*again == *book);
  v1::UpdateBusinessCalendarRequest update;
  update.mutable_calendar()->set_id("night");
  update.mutable_calendar()->set_time_zone("UTC");
  CHECK(test.Call<v1::BusinessCalendar>("UpdateBusinessCalendar", update)->time_zone() == "UTC");
  const auto newer = test.schema.connection().Run({}, [&](postgres::Tx& tx) { return ReadBook(tx, *book); });
  CHECK((*newer)->revision == (*book)->revision + 1);
}

TEST_CASE("what is wrong is refused by its field, and a key of one store may not change what is promised to all") {
  SlaUnderTest test;
  v1::CreateBusinessCalendarRequest create;
  create.mutable_calendar()->set_id("Big");
  create.mutable_calendar()->mutable_monday()->add_hours()->set_open_time("9:00");
  create.mutable_calendar()->add_holidays()->set_date("2026-02-30");
  const auto refused = test.Call<v1::BusinessCalendar>("CreateBusinessCalendar", create).status();
  std::string fields;
  for (const auto& [field, description] : ErrorFields(refused)) fields += field + ";";
  CHECK(
      fields ==
      "calendar.id;calendar.monday.hours[0].open_time;calendar.monday.hours[0].close_time;calendar.holidays[0].date;");
  const runtime::ClientCallOptions limited{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "key:1"}, {"esnaf-stores", "tr"}}};
  CHECK(ErrorReason(test.Create(PolicyOf("x", 1), limited).status()) == "STORE_NOT_IN_SCOPE");
}

}  // namespace
}  // namespace esnaf::support
