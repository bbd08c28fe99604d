// Goal: the report asks segmentation for the right people at the right moments, and compares what it answers.
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "services/support/reports/report_service.h"
#include "services/support/reports/retention.h"
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::kStaff;

// Answers of each month what a test says, and remembers what it was asked.
class FakeSegmentation final : public runtime::Channel {
 public:
  absl::Status CallErased(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const runtime::ClientCallOptions&) override {
    if (method != "/esnaf.segmentation.v1.RfmService/CountRepeatPurchases") return absl::UnimplementedError("");
    asked.push_back(dynamic_cast<const segmentation::v1::CountRepeatPurchasesRequest&>(request));
    auto& answer = dynamic_cast<segmentation::v1::RepeatPurchases&>(response);
    for (segmentation::v1::RepeatPurchaseCount count : counts) {
      count.mutable_buyer_counts()->Truncate(asked.back().horizon_days_size());
      *answer.add_counts() = count;
    }
    return failure;
  }
  absl::Status ReadStream(std::string_view, const google::protobuf::Message&, const google::protobuf::Message&,
                          const std::function<bool(const google::protobuf::Message&)>&, const std::function<bool()>&,
                          const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no streams");
  }
  absl::Status WriteStream(std::string_view, const google::protobuf::Message&,
                           const std::function<bool(google::protobuf::Message&)>&, google::protobuf::Message&,
                           const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no streams");
  }
  void Tell(const std::string& label, int groups, int people, int in_30, int in_60, int in_90) {
    segmentation::v1::RepeatPurchaseCount& count = counts.emplace_back();
    count.set_label(label);
    count.set_name_tr(label);
    count.set_groups(static_cast<std::uint32_t>(groups));
    count.set_contact_count(people);
    for (const int buyers : {in_30, in_60, in_90}) count.add_buyer_counts(buyers);
  }

  std::vector<segmentation::v1::CountRepeatPurchasesRequest> asked;
  std::vector<segmentation::v1::RepeatPurchaseCount> counts;
  absl::Status failure;
};

struct RetentionUnderTest : testing::SupportUnderTest {
  ~RetentionUnderTest() { reports.Close(); }
  absl::StatusOr<v1::RetentionReport> Report(const std::string& first = "", const std::string& last = "",
                                             const runtime::ClientCallOptions& options = kStaff) {
    v1::GetRetentionReportRequest request;
    request.set_first_month(first);
    request.set_last_month(last);
    return reports_server.channel()->Call<v1::RetentionReport>(
        "/esnaf.support.v1.SupportReportService/GetRetentionReport", request, options);
  }
  // A ticket of somebody at a time.
  std::string OpenAt(const std::string& time, const std::string& person) {
    clock.Set(*ParseRfc3339(time));
    v1::CreateTicketRequest request = Request("Kargo nerede?");
    request.mutable_ticket()->set_contact_id(testing::FakeContacts::ContactOf(person).ToString());
    const auto ticket = Call<v1::Ticket>("CreateTicket", request);
    REQUIRE_OK(ticket);
    return ticket->id();
  }
  void Answer(const std::string& ticket_id, const std::string& survey, int score, const std::string& time) {
    schema.Sql(absl::StrCat(
        "INSERT INTO survey_invitation (id, survey_id, ticket_id, round, auto_closed, store_id, agent, team, "
        "seller_id, product_id, due_time, ask_time, score, answer_time, version, create_time) VALUES "
        "(gen_random_uuid(), '",
        survey, "', '", ticket_id, "', 0, false, '', '', '', '', '', '", time, "', '", time, "', ", score, ", '", time,
        "', 1, '", time, "')"));
  }
  // What was asked of a month: by their names in the test, each person's bits.
  std::map<std::string, int> GroupsOf(const segmentation::v1::CountRepeatPurchasesRequest& request,
                                      const std::vector<std::string>& names) {
    std::map<std::string, int> groups;
    for (const std::string& name : names) {
      const Uuid id = testing::FakeContacts::ContactOf(name);
      const std::string bytes(id.bytes().begin(), id.bytes().end());
      for (std::size_t i = 0; i < request.groups().size(); ++i) {
        if (request.contact_ids().substr(16 * i, 16) == bytes) groups[name] = request.groups()[i];
      }
    }
    REQUIRE(groups.size() == request.groups().size());
    return groups;
  }

