#include "services/segmentation/segmentation.h"

#include "libs/audience/people_source.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "services/segmentation/attribution_consumer.h"
#include "services/segmentation/contacts_consumer.h"
#include "services/segmentation/orders_consumer.h"
#include "services/segmentation/people/person_table_keeper.h"
#include "services/segmentation/rfm/rfm_computation.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rfm/rfm_service.h"
#include "services/segmentation/rules/attribute_source.h"
#include "services/segmentation/segments/audience_service.h"
#include "services/segmentation/segments/contact_source.h"
#include "services/segmentation/segments/segment_membership_service.h"
#include "services/segmentation/segments/segment_service.h"
#include "services/segmentation/support_consumer.h"
#include "services/segmentation/value/value_fitter.h"
#include "services/segmentation/value/value_service.h"

namespace esnaf::segmentation {
namespace {

constexpr std::chrono::milliseconds kComputePeriod{3000};
constexpr std::chrono::milliseconds kValuePeriod{5000};
constexpr std::chrono::milliseconds kCountPeriod{2000};
constexpr std::chrono::seconds kCountAtOnce{5};

// Ends the streams of who enters and leaves when the program stops.
class WatchCloser final : public runtime::Background {
 public:
  explicit WatchCloser(SegmentMembershipService& service) : service_(service) {}
  absl::Status Start() override { return absl::OkStatus(); }
  void Stop() override { service_.Close(); }

 private:
  SegmentMembershipService& service_;
};

// Counts segments that are due, and goes on with deleting those that were deleted and with copying snapshots, a
// worker's tick. Answers the transaction id of the newest event that was written.
absl::StatusOr<std::optional<std::uint64_t>> CountSegments(postgres::Connection& connection, PersonTableKeeper& keeper,
                                                           Time now) {
  // The table catches up before anything is locked, so that little is left to do for it afterwards.
  const absl::Status caught_up =
      connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) { return keeper.CatchUp(tx); });
  if (ErrorReason(caught_up) == kTableLoading) return std::optional<std::uint64_t>();
  ESNAF_RETURN_IF_ERROR(caught_up);
  SegmentCounter counter(keeper);
  const Cause cause = OwnCause(now);
  std::optional<std::uint64_t> newest;
  ESNAF_RETURN_IF_ERROR(runtime::TakeSteps(kCountAtOnce, [&]() -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(bool more,
                           connection.Run({}, [&](postgres::Tx& tx) { return counter.CountDue(tx, cause); }));
    newest = std::max(newest, connection.last_event_xact());
    if (more) return true;
    ESNAF_ASSIGN_OR_RETURN(more, connection.Run({}, [&](postgres::Tx& tx) { return counter.DeleteSome(tx, cause); }));
    newest = std::max(newest, connection.last_event_xact());
    if (more) return true;
    return connection.Run({}, [](postgres::Tx& tx) { return CopySomeMembers(tx, kMostChanges); });
  }));
  return newest;
}

