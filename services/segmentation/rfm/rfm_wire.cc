#include "services/segmentation/rfm/rfm_wire.h"

#include "absl/strings/str_cat.h"
#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

absl::StatusOr<Method> MethodFromProto(v1::RfmMethod method) {
  switch (method) {
    case v1::RFM_METHOD_UNSPECIFIED:
    case v1::RFM_METHOD_CUME_DIST:
      return Method::kCumeDist;
    case v1::RFM_METHOD_QUANTILE:
      return Method::kQuantile;
    case v1::RFM_METHOD_FIXED:
      return Method::kFixed;
    case v1::RFM_METHOD_PERCENT_RANK:
      return Method::kPercentRank;
    default:
      return InvalidField("policy.method", "is no method");
  }
}

v1::RfmMethod MethodToProto(Method method) {
  switch (method) {
    case Method::kQuantile:
      return v1::RFM_METHOD_QUANTILE;
    case Method::kFixed:
      return v1::RFM_METHOD_FIXED;
    case Method::kPercentRank:
      return v1::RFM_METHOD_PERCENT_RANK;
    case Method::kCumeDist:
      break;
  }
  return v1::RFM_METHOD_CUME_DIST;
}

absl::StatusOr<ValueBasis> BasisFromProto(v1::RfmValueBasis basis) {
  switch (basis) {
    case v1::RFM_VALUE_BASIS_UNSPECIFIED:
    case v1::RFM_VALUE_BASIS_NET:
      return ValueBasis::kNet;
    case v1::RFM_VALUE_BASIS_GROSS:
      return ValueBasis::kGross;
    default:
      return InvalidField("policy.value_basis", "is no value basis");
  }
}

ScoreRange RangeFromProto(const v1::RfmScoreRange& range) { return {range.min(), range.max()}; }

void RangeToProto(const ScoreRange& range, v1::RfmScoreRange* message) {
  message->set_min(range.min);
  message->set_max(range.max);
}

Label LabelFromProto(const v1::RfmLabel& message) {
  Label label{message.key(), message.name_tr(), message.name_en(), message.rank(), {}};
  for (const v1::RfmBox& box : message.boxes()) {
    label.boxes.push_back(
        {RangeFromProto(box.recency()), RangeFromProto(box.frequency()), RangeFromProto(box.monetary())});
  }
  return label;
}

void LabelToProto(const Label& label, v1::RfmLabel* message) {
  message->set_key(label.key);
  message->set_name_tr(label.name_tr);
  message->set_name_en(label.name_en);
  message->set_rank(label.rank);
  for (const Box& box : label.boxes) {
    v1::RfmBox* out = message->add_boxes();
    if (box.recency != ScoreRange{}) RangeToProto(box.recency, out->mutable_recency());
    if (box.frequency != ScoreRange{}) RangeToProto(box.frequency, out->mutable_frequency());
    if (box.monetary != ScoreRange{}) RangeToProto(box.monetary, out->mutable_monetary());
  }
}

Thresholds ThresholdsFromProto(const v1::RfmThresholds& message) {
  return {{message.recency_days().begin(), message.recency_days().end()},
          {message.frequency().begin(), message.frequency().end()},
          {message.monetary_minor().begin(), message.monetary_minor().end()}};
}

const char* NameOf(Dimension dimension) {
  switch (dimension) {
    case Dimension::kRecency:
      return "recency";
    case Dimension::kFrequency:
      return "frequency";
    case Dimension::kMonetary:
      break;
  }
  return "monetary";
}

}  // namespace

absl::StatusOr<Policy> PolicyFromProto(const v1::RfmPolicy& message) {
  Policy policy;
  policy.id = message.id();
  policy.display_name = message.display_name();
  policy.store_id = message.store_id();
  policy.currency_code = message.currency_code();
  ESNAF_ASSIGN_OR_RETURN(policy.method, MethodFromProto(message.method()));
  policy.bucket_count = message.bucket_count() == 0 ? kDefaultBucketCount : message.bucket_count();
  policy.window_days = message.window_days();
  if (!message.time_zone().empty()) policy.time_zone = message.time_zone();
  ESNAF_ASSIGN_OR_RETURN(policy.value_basis, BasisFromProto(message.value_basis()));
  policy.fixed_thresholds = ThresholdsFromProto(message.fixed_thresholds());
  for (const v1::RfmLabel& label : message.labels()) policy.labels.push_back(LabelFromProto(label));
  if (policy.labels.empty() && policy.bucket_count == kDefaultBucketCount) policy.labels = DefaultLabels();
  return policy;
}

