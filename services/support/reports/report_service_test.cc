// Goal: a report says what happened with the tickets, in groups, and the queue tells of itself when it changes.
#include "services/support/reports/report_service.h"

#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::kStaff;
using testing::kStorefront;

struct ReportsUnderTest : testing::SupportUnderTest {
  absl::StatusOr<v1::SupportReport> Report(const v1::GetSupportReportRequest& request,
                                           const runtime::ClientCallOptions& options = kStaff) {
    return reports_server.channel()->Call<v1::SupportReport>("/esnaf.support.v1.SupportReportService/GetSupportReport",
                                                             request, options);
  }
  v1::SupportReport By(v1::SupportGrouping grouping) {
    v1::GetSupportReportRequest request;
    request.set_group_by(grouping);
    auto report = Report(request);
    REQUIRE_OK(report);
    return *std::move(report);
  }
  void Assign(const std::string& id, const std::string& assignee) {
    v1::AssignTicketRequest request;
    request.set_id(id);
    request.set_assignee(assignee);
    REQUIRE_OK(Call<v1::Ticket>("AssignTicket", request));
  }

  ~ReportsUnderTest() { reports.Close(); }

  SupportReportService reports;
  testing::TestServer reports_server{schema, {reports.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("times, rates, breaches and loads are those of the tickets") {
  ReportsUnderTest test;
  const std::string quick = test.Open("Hızlı").id(), late = test.Open("Geç").id(), open = test.Open("Açık").id();
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", test.Open("Reklam").id()));
  test.Assign(quick, "user:ali");
  test.Assign(late, "user:veli");
  test.Assign(open, "user:veli");
  test.clock.Advance(10min);
  REQUIRE_OK(test.Reply(quick, "Buyurun", kStaff, v1::TICKET_STATE_SOLVED));
  test.clock.Advance(80min);
  REQUIRE_OK(test.Reply(late, "Pardon", kStaff, v1::TICKET_STATE_SOLVED));
  test.clock.Advance(10min);
  REQUIRE_OK(test.Reply(late, "Olmadı", kStorefront));
  const v1::SupportReport all = test.By(v1::SUPPORT_GROUPING_UNSPECIFIED);
  CHECK(all.rows().empty());
  const v1::SupportReportRow& total = all.total();
  CHECK(total.ticket_count() == 3);
  CHECK(total.first_response().count() == 2);
  CHECK(total.first_response().median().seconds() == 600);
  CHECK(total.first_response().p90().seconds() == 5400);
  CHECK(total.resolution().count() == 1);
  CHECK(total.solved_count() == 1);
  CHECK(total.reopened_count() == 1);
  CHECK(total.reopen_rate() == Approx(0.5));
  CHECK(total.one_touch_count() == 1);
  CHECK(total.one_touch_rate() == Approx(1));
  CHECK(total.agent_reply_count() == 2);
  CHECK(total.open_count() == 2);
  CHECK(total.backlog_age().median().seconds() == 6000);
  REQUIRE(total.breaches_size() == 3);
  CHECK(total.breaches(0).metric() == v1::SLA_METRIC_FIRST_RESPONSE);
  CHECK(total.breaches(0).deadline_count() == 3);
  CHECK(total.breaches(0).breach_count() == 2);

  const v1::SupportReport by_agent = test.By(v1::SUPPORT_GROUPING_AGENT);
  REQUIRE(by_agent.rows_size() == 2);
  CHECK(by_agent.rows(0).key() == "user:ali");
  CHECK(by_agent.rows(0).one_touch_count() == 1);
  CHECK(by_agent.rows(1).open_count() == 2);
  CHECK(test.By(v1::SUPPORT_GROUPING_CHANNEL).rows(0).key() == "WEB_FORM");
  CHECK(test.By(v1::SUPPORT_GROUPING_PRIORITY).rows(0).key() == "NORMAL");
  CHECK(test.By(v1::SUPPORT_GROUPING_DAY).rows(0).key() == "2026-11-23");
  CHECK(test.By(v1::SUPPORT_GROUPING_MONTH).rows(0).key() == "2026-11-01");
}

TEST_CASE("a key of another store sees none of it, and a time that is none is refused") {
  ReportsUnderTest test;
  test.Open();
  const runtime::ClientCallOptions other{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "key:1"}, {"esnaf-stores", "de"}}};
  CHECK(test.Report({}, other)->total().ticket_count() == 0);
  CHECK(test.Report({}, other)->total().open_count() == 0);
  v1::GetSupportReportRequest request;
  request.set_time_zone("Mars/Olympus");
  CHECK_STATUS_IS(test.Report(request).status(), absl::StatusCode::kInvalidArgument, "time_zone");
  request.Clear();
  request.mutable_start_time()->set_seconds(1);
  CHECK_STATUS_IS(test.Report(request).status(), absl::StatusCode::kInvalidArgument, "start_time");
}

TEST_CASE("the queue is told at once and with its change") {
  ReportsUnderTest test;
  test.Open();
  std::vector<v1::SupportQueue> told;
  bool opened = false;
  CHECK_OK(test.reports_server.channel()->ReadStream(
      "/esnaf.support.v1.SupportReportService/WatchSupportQueue", v1::WatchSupportQueueRequest(),
      v1::SupportQueue::default_instance(),
      [&](const google::protobuf::Message& message) {
        told.push_back(static_cast<const v1::SupportQueue&>(message));
        return told.size() < 2;
      },
      [&] {
        if (told.size() == 1 && !opened) {
          opened = true;
          test.Open("İkinci");
        }
        return false;
      },
      {.timeout = 20s, .metadata = kStaff.metadata}));
  REQUIRE(told.size() == 2);
  CHECK(told[0].new_count() == 1);
  CHECK(told[0].unassigned_count() == 1);
  CHECK(told[0].due_soon_count() == 1);
  CHECK(told[1].new_count() == 2);
}

}  // namespace
}  // namespace esnaf::support