// Everything about segments: their RPCs, the table of everybody that rules run over, and the clock that moves them on.
void AddSegments(runtime::App& app, PersonTableKeeper& keeper) {
  app.AddBackground(std::make_unique<PersonTableWorker>(keeper, app.database(), app.clock(), app.metrics()));
  AttributeSource& fields = app.Make<AttributeSource>(app.channel("contacts"), app.clock());
  const CustomAttributes custom_attributes = [&fields](Time deadline) { return fields.Get(deadline); };
  ContactSource& contacts = app.Make<ContactSource>(app.channel("contacts"), app.clock());
  SegmentService& segments = app.Make<SegmentService>(
      custom_attributes,
      [&keeper](postgres::Tx& tx, SegmentRecord& record, const Cause& cause) {
        return SegmentCounter(keeper).Count(tx, record, cause);
      },
      [&contacts](const std::vector<std::string>& contact_ids, Time deadline) {
        return contacts.CheckKnown(contact_ids, deadline);
      });
  SegmentMembershipService& memberships = app.Make<SegmentMembershipService>(custom_attributes, keeper);
  app.AddBackground(std::make_unique<WatchCloser>(memberships));
  audience::PeopleSource& people = app.Make<audience::PeopleSource>(app.channel("contacts"), app.clock());
  AudienceService& audiences =
      app.Make<AudienceService>([&people](const std::vector<std::string>& contact_ids, const std::string& purpose,
                                          Time deadline) { return people.Get(contact_ids, purpose, deadline); });
  runtime::RpcService rpcs("esnaf.segmentation.v1.SegmentService");
  segments.Bind(rpcs);
  memberships.Bind(rpcs);
  audiences.Bind(rpcs);
  app.AddRpcs(std::move(rpcs));
  app.AddWorker("segment-count", kCountPeriod, [&app, &keeper](postgres::Connection& own) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> newest, CountSegments(own, keeper, app.clock().Now()));
    if (newest) app.NotifyEvents(*newest);
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status EnsureDefaultPolicy(postgres::Connection& connection, Time now) {
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) -> absl::Status {
    return InsertPolicy(tx, DefaultPolicy(), now, OwnCause(now).actor).status();
  });
}

absl::StatusOr<std::optional<std::uint64_t>> ComputeWhatIsNeeded(postgres::Connection& connection,
                                                                 RfmComputer& computer, Time now) {
  ESNAF_ASSIGN_OR_RETURN(
      const std::vector<PolicyRecord> records,
      connection.Run({.autocommit = true, .read_only = true}, [](postgres::Tx& tx) { return ListPolicies(tx); }));
  std::optional<std::uint64_t> newest;
  for (const PolicyRecord& record : records) {
    if (!NeedsComputation(record, now) && !record.write_cursor) continue;
    ESNAF_ASSIGN_OR_RETURN(const ComputerRun run, ComputeAndWrite(connection, computer, record.policy.id, now));
    newest = std::max(newest, run.newest_event_xact);
    if (run.computed) LogInfo("computed RFM thresholds", {{"policy", record.policy.id}});
  }
  return newest;
}

absl::Status Build(runtime::App& app) {
  postgres::Connection connection(app.database());
  ESNAF_RETURN_IF_ERROR(EnsureDefaultPolicy(connection, app.clock().Now()));
  ESNAF_RETURN_IF_ERROR(EnsureDefaultValueModel(connection, app.clock().Now()));
  PersonTableKeeper& keeper = app.Make<PersonTableKeeper>();
  app.AddRpcs(app.Make<RfmService>(&keeper).Rpcs());
  app.AddRpcs(app.Make<ValueService>().Rpcs());
  AddSegments(app, keeper);
  events::ServeFeed(app);
  const Clock& clock = app.clock();
  events::Consume(app, "orders", [&clock](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
    return ApplyOrderEvents(tx, events, clock.Now());
  });
  events::Consume(app, "contacts", [&clock](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
    return ApplyContactEvents(tx, events, clock.Now());
  });
  if (!app.config().Text("attribution-address").empty()) {
    events::Consume(app, "attribution", [&clock](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
      return ApplyAttributionEvents(tx, events, clock.Now());
    });
  }
  if (!app.config().Text("support-address").empty()) {
    events::Consume(app, "support", [&clock](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
      return ApplySupportEvents(tx, events, clock.Now());
    });
  }
  app.AddWorker("rfm-compute", kComputePeriod,
                [&app, &clock, computer = RfmComputer(&keeper)](postgres::Connection& own) mutable -> absl::Status {
                  ESNAF_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> newest,
                                         ComputeWhatIsNeeded(own, computer, clock.Now()));
                  if (newest) app.NotifyEvents(*newest);
                  return absl::OkStatus();
                });
  app.AddWorker("value-fit", kValuePeriod, [&clock, keeper = ValueKeeper()](postgres::Connection& own) mutable {
    return keeper.Tick(own, clock.Now());
  });
  return absl::OkStatus();
}

}  // namespace esnaf::segmentation