v1::RfmPolicy PolicyToProto(const Policy& policy) {
  v1::RfmPolicy message;
  message.set_id(policy.id);
  message.set_display_name(policy.display_name);
  message.set_store_id(policy.store_id);
  message.set_currency_code(policy.currency_code);
  message.set_method(MethodToProto(policy.method));
  message.set_bucket_count(policy.bucket_count);
  message.set_window_days(policy.window_days);
  message.set_time_zone(policy.time_zone);
  message.set_value_basis(policy.value_basis == ValueBasis::kNet ? v1::RFM_VALUE_BASIS_NET : v1::RFM_VALUE_BASIS_GROSS);
  if (policy.fixed_thresholds != Thresholds{})
    *message.mutable_fixed_thresholds() = ThresholdsToProto(policy.fixed_thresholds);
  for (const Label& label : policy.labels) LabelToProto(label, message.add_labels());
  return message;
}

v1::RfmPolicy RecordToProto(const PolicyRecord& record) {
  v1::RfmPolicy message = PolicyToProto(record.policy);
  if (record.active) {
    *message.mutable_active_thresholds() = ThresholdsToProto(record.active->thresholds);
    *message.mutable_compute_as_of_time() = api::ToProto(record.active->as_of);
    *message.mutable_compute_time() = api::ToProto(record.active->compute_time);
  }
  message.set_scores_pending(record.write_cursor.has_value());
  message.set_version(record.version);
  *message.mutable_create_time() = api::ToProto(record.create_time);
  *message.mutable_update_time() = api::ToProto(record.update_time);
  message.set_etag(EtagOf(record.version));
  return message;
}

std::string EtagOf(std::int64_t version) { return absl::StrCat(version); }

std::string PolicyToJson(const Policy& policy) { return api::ToStoredJson(PolicyToProto(policy)); }

std::string ActiveToJson(const Policy& policy, const Thresholds& thresholds) {
  v1::RfmPolicy message = PolicyToProto(policy);
  *message.mutable_active_thresholds() = ThresholdsToProto(thresholds);
  return api::ToStoredJson(message);
}

absl::StatusOr<Policy> PolicyFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const v1::RfmPolicy message, api::FromStoredJson<v1::RfmPolicy>(json));
  return PolicyFromProto(message);
}

absl::Status ReadActiveJson(std::string_view json, ActivePolicy& active) {
  ESNAF_ASSIGN_OR_RETURN(const v1::RfmPolicy message, api::FromStoredJson<v1::RfmPolicy>(json));
  ESNAF_ASSIGN_OR_RETURN(active.policy, PolicyFromProto(message));
  active.thresholds = ThresholdsFromProto(message.active_thresholds());
  return absl::OkStatus();
}

v1::RfmThresholds ThresholdsToProto(const Thresholds& thresholds) {
  v1::RfmThresholds message;
  message.mutable_recency_days()->Add(thresholds.recency_days.begin(), thresholds.recency_days.end());
  message.mutable_frequency()->Add(thresholds.frequency.begin(), thresholds.frequency.end());
  message.mutable_monetary_minor()->Add(thresholds.monetary_minor.begin(), thresholds.monetary_minor.end());
  return message;
}

v1::RfmScore ScoreToProto(const ActivePolicy& active, const ScoreRecord& score) {
  v1::RfmScore message;
  message.set_contact_id(score.contact_id.ToString());
  message.set_policy_id(active.policy.id);
  message.set_policy_version(score.policy_version);
  message.set_label(score.label);
  if (const Label* label = active.policy.FindLabel(score.label)) {
    message.set_label_name_tr(label->name_tr);
    message.set_label_name_en(label->name_en);
  }
  message.set_recency_days(static_cast<std::int32_t>(score.values.recency_days));
  message.set_frequency(static_cast<std::int32_t>(score.values.frequency));
  message.set_monetary_minor(score.values.monetary_minor);
  message.set_currency_code(active.policy.currency_code);
  message.set_recency_score(score.scores.recency);
  message.set_frequency_score(score.scores.frequency);
  message.set_monetary_score(score.scores.monetary);
  message.set_previous_label(score.previous_label);
  *message.mutable_label_time() = api::ToProto(score.label_time);
  *message.mutable_as_of_time() = api::ToProto(score.as_of);
  return message;
}

v1::RfmLabelChanged ChangeToProto(const ActivePolicy& active, const LabelChange& change) {
  v1::RfmLabelChanged message;
  *message.mutable_score() = ScoreToProto(active, change.score);
  message.set_direction(change.direction);
  message.set_store_id(active.policy.store_id);
  return message;
}

