#include "services/attribution/attribution.h"

#include "libs/audience/people_source.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "services/attribution/contacts_consumer.h"
#include "services/attribution/credit/credit_service.h"
#include "services/attribution/credit/crediter.h"
#include "services/attribution/credit/markov_fitter.h"
#include "services/attribution/credit/report_day_store.h"
#include "services/attribution/credit/report_service.h"
#include "services/attribution/exports/export_service.h"
#include "services/attribution/orders_consumer.h"
#include "services/attribution/retention.h"
#include "services/attribution/spend/spend_service.h"
#include "services/attribution/spend/store_currency.h"
#include "services/attribution/touches/channel_keeper.h"
#include "services/attribution/touches/channel_service.h"
#include "services/attribution/touches/channel_store.h"
#include "services/attribution/touches/lead_touch.h"
#include "services/attribution/touches/touchpoint_service.h"

namespace esnaf::attribution {
namespace {

void AddSpend(runtime::App& app) {
  StoreCurrencies& currencies = app.Make<StoreCurrencies>(app.channel("orders"));
  const StoreCurrency currency_of = [&currencies](const runtime::Call& call, const std::string& store_id) {
    return currencies.Get(call, store_id);
  };
  app.AddRpcs(app.Make<AdSpendService>(currency_of).Rpcs());
  app.AddRpcs(app.Make<CurrencyRateService>().Rpcs());
}

constexpr std::chrono::milliseconds kRegroupPeriod{1000};

// Everything about touches, answering the rules in force: their RPCs, the channel rules, and the worker that makes the
// past follow them.
absl::StatusOr<const ChannelKeeper*> AddTouches(runtime::App& app) {
  ChannelKeeper& channels = app.Make<ChannelKeeper>();
  {
    postgres::Connection connection(app.database());
    ESNAF_RETURN_IF_ERROR(connection.Run(
        {.autocommit = true}, [&](postgres::Tx& tx) { return EnsureDefaultChannelRules(tx, app.clock().Now()); }));
    ESNAF_RETURN_IF_ERROR(channels.Refresh(connection));
  }
  app.AddRpcs(app.Make<TouchpointService>(channels).Rpcs());
  app.AddRpcs(app.Make<ChannelService>().Rpcs());
  app.AddWorker("channel-regroup", kRegroupPeriod, [&app, &channels](postgres::Connection& own) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(channels.Refresh(own));
    return channels.Regroup(own, app.clock().Now());
  });
  return &channels;
}

constexpr std::chrono::milliseconds kCreditPeriod{1000};
constexpr std::chrono::milliseconds kFitPeriod{60000};
constexpr std::chrono::seconds kRecreditAtOnce{5};

// Credits anew whose paths changed, a worker's tick.
absl::Status RecreditChanged(runtime::App& app, postgres::Connection& own) {
  return runtime::TakeSteps(kRecreditAtOnce, [&]() -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const bool more,
                           own.Run({}, [&](postgres::Tx& tx) { return RecreditSomeChanged(tx, app.clock().Now()); }));
    if (own.last_event_xact()) app.NotifyEvents(*own.last_event_xact());
    return more;
  });
}

constexpr std::chrono::milliseconds kDaysPeriod{5000};
constexpr std::chrono::seconds kDaysAtOnce{5};
constexpr std::chrono::seconds kQuietDay{20};

// Adds up days that changed, a worker's tick.
absl::Status AddUpChangedDays(postgres::Connection& own) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<ChangedDay> days,
                         own.Run({.autocommit = true, .read_only = true},
                                 [](postgres::Tx& tx) { return ListChangedDays(tx, kQuietDay); }));
  auto day = days.begin();
  absl::Status failure;  // the first; a day that cannot be added up holds up no other
  ESNAF_RETURN_IF_ERROR(runtime::TakeSteps(kDaysAtOnce, [&]() -> absl::StatusOr<bool> {
    if (day == days.end()) return false;
    failure.Update(own.Run({.isolation = postgres::Isolation::kRepeatableRead},
                           [&](postgres::Tx& tx) { return AddUpDay(tx, *day); }));
    return ++day != days.end();
  }));
  return failure;
}

void AddCredit(runtime::App& app, const Retention& retention) {
  app.AddRpcs(app.Make<CreditService>().Rpcs());
  app.AddRpcs(app.Make<ReportService>(retention.superseded_days).Rpcs());
  app.AddWorker("credit", kCreditPeriod,
                [&app](postgres::Connection& own) -> absl::Status { return RecreditChanged(app, own); });
  app.AddWorker("report-days", kDaysPeriod, [](postgres::Connection& own) { return AddUpChangedDays(own); });
  app.AddWorker("markov-fit", kFitPeriod, [&app](postgres::Connection& own) -> absl::Status {
    return own.Run({}, [&](postgres::Tx& tx) { return FitIfNeeded(tx, app.clock().Now()); }).status();
  });
}

