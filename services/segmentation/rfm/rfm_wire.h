#pragma once

// Between the messages of esnaf.segmentation.v1 and our own types.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "esnaf/segmentation/v1/events.pb.h"
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "services/segmentation/people/purchase.h"
#include "services/segmentation/people/purchase_store.h"
#include "services/segmentation/rfm/rfm_explain.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/rfm/rfm_store.h"
#include "services/segmentation/rfm/rfm_trial.h"

namespace esnaf::segmentation {

// Fills in what is not given: five buckets, the default zone, and for five buckets the default labels. INVALID_ARGUMENT
// naming an enum that is none; whether the policy makes sense is ValidatePolicy's to say.
absl::StatusOr<Policy> PolicyFromProto(const v1::RfmPolicy& message);
// Without what only the service sets.
v1::RfmPolicy PolicyToProto(const Policy& policy);
v1::RfmPolicy RecordToProto(const PolicyRecord& record);
std::string EtagOf(std::int64_t version);

// As the policy is stored.
std::string PolicyToJson(const Policy& policy);
std::string ActiveToJson(const Policy& policy, const Thresholds& thresholds);
absl::StatusOr<Policy> PolicyFromJson(std::string_view json);
// Reads the policy and its thresholds.
absl::Status ReadActiveJson(std::string_view json, ActivePolicy& active);

v1::RfmPolicyVersion VersionToProto(const PolicyVersion& version);
// Every label of the policy, best rank first, also those of nobody.
v1::RfmSummary SummaryToProto(const Policy& policy, const std::vector<LabelSums>& sums);
v1::RfmTransition TransitionToProto(const Policy& policy, const Transition& transition);
// Without the times, which the caller knows.
v1::RfmPreview PreviewToProto(const Preview& preview);
v1::RfmBacktest BacktestToProto(const Backtest& backtest);
v1::RepeatPurchases CohortsToProto(const Cohorts& cohorts);

v1::RfmThresholds ThresholdsToProto(const Thresholds& thresholds);
v1::RfmScore ScoreToProto(const ActivePolicy& active, const ScoreRecord& score);
v1::RfmLabelChanged ChangeToProto(const ActivePolicy& active, const LabelChange& change);
v1::RfmExplanation ExplanationToProto(const ActivePolicy& active, const ScoreRecord& score,
                                      const std::vector<DimensionExplanation>& dimensions,
                                      const std::vector<WayUp>& ways, const std::vector<CountedPurchase>& purchases);

// INVALID_ARGUMENT naming the field where the order cannot be one that orders published.
absl::StatusOr<Purchase> PurchaseFromOrder(const orders::v1::Order& order, std::int64_t version);
// What rules read of the lines of an order or cart: the pieces that stayed sold, and the amount less the discount.
std::vector<FactLine> LinesFromProto(const google::protobuf::RepeatedPtrField<orders::v1::OrderLine>& lines);

}  // namespace esnaf::segmentation