v1::RfmExplanation ExplanationToProto(const ActivePolicy& active, const ScoreRecord& score,
                                      const std::vector<DimensionExplanation>& dimensions,
                                      const std::vector<WayUp>& ways, const std::vector<CountedPurchase>& purchases) {
  v1::RfmExplanation message;
  *message.mutable_score() = ScoreToProto(active, score);
  for (const DimensionExplanation& explained : dimensions) {
    v1::RfmDimensionExplanation* out = message.add_dimensions();
    out->set_dimension(NameOf(explained.dimension));
    out->set_value(static_cast<double>(explained.value));
    out->set_score(explained.score);
    if (explained.range.from) out->set_from_value(static_cast<double>(*explained.range.from));
    if (explained.range.to) out->set_to_value(static_cast<double>(*explained.range.to));
    out->set_sentence_en(explained.sentence_en);
    out->set_sentence_tr(explained.sentence_tr);
  }
  for (const WayUp& way : ways) {
    v1::RfmMissing* out = message.add_missing();
    out->set_label(way.label.key);
    out->set_name_tr(way.label.name_tr);
    out->set_name_en(way.label.name_en);
    out->set_orders_missing(static_cast<std::int32_t>(way.orders));
    out->set_monetary_minor_missing(way.money_minor);
    out->set_days_too_old(static_cast<std::int32_t>(way.days_too_old));
    out->set_target_scores(FormatScores(way.target));
    out->set_sentence_en(way.sentence_en);
    out->set_sentence_tr(way.sentence_tr);
  }
  for (const CountedPurchase& purchase : purchases) {
    v1::RfmCountedOrder* out = message.add_orders();
    out->set_order_id(purchase.order_id.ToString());
    *out->mutable_place_time() = api::ToProto(purchase.place_time);
    out->set_value_minor(purchase.value_minor);
  }
  return message;
}

namespace {

// What came back earns nothing any more, so what stayed sold is spread over the pieces that stayed; where none did,
// over all alike.
void ForgetReturned(const google::protobuf::RepeatedPtrField<orders::v1::OrderLine>& told,
                    std::vector<FactLine>& lines) {
  const auto kept = [](const FactLine& line) { return line.quantity > 0; };
  if (std::none_of(lines.begin(), lines.end(), kept)) return;
  for (int i = 0; i < told.size(); ++i) {
    FactLine& line = lines[static_cast<std::size_t>(i)];
    const std::int64_t all = told[i].quantity();
    if (all <= 0 || line.quantity >= all) continue;
    line.value_minor = static_cast<std::int64_t>(static_cast<__int128>(line.value_minor) *
                                                 std::max<std::int64_t>(line.quantity, 0) / all);
  }
}

}  // namespace

absl::StatusOr<Purchase> PurchaseFromOrder(const orders::v1::Order& order, std::int64_t version) {
  Purchase purchase;
  ESNAF_ASSIGN_OR_RETURN(purchase.order_id, api::ParseId(order.id(), "order.id"));
  if (!order.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(purchase.contact_id, api::ParseId(order.contact_id(), "order.contact_id"));
  }
  purchase.store_id = order.store_id();
  ESNAF_ASSIGN_OR_RETURN(purchase.place_time, api::FromProto(order.place_time(), "order.place_time"));
  purchase.currency_code = order.currency_code();
  purchase.kind = order.kind() == orders::v1::ORDER_KIND_RETURN ? PurchaseKind::kReturn : PurchaseKind::kSale;
  purchase.cancelled = order.state() == orders::v1::ORDER_STATE_CANCELLED;
  purchase.completed = order.state() == orders::v1::ORDER_STATE_COMPLETED;
  purchase.channel = order.channel();
  purchase.gross_minor = order.totals().gross();
  purchase.net_minor = order.totals().net();
  purchase.cost_minor = order.totals().cost();
  purchase.lines = LinesFromProto(order.lines());
  ForgetReturned(order.lines(), purchase.lines);
  SpreadValue(purchase.kind == PurchaseKind::kReturn ? -purchase.net_minor : purchase.net_minor, purchase.lines);
  purchase.version = version;
  return purchase;
}

std::vector<FactLine> LinesFromProto(const google::protobuf::RepeatedPtrField<orders::v1::OrderLine>& lines) {
  std::vector<FactLine> read;
  read.reserve(static_cast<std::size_t>(lines.size()));
  for (const orders::v1::OrderLine& line : lines) {
    read.push_back(
        {.sku = line.sku(), .category = line.category(), .brand = line.brand(), .seller_id = line.seller_id()});
    read.back().quantity = line.quantity() - line.returned_quantity();
    read.back().value_minor = line.amount().minor() - line.discount().minor();
  }
  return read;
}

}  // namespace esnaf::segmentation