absl::StatusOr<Retention> ReadRetention(const runtime::Config& config) {
  Retention retention;
  ESNAF_ASSIGN_OR_RETURN(retention.touch_days, config.Integer("touch-retention-days", kLeastTouchDays, 36500));
  ESNAF_ASSIGN_OR_RETURN(retention.superseded_days, config.Integer("superseded-retention-days", 1, 36500));
  return retention;
}

constexpr std::chrono::milliseconds kForgetPeriod{10'000};
constexpr std::chrono::milliseconds kForgetAtOnce{500};
constexpr std::chrono::hours kForgetAgain{24};

// Walks over old touches once a day, and forgets with it what was superseded long ago; in small pieces.
class Forgetter {
 public:
  Forgetter(const Clock& clock, const Retention& retention) : clock_(clock), retention_(retention) {}

  absl::Status Tick(postgres::Connection& own) {
    if (clock_.Now() < next_walk_) return absl::OkStatus();
    return runtime::TakeSteps(kForgetAtOnce, [&] { return Step(own); });
  }

 private:
  absl::StatusOr<bool> Step(postgres::Connection& own) {
    const Time now = clock_.Now();
    ESNAF_ASSIGN_OR_RETURN(const TouchPiece piece, own.Run({}, [&](postgres::Tx& tx) {
      return ForgetUnknownTouches(tx, now - std::chrono::days(retention_.touch_days), cursor_);
    }));
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t superseded, own.Run({}, [&](postgres::Tx& tx) {
      return ForgetSuperseded(tx, now - std::chrono::days(retention_.superseded_days));
    }));
    cursor_ = piece.last;
    forgotten_ += piece.forgotten + superseded;
    if (piece.looked > 0 || superseded > 0) return true;
    if (forgotten_ > 0) LogInfo("touches and what was superseded are forgotten", {{"rows", forgotten_}});
    cursor_ = {};
    forgotten_ = 0;
    next_walk_ = now + kForgetAgain;
    return false;
  }

  const Clock& clock_;
  const Retention retention_;
  TouchCursor cursor_;
  std::int64_t forgotten_ = 0;  // in this walk
  Time next_walk_ = Time::min();
};

void AddRetention(runtime::App& app, const Retention& retention) {
  Forgetter& forgetter = app.Make<Forgetter>(app.clock(), retention);
  app.AddWorker("retention", kForgetPeriod, [&forgetter](postgres::Connection& own) { return forgetter.Tick(own); });
}

absl::Status AddExports(runtime::App& app) {
  ExportSenders senders;
  const std::string& folder = app.config().Text("conversion-export-folder");
  if (!folder.empty()) senders.folder = MakeFolderSender(folder);
  const std::string& url = app.config().Text("meta-conversions-url");
  if (!url.empty()) {
    absl::StatusOr<std::unique_ptr<ConversionSender>> https =
        MakeHttpsSender({.url = url, .token = app.config().Text("meta-conversions-token")});
    if (!https.ok()) return WithFieldPrefix(https.status(), "meta-conversions-url");
    senders.https = *std::move(https);
  }
  audience::PeopleSource& people = app.Make<audience::PeopleSource>(app.channel("contacts"), app.clock());
  const PeopleOf people_of = [&people](const std::vector<std::string>& contact_ids, const std::string& purpose,
                                       Time deadline) { return people.Get(contact_ids, purpose, deadline); };
  app.AddRpcs(app.Make<ConversionExportService>(people_of, std::move(senders)).Rpcs());
  return absl::OkStatus();
}

}  // namespace

absl::Status Build(runtime::App& app) {
  ESNAF_ASSIGN_OR_RETURN(const ChannelKeeper* const channels, AddTouches(app));
  AddSpend(app);
  ESNAF_ASSIGN_OR_RETURN(const Retention retention, ReadRetention(app.config()));
  AddCredit(app, retention);
  AddRetention(app, retention);
  ESNAF_RETURN_IF_ERROR(AddExports(app));
  events::ServeFeed(app);
  const Clock& clock = app.clock();
  events::Consume(app, "orders", [&clock](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
    return ApplyOrderEvents(tx, events, clock.Now());
  });
  events::Consume(app, "contacts",
                  [&clock, channels](postgres::Tx& tx, const std::vector<api::v1::Event>& events) -> absl::Status {
                    ESNAF_RETURN_IF_ERROR(ApplyContactEvents(tx, events, clock.Now()));
                    return ApplyLeads(tx, events, channels->Current(), clock.Now());
                  });
  return absl::OkStatus();
}

}  // namespace esnaf::attribution