  std::shared_ptr<FakeSegmentation> segmentation = std::make_shared<FakeSegmentation>();
  SupportReportService reports{segmentation};
  testing::TestServer reports_server{schema, {reports.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("segmentation is asked about those who asked in each month, as of its end") {
  RetentionUnderTest test;
  test.schema.Sql(
      "INSERT INTO survey (id, after_solving, body, version, create_time, update_time) VALUES "
      "('csat', false, '{\"kind\":\"SURVEY_KIND_CSAT\"}', 1, now(), now()), "
      "('nps', false, '{\"kind\":\"SURVEY_KIND_NPS\"}', 1, now(), now())");
  test.OpenAt("2026-08-10T09:00:00Z", "quiet");
  // 21:00 in UTC is midnight in Istanbul.
  test.OpenAt("2026-08-31T20:59:00Z", "last");
  test.OpenAt("2026-08-31T21:00:00Z", "september");
  const std::string late = test.OpenAt("2026-08-11T09:00:00Z", "late");
  test.Answer(late, "csat", 1, "2026-08-20T09:00:00Z");
  const std::string happy = test.OpenAt("2026-08-11T09:00:00Z", "happy");
  test.Answer(happy, "csat", 5, "2026-08-20T09:00:00Z");
  test.Answer(happy, "nps", 0, "2026-08-20T09:00:00Z");
  // What was answered after the month is not known at its end.
  test.Answer(test.OpenAt("2026-08-12T09:00:00Z", "slow"), "csat", 1, "2026-09-02T09:00:00Z");
  test.Answer(test.OpenAt("2026-08-12T09:00:00Z", "middling"), "csat", 3, "2026-08-20T09:00:00Z");
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", test.OpenAt("2026-08-13T09:00:00Z", "advertiser")));
  REQUIRE_OK(test.Reply(late, "Pardon"));
  test.schema.Sql("UPDATE ticket SET breached = false");
  const auto breach = [&](const std::string& id, const std::string& time) {
    test.schema.Sql("UPDATE ticket SET breached = true, deadlines = '{\"deadlines\":[{\"breachTime\":\"" + time +
                    "\"},{\"metric\":\"SLA_METRIC_RESOLUTION\"}]}' WHERE id = '" + id + "'");
  };
  breach(late, "2026-08-11T13:00:00Z");
  // What was breached after the month is not known at its end either.
  breach(happy, "2026-09-11T13:00:00Z");

  test.clock.Set(*ParseRfc3339("2026-11-15T09:00:00Z"));
  const auto report = test.Report("2026-08", "2026-10");
  REQUIRE_OK(report);
  REQUIRE(test.segmentation->asked.size() == 2);  // of October nothing is over
  const auto& august = test.segmentation->asked[0];
  CHECK(FormatRfc3339(*api::FromProto(august.as_of_time(), "")) == "2026-08-31T21:00:00Z");
  CHECK(august.horizon_days_size() == 2);
  CHECK(test.segmentation->asked[1].horizon_days_size() == 1);
  const auto groups = test.GroupsOf(august, {"quiet", "last", "late", "happy", "slow", "middling"});
  CHECK(groups.at("quiet") == kHadTicket);
  CHECK(groups.at("late") == (kHadTicket | kHadBreach | kLowCsat));
  CHECK(groups.at("happy") == (kHadTicket | kHighCsat));
  CHECK(groups.at("slow") == kHadTicket);
  CHECK(groups.at("middling") == kHadTicket);
  CHECK(test.GroupsOf(test.segmentation->asked[1], {"september"}).at("september") == kHadTicket);
  CHECK(report->first_month() == "2026-08");
  CHECK(report->rfm_policy_id() == "default");
  CHECK(report->comparisons(2).censored_months_size() == 3);
  CHECK(report->comparisons(2).strata().empty());
  CHECK_FALSE(report->comparisons(2).has_difference());
}

TEST_CASE("strata are compared by exposure and horizon") {
  RetentionUnderTest test;
  test.clock.Set(*ParseRfc3339("2026-11-15T09:00:00Z"));
  // By hand as in retention_test: 12 of 40 and 30 of 60, 5 of 20 and 9 of 80; and one label without any ticket.
  test.segmentation->Tell("loyal", 0, 60, 30, 40, 50);
  test.segmentation->Tell("loyal", kHadTicket, 30, 10, 20, 20);
  test.segmentation->Tell("loyal", kHadTicket | kHadBreach, 10, 2, 5, 5);
  test.segmentation->Tell("new", 0, 80, 9, 9, 9);
  test.segmentation->Tell("new", kHadTicket, 20, 5, 5, 5);
  test.segmentation->Tell("lost", 0, 100, 1, 1, 1);
  const auto report = test.Report("2026-07", "2026-07");
  REQUIRE_OK(report);
  REQUIRE(report->comparisons_size() == 9);
  const v1::RetentionComparison& tickets = report->comparisons(0);
  CHECK(tickets.exposure() == v1::RETENTION_EXPOSURE_TICKET);
  CHECK(tickets.horizon_days() == 30);
  CHECK(tickets.exposed_count() == 60);
  CHECK(tickets.compared_count() == 140);
  CHECK(tickets.difference() == Approx(-0.065));
  CHECK(tickets.has_lower_bound());
  CHECK(tickets.lower_bound() == Approx(-0.204758).epsilon(1e-5));
  CHECK(tickets.upper_bound() == Approx(0.074758).epsilon(1e-5));
  REQUIRE(tickets.strata_size() == 3);
  CHECK(tickets.strata(0).label() == "loyal");
  CHECK(tickets.strata(0).exposed_buyer_count() == 12);
  CHECK(tickets.strata(0).state() == v1::RETENTION_STRATUM_STATE_COMPARED);
  CHECK(tickets.strata(2).state() == v1::RETENTION_STRATUM_STATE_ONE_SIDED);
  const v1::RetentionComparison& breaches = report->comparisons(3);
  CHECK(breaches.exposure() == v1::RETENTION_EXPOSURE_BREACH);
  REQUIRE(breaches.strata_size() == 2);
  CHECK(breaches.strata(0).exposed_count() == 10);
  CHECK(breaches.strata(0).compared_count() == 30);
  CHECK(breaches.difference() == Approx(0.2 - 10.0 / 30));
  CHECK(report->comparisons(5).horizon_days() == 90);
  CHECK(report->comparisons(5).difference() == Approx(0.5 - 20.0 / 30));
  CHECK(report->comparisons(6).exposure() == v1::RETENTION_EXPOSURE_LOW_CSAT);
  CHECK_FALSE(report->comparisons(6).has_difference());

  test.segmentation->counts.clear();
  test.segmentation->Tell("new", 0, 80, 0, 9, 9);
  test.segmentation->Tell("new", kHadTicket, 20, 0, 5, 5);
  const auto nobody = test.Report("2026-07", "2026-07");
  REQUIRE_OK(nobody);
  CHECK(nobody->comparisons(0).has_difference());
  CHECK_FALSE(nobody->comparisons(0).has_lower_bound());
  CHECK_FALSE(nobody->comparisons(0).has_upper_bound());
  CHECK(nobody->comparisons(1).has_upper_bound());
}

TEST_CASE("the usual half a year ends with the last month that is over, and what makes no sense is refused") {
  RetentionUnderTest test;
  test.clock.Set(*ParseRfc3339("2026-11-30T21:30:00Z"));  // the first of December in Istanbul
  auto report = test.Report();
  REQUIRE_OK(report);
  CHECK(report->first_month() == "2026-06");
  CHECK(report->last_month() == "2026-11");
  CHECK_STATUS_IS(test.Report("2026-13").status(), absl::StatusCode::kInvalidArgument, "first_month");
  CHECK_STATUS_IS(test.Report("2024-01").status(), absl::StatusCode::kInvalidArgument, "first_month");
  CHECK_STATUS_IS(test.Report("", "2026-12").status(), absl::StatusCode::kInvalidArgument, "last_month");
  const runtime::ClientCallOptions of_store{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "key:1"}, {"esnaf-stores", "de"}}};
  CHECK_OK(test.Report("2026-07", "2026-07", of_store).status());
  CHECK(test.segmentation->asked.back().store_ids(0) == "de");
  test.segmentation->failure = absl::NotFoundError("no such policy");
  CHECK_STATUS_IS(test.Report().status(), absl::StatusCode::kNotFound, "");
  SupportReportService alone;
  testing::TestServer server{test.schema, {alone.Rpcs()}, {.name = "support", .clock = &test.clock}};
  const absl::Status nobody =
      server.channel()
          ->Call<v1::RetentionReport>("/esnaf.support.v1.SupportReportService/GetRetentionReport",
                                      v1::GetRetentionReportRequest(), kStaff)
          .status();
  CHECK(ErrorReason(nobody) == "SEGMENTATION_NOT_CONFIGURED");
}

}  // namespace
}  // namespace esnaf::support
