#include "services/segmentation/rules/attribute.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libs/base/text.h"

namespace esnaf::segmentation {
namespace {

using Type = AttributeType;

constexpr std::string_view kConsentPrefix = "consent.";
constexpr std::array<std::string_view, 5> kChannels = {"arama", "eposta", "mesaj", "push", "whatsapp"};

std::vector<Attribute> ContactAttributes() {
  return {
      {"contact.city", Type::kText, true, {}, "İlk adresin ili", "City or province of the first address"},
      {"contact.company_name", Type::kText, true, {}, "Adına konuştuğu firma", "The firm that the person speaks for"},
      {"contact.country", Type::kText, false, {}, "İlk adresin ülkesi, örneğin TR", "Country of the first address"},
      {"contact.create_time", Type::kTime, false, {}, "İlk kaydedildiği an", "When the person was first recorded"},
      {"contact.family_name", Type::kText, true, {}, "Soyadı", "Family name"},
      {"contact.given_name", Type::kText, true, {}, "Adı", "Given name"},
      {"contact.has_email", Type::kBoolean, false, {}, "E-posta adresi var mı", "Whether there is an e-mail address"},
      {"contact.has_phone", Type::kBoolean, false, {}, "Telefon numarası var mı", "Whether there is a phone number"},
      {"contact.lifecycle_stage", Type::kText, true, {}, "Aşama, örneğin lead", "Lifecycle stage, for example lead"},
      {"contact.locale", Type::kText, false, {}, "Dil ve bölge, örneğin tr-TR", "Language and region, BCP 47"},
      {"contact.owner", Type::kText, true, {}, "İlgilenen çalışan", "Who of the staff looks after the person"},
      {"contact.tags", Type::kTextList, true, {}, "Etiketler", "Tags"},
  };
}

std::vector<Attribute> ValueAttributes() {
  return {
      {"value.churn_probability", Type::kNumber, false, {}, "Kayıp olasılığı, 0 ile 1 arası", "1 - P(alive), 0 to 1"},
      {"value.clv", Type::kMoney, false, {}, "Beklenen yaşam boyu değer", "Predicted customer lifetime value"},
      {"value.expected_orders", Type::kNumber, false, {}, "Beklenen sipariş sayısı", "Orders expected in the horizon"},
      {"value.historic", Type::kMoney, false, {}, "Bugüne kadarki değer", "Customer value so far"},
      {"value.mean_gap_days", Type::kNumber, false, {}, "Siparişler arası ortalama gün", "Mean days between orders"},
      {"value.next_order_date",
       Type::kDate,
       false,
       {},
       "Beklenen sonraki sipariş günü",
       "Expected day of the next order"},
      {"value.total",
       Type::kMoney,
       false,
       {},
       "Bugüne kadarki ve beklenen değer",
       "Value so far and predicted together"},
  };
}

std::vector<Attribute> AcquisitionAttributes() {
  return {
      {"acquisition.campaign",
       Type::kText,
       true,
       {},
       "İlk siparişi getiren kampanya",
       "Campaign of the first touch before the first order"},
      {"acquisition.channel",
       Type::kText,
       true,
       {},
       "İlk siparişi getiren kanal, örneğin Paid Search",
       "Channel of the first touch before the first order, for example Paid Search"},
      {"acquisition.medium",
       Type::kText,
       true,
       {},
       "İlk siparişi getiren ortam, örneğin cpc",
       "Medium of the first touch before the first order, for example cpc"},
      {"acquisition.source",
       Type::kText,
       true,
       {},
       "İlk siparişi getiren kaynak, örneğin google",
       "Source of the first touch before the first order, for example google"},
  };
}

Attribute ConsentAttribute(std::string_view purpose, std::string_view channel) {
  std::string key = std::string(kConsentPrefix).append(purpose).append(".").append(channel);
  return {std::move(key),
          Type::kEnum,
          false,
          {"ONAY", "RET"},
          "Bu amaç ve kanal için son beyan",
          "What was last said for the purpose and channel"};
}

void AddRfm(const RfmAttributes& policy, std::vector<Attribute>& attributes) {
  const std::string prefix = policy.policy_id == "default" ? "rfm." : "rfm." + policy.policy_id + ".";
  attributes.push_back({prefix + "frequency_score", Type::kNumber, false, {}, "Sıklık puanı", "Frequency score"});
  attributes.push_back({prefix + "label", Type::kEnum, false, policy.labels, "RFM etiketi", "RFM label"});
  attributes.push_back({prefix + "monetary_score", Type::kNumber, false, {}, "Parasal puan", "Monetary score"});
  attributes.push_back({prefix + "recency_score", Type::kNumber, false, {}, "Yenilik puanı", "Recency score"});
}

std::vector<Attribute> LineFields() {
  return {
      {"brand", Type::kText, true, {}, "Ürünün markası", "The product's brand"},
      {"category", Type::kText, true, {}, "Ürünün kategorisi, örneğin Giyim/Elbise", "The product's category, a path"},
      {"seller", Type::kText, false, {}, "Satıcının kimliği", "The seller's id"},
      {"sku", Type::kText, false, {}, "Stok kodu", "The stock keeping unit"},
  };
}

std::vector<Attribute> FieldsWith(std::vector<Attribute> own) {
  std::vector<Attribute> fields = LineFields();
  std::move(own.begin(), own.end(), std::back_inserter(fields));
  std::sort(fields.begin(), fields.end(), [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
  return fields;
}

bool IsPurpose(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= 63 && letter(text.front()) && std::all_of(text.begin(), text.end(), rest);
}

// `consent.<purpose>.<channel>`: purposes are free, so they are not listed.
std::optional<Attribute> FindConsent(std::string_view key) {
  if (key.substr(0, kConsentPrefix.size()) != kConsentPrefix) return std::nullopt;
  const std::string_view rest = key.substr(kConsentPrefix.size());
  const std::size_t point = rest.find('.');
  if (point == std::string_view::npos || !IsPurpose(rest.substr(0, point))) return std::nullopt;
  const std::string_view channel = rest.substr(point + 1);
  if (std::find(kChannels.begin(), kChannels.end(), channel) == kChannels.end()) return std::nullopt;
  return ConsentAttribute(rest.substr(0, point), channel);
}

std::vector<std::string> KeysOf(const std::vector<Attribute>& attributes) {
  std::vector<std::string> keys;
  for (const Attribute& attribute : attributes) keys.push_back(attribute.key);
  return keys;
}

// How many letters must be put in, taken out, replaced or swapped with their neighbour.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.size()][b.size()];
}

void Append(std::vector<Operator>& to, std::initializer_list<Operator> operators) {
  to.insert(to.end(), operators.begin(), operators.end());
}

}  // namespace

Catalogue::Catalogue(const std::vector<CustomAttribute>& custom, const std::vector<RfmAttributes>& policies) {
  attributes_ = ContactAttributes();
  for (Attribute& attribute : ValueAttributes()) attributes_.push_back(std::move(attribute));
  for (Attribute& attribute : AcquisitionAttributes()) attributes_.push_back(std::move(attribute));
  for (const std::string_view channel : kChannels) attributes_.push_back(ConsentAttribute("marketing", channel));
  for (const RfmAttributes& policy : policies) AddRfm(policy, attributes_);
  for (const CustomAttribute& field : custom) {
    attributes_.push_back({"custom." + field.key, field.type, field.type == Type::kText, field.options,
                           field.display_name, field.display_name});
  }
  std::sort(attributes_.begin(), attributes_.end(),
            [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
}

Catalogue Catalogue::OfSomeStores() const {
  Catalogue catalogue = *this;
  std::erase_if(catalogue.attributes_, [](const Attribute& attribute) {
    return attribute.key.starts_with("acquisition.") || attribute.key.starts_with("value.");
  });
  return catalogue;
}

std::optional<Attribute> Catalogue::Find(std::string_view key) const {
  const auto found = std::lower_bound(attributes_.begin(), attributes_.end(), key,
                                      [](const Attribute& a, std::string_view wanted) { return a.key < wanted; });
  if (found != attributes_.end() && found->key == key) return *found;
  return FindConsent(key);
}

std::string Catalogue::KeyOf(std::string_view name) const {
  std::string key(name);
  const bool is_short = !Find(key) && key.find('.') == std::string::npos && Find("contact." + key);
  return is_short ? "contact." + key : key;
}

const std::vector<Attribute>& Catalogue::Fields(FactSource source) {
  static const std::vector<Attribute> kOrders = FieldsWith({
      {"amount", Type::kMoney, false, {}, "Net tutar", "What the order is worth, net"},
      {"channel", Type::kText, false, {}, "Kanal, örneğin web", "By which way it came, for example web"},
      {"status", Type::kEnum, false, {"open", "completed", "cancelled"}, "Durum", "Where the order stands"},
      {"store", Type::kText, false, {}, "Mağazanın kimliği", "The store's id"},
  });
  static const std::vector<Attribute> kCarts = FieldsWith({
      {"amount", Type::kMoney, false, {}, "Sepetin tutarı", "What the cart is worth"},
      {"status", Type::kEnum, false, {"open", "ordered"}, "Durum", "Where the cart stands"},
      {"store", Type::kText, false, {}, "Mağazanın kimliği", "The store's id"},
  });
  static const std::vector<Attribute> kTickets = {
      {"breached", Type::kBoolean, false, {}, "Verilen süre aşıldı mı", "Whether a promised time was exceeded"},
      {"channel", Type::kText, false, {}, "Kanal, örneğin email", "By which way it came, for example email"},
      {"priority", Type::kEnum, false, {"low", "normal", "high", "urgent"}, "Öncelik", "How much it presses"},
      {"product", Type::kText, false, {}, "Ürünün kimliği", "The product's id"},
      {"seller", Type::kText, false, {}, "Satıcının kimliği", "The seller's id"},
      {"status", Type::kEnum, false, {"open", "solved", "spam"}, "Durum", "Where the ticket stands"},
      {"store", Type::kText, false, {}, "Mağazanın kimliği", "The store's id"},
      {"type", Type::kText, true, {}, "Tür, örneğin return", "What it is, for example return"},
  };
  static const std::vector<Attribute> kAnswers = {
      {"kind", Type::kEnum, false, {"csat", "ces", "nps"}, "Anketin türü", "The survey's scale"},
      {"product", Type::kText, false, {}, "Ürünün kimliği", "The product's id"},
      {"score", Type::kNumber, false, {}, "Puan", "The score, on the survey's scale"},
      {"seller", Type::kText, false, {}, "Satıcının kimliği", "The seller's id"},
      {"store", Type::kText, false, {}, "Mağazanın kimliği", "The store's id"},
  };
  switch (source) {
    case FactSource::kOrders:
      return kOrders;
    case FactSource::kCarts:
      return kCarts;
    case FactSource::kTickets:
      return kTickets;
    case FactSource::kAnswers:
      break;
  }
  return kAnswers;
}

const Attribute* Catalogue::FindField(FactSource source, std::string_view field) {
  const std::vector<Attribute>& fields = Fields(source);
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Attribute& a) { return a.key == field; });
  return found == fields.end() ? nullptr : &*found;
}

std::string Catalogue::Nearest(std::string_view key) const {
  std::vector<std::string> keys = KeysOf(attributes_);
  if (std::string nearest = NearestWord(key, keys); !nearest.empty()) return nearest;
  if (key.find('.') == std::string_view::npos) return NearestWord("contact." + std::string(key), keys);
  return {};
}

std::string Catalogue::NearestField(FactSource source, std::string_view field) {
  return NearestWord(field, KeysOf(Fields(source)));
}

std::string NearestWord(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kMostBytes = 100;  // the cost grows with the square
  if (word.empty() || word.size() > kMostBytes) return {};
  // A third of the letters may be wrong, and one in a short word.
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string nearest;
  const std::string folded = FoldName(word);
  for (const std::string& candidate : known) {
    const std::size_t distance = EditDistance(folded, FoldName(candidate));
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

bool IsLineField(std::string_view field) {
  static constexpr std::array<std::string_view, 7> kFields = {"brand",  "category", "priority", "product",
                                                              "seller", "sku",      "type"};
  return std::find(kFields.begin(), kFields.end(), field) != kFields.end();
}

std::vector<Operator> OperatorsOf(AttributeType type) {
  using enum Operator;
  std::vector<Operator> operators;
  if (type != Type::kTextList) Append(operators, {kEquals, kNotEquals});
  const bool ordered = type == Type::kNumber || type == Type::kMoney || type == Type::kDate || type == Type::kTime;
  if (ordered) Append(operators, {kLess, kLessOrEquals, kGreater, kGreaterOrEquals, kBetween});
  if (type == Type::kText || type == Type::kEnum || type == Type::kNumber) Append(operators, {kIn, kNotIn});
  Append(operators, {kIsSet, kIsNotSet});
  if (type == Type::kText) {
    Append(operators,
           {kContains, kNotContains, kStartsWith, kNotStartsWith, kEndsWith, kNotEndsWith, kMatches, kNotMatches});
  }
  if (type == Type::kTextList) Append(operators, {kHasAny, kHasAll, kHasNone});
  if (type == Type::kDate || type == Type::kTime) {
    Append(operators, {kInLast, kInNext, kMoreThanAgo, kBetweenAgo, kAnniversaryInNext, kAnniversaryInLast,
                       kAnniversaryThisMonth, kInMonth});
  }
  return operators;
}

AttributeType TypeOf(Function function, FactSource source) {
  switch (function) {
    case Function::kCount:
    case Function::kQuantity:
      return Type::kNumber;
    case Function::kFirstTime:
    case Function::kLastTime:
      return Type::kTime;
    case Function::kSum:
    case Function::kAverage:
    case Function::kMinimum:
    case Function::kMaximum:
      break;
  }
  return source == FactSource::kAnswers ? Type::kNumber : Type::kMoney;
}

std::vector<Function> FunctionsOf(FactSource source) {
  using enum Function;
  switch (source) {
    case FactSource::kOrders:
    case FactSource::kCarts:
      return {kCount, kSum, kAverage, kMinimum, kMaximum, kFirstTime, kLastTime, kQuantity};
    case FactSource::kTickets:
      return {kCount, kFirstTime, kLastTime};
    case FactSource::kAnswers:
      break;
  }
  return {kCount, kAverage, kMinimum, kMaximum, kFirstTime, kLastTime};
}

}  // namespace esnaf::segmentation
