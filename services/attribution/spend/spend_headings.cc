#include "services/attribution/spend/spend_headings.h"

#include <algorithm>
#include <array>

#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

using Column = SpendColumn;
using Language = ReportLanguage;

struct KnownHeading {
  std::string_view folded;  // by FoldName
  Column column;
  Language language;  // unknown where several write it so
};

// The headings of Google Ads, of Meta Ads Manager, and the plain words of other tables.
constexpr KnownHeading kEnglish[] = {
    {"day", Column::kDay, Language::kEnglish},
    {"date", Column::kDay, Language::kEnglish},
    {"reporting starts", Column::kDay, Language::kEnglish},
    {"reporting ends", Column::kDayEnd, Language::kEnglish},
    {"customer id", Column::kAccountId, Language::kEnglish},
    {"account id", Column::kAccountId, Language::kEnglish},
    {"campaign id", Column::kCampaignId, Language::kEnglish},
    {"campaign", Column::kCampaign, Language::kEnglish},
    {"campaign name", Column::kCampaign, Language::kEnglish},
    {"ad group id", Column::kAdGroupId, Language::kEnglish},
    {"ad set id", Column::kAdGroupId, Language::kEnglish},
    {"ad group", Column::kAdGroup, Language::kEnglish},
    {"ad group name", Column::kAdGroup, Language::kEnglish},
    {"ad set name", Column::kAdGroup, Language::kEnglish},
    {"ad set", Column::kAdGroup, Language::kEnglish},
    {"ad id", Column::kAdId, Language::kEnglish},
    {"ad", Column::kAd, Language::kEnglish},
    {"ad name", Column::kAd, Language::kEnglish},
    {"keyword", Column::kKeyword, Language::kUnknown},
    {"search keyword", Column::kKeyword, Language::kEnglish},
    {"search term", Column::kSearchQuery, Language::kEnglish},
    {"search query", Column::kSearchQuery, Language::kEnglish},
    {"currency code", Column::kCurrency, Language::kEnglish},
    {"currency", Column::kCurrency, Language::kEnglish},
    {"cost", Column::kCost, Language::kEnglish},
    {"spend", Column::kCost, Language::kEnglish},
    {"amount spent", Column::kCost, Language::kEnglish},
    {"impr.", Column::kImpressions, Language::kUnknown},
    {"impressions", Column::kImpressions, Language::kEnglish},
    {"clicks", Column::kClicks, Language::kEnglish},
    {"link clicks", Column::kClicks, Language::kEnglish},
    {"clicks (all)", Column::kAllClicks, Language::kEnglish},
    {"conversions", Column::kConversions, Language::kUnknown},
    {"purchases", Column::kConversions, Language::kEnglish},
    {"conv. value", Column::kConversionValue, Language::kEnglish},
    {"conversion value", Column::kConversionValue, Language::kEnglish},
    {"purchases conversion value", Column::kConversionValue, Language::kEnglish},
};

constexpr KnownHeading kTurkish[] = {
    {"gun", Column::kDay, Language::kTurkish},
    {"tarih", Column::kDay, Language::kTurkish},
    {"raporlama baslangici", Column::kDay, Language::kTurkish},
    {"rapor baslangici", Column::kDay, Language::kTurkish},
    {"raporlama bitisi", Column::kDayEnd, Language::kTurkish},
    {"rapor bitisi", Column::kDayEnd, Language::kTurkish},
    {"raporlama sonu", Column::kDayEnd, Language::kTurkish},
    {"musteri kimligi", Column::kAccountId, Language::kTurkish},
    {"hesap kimligi", Column::kAccountId, Language::kTurkish},
    {"kampanya kimligi", Column::kCampaignId, Language::kTurkish},
    {"kampanya", Column::kCampaign, Language::kTurkish},
    {"kampanya adi", Column::kCampaign, Language::kTurkish},
    {"reklam grubu kimligi", Column::kAdGroupId, Language::kTurkish},
    {"reklam seti kimligi", Column::kAdGroupId, Language::kTurkish},
    {"reklam grubu", Column::kAdGroup, Language::kTurkish},
    {"reklam grubu adi", Column::kAdGroup, Language::kTurkish},
    {"reklam seti", Column::kAdGroup, Language::kTurkish},
    {"reklam seti adi", Column::kAdGroup, Language::kTurkish},
    {"reklam kimligi", Column::kAdId, Language::kTurkish},
    {"reklam", Column::kAd, Language::kTurkish},
    {"reklam adi", Column::kAd, Language::kTurkish},
    {"anahtar kelime", Column::kKeyword, Language::kTurkish},
    {"arama agi anahtar kelimesi", Column::kKeyword, Language::kTurkish},
    {"arama anahtar kelimesi", Column::kKeyword, Language::kTurkish},
    {"arama terimi", Column::kSearchQuery, Language::kTurkish},
    {"arama sorgusu", Column::kSearchQuery, Language::kTurkish},
    {"para birimi kodu", Column::kCurrency, Language::kTurkish},
    {"para birimi", Column::kCurrency, Language::kTurkish},
    {"maliyet", Column::kCost, Language::kTurkish},
    {"harcama", Column::kCost, Language::kTurkish},
    {"harcanan tutar", Column::kCost, Language::kTurkish},
    {"gosterim", Column::kImpressions, Language::kTurkish},
    {"gosterimler", Column::kImpressions, Language::kTurkish},
    {"gosterim sayisi", Column::kImpressions, Language::kTurkish},
    {"gost.", Column::kImpressions, Language::kTurkish},
    {"tiklamalar", Column::kClicks, Language::kTurkish},
    {"tiklama", Column::kClicks, Language::kTurkish},
    {"tiklama sayisi", Column::kClicks, Language::kTurkish},
    {"baglanti tiklamalari", Column::kClicks, Language::kTurkish},
    {"tiklamalar (tumu)", Column::kAllClicks, Language::kTurkish},
    {"donusumler", Column::kConversions, Language::kTurkish},
    {"donusum", Column::kConversions, Language::kTurkish},
    {"alisverisler", Column::kConversions, Language::kTurkish},
    {"satin alimlar", Column::kConversions, Language::kTurkish},
    {"donusum degeri", Column::kConversionValue, Language::kTurkish},
    {"alisveris donusum degeri", Column::kConversionValue, Language::kTurkish},
    {"satin alimlar donusum degeri", Column::kConversionValue, Language::kTurkish},
};

constexpr KnownHeading kGerman[] = {
    {"tag", Column::kDay, Language::kGerman},
    {"datum", Column::kDay, Language::kGerman},
    {"auswertungsbeginn", Column::kDay, Language::kGerman},
    {"berichtsbeginn", Column::kDay, Language::kGerman},
    {"berichtsstart", Column::kDay, Language::kGerman},
    {"auswertungsende", Column::kDayEnd, Language::kGerman},
    {"berichtsende", Column::kDayEnd, Language::kGerman},
    {"kundennummer", Column::kAccountId, Language::kGerman},
    {"kunden-id", Column::kAccountId, Language::kGerman},
    {"konto-id", Column::kAccountId, Language::kGerman},
    {"kampagnen-id", Column::kCampaignId, Language::kGerman},
    {"kampagne", Column::kCampaign, Language::kGerman},
    {"kampagnenname", Column::kCampaign, Language::kGerman},
    {"name der kampagne", Column::kCampaign, Language::kGerman},
    {"anzeigengruppen-id", Column::kAdGroupId, Language::kGerman},
    {"anzeigengruppe", Column::kAdGroup, Language::kGerman},
    {"anzeigengruppenname", Column::kAdGroup, Language::kGerman},
    {"name der anzeigengruppe", Column::kAdGroup, Language::kGerman},
    {"anzeigen-id", Column::kAdId, Language::kGerman},
    {"anzeige", Column::kAd, Language::kGerman},
    {"anzeigenname", Column::kAd, Language::kGerman},
    {"name der anzeige", Column::kAd, Language::kGerman},
    {"keyword fur suchnetzwerk", Column::kKeyword, Language::kGerman},
    {"suchbegriff", Column::kSearchQuery, Language::kGerman},
    {"suchanfrage", Column::kSearchQuery, Language::kGerman},
    {"wahrungscode", Column::kCurrency, Language::kGerman},
    {"wahrung", Column::kCurrency, Language::kGerman},
    {"kosten", Column::kCost, Language::kGerman},
    {"ausgegebener betrag", Column::kCost, Language::kGerman},
    {"impressionen", Column::kImpressions, Language::kGerman},
    {"klicks", Column::kClicks, Language::kGerman},
    {"link-klicks", Column::kClicks, Language::kGerman},
    {"linkklicks", Column::kClicks, Language::kGerman},
    {"klicks (alle)", Column::kAllClicks, Language::kGerman},
    {"kaufe", Column::kConversions, Language::kGerman},
    {"conv.-wert", Column::kConversionValue, Language::kGerman},
    {"conversion-wert", Column::kConversionValue, Language::kGerman},
    {"conversion-wert fur kaufe", Column::kConversionValue, Language::kGerman},
    {"conversion-wert von kaufen", Column::kConversionValue, Language::kGerman},
};

constexpr std::pair<Column, std::string_view> kNames[] = {
    {Column::kDay, "day"},
    {Column::kDayEnd, "day_end"},
    {Column::kAccountId, "account_id"},
    {Column::kCampaignId, "campaign_id"},
    {Column::kCampaign, "campaign"},
    {Column::kAdGroupId, "ad_group_id"},
    {Column::kAdGroup, "ad_group"},
    {Column::kAdId, "ad_id"},
    {Column::kAd, "ad"},
    {Column::kKeyword, "keyword"},
    {Column::kSearchQuery, "search_query"},
    {Column::kCurrency, "currency"},
    {Column::kCost, "cost"},
    {Column::kImpressions, "impressions"},
    {Column::kClicks, "clicks"},
    {Column::kAllClicks, "all_clicks"},
    {Column::kConversions, "conversions"},
    {Column::kConversionValue, "conversion_value"},
};

const KnownHeading* FindHeading(std::string_view folded) {
  for (const std::span<const KnownHeading> language :
       {std::span<const KnownHeading>(kEnglish), std::span<const KnownHeading>(kTurkish),
        std::span<const KnownHeading>(kGerman)}) {
    for (const KnownHeading& known : language) {
      if (known.folded == folded) return &known;
    }
  }
  return nullptr;
}

// Takes ` (USD)` off the end of a heading.
std::optional<Currency> TakeCurrency(std::string& heading) {
  const std::size_t open = heading.rfind(" (");
  if (open == std::string::npos || heading.size() != open + 6 || heading.back() != ')') return std::nullopt;
  const absl::StatusOr<Currency> currency = Currency::Parse(std::string_view(heading).substr(open + 2, 3));
  if (!currency.ok()) return std::nullopt;
  heading.resize(open);
  return *currency;
}

// Headings that only Meta writes.
bool IsMetaHeading(std::string_view folded) {
  static constexpr std::array<std::string_view, 9> kWords = {
      "reporting starts", "rapor baslangici",    "raporlama baslangici", "auswertungsbeginn", "berichtsbeginn",
      "amount spent",     "ausgegebener betrag", "harcanan tutar",       "ad set name"};
  return std::find(kWords.begin(), kWords.end(), folded) != kWords.end();
}

void Learn(SpendHeading& heading, const KnownHeading& known, std::size_t index, std::optional<Currency> currency) {
  // The first of two columns that mean the same counts.
  if (!heading.columns.emplace(known.column, index).second) return;
  if (known.column == Column::kCost) heading.cost_currency = currency;
  if (heading.language == Language::kUnknown) heading.language = known.language;
}

}  // namespace

std::string_view NameOf(SpendColumn column) {
  for (const auto& [known, name] : kNames) {
    if (known == column) return name;
  }
  return {};
}

std::optional<SpendColumn> SpendColumnOf(std::string_view name) {
  for (const auto& [column, known] : kNames) {
    if (known == name) return column;
  }
  return std::nullopt;
}

SpendHeading ReadHeading(const std::vector<std::string>& cells) {
  SpendHeading heading{.cell_count = cells.size()};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::string cell(Trim(cells[i]));
    const std::optional<Currency> currency = TakeCurrency(cell);
    const std::string folded = FoldName(cell);
    heading.from_meta = heading.from_meta || IsMetaHeading(folded);
    if (const KnownHeading* known = FindHeading(folded)) Learn(heading, *known, i, currency);
  }
  return heading;
}

absl::StatusOr<SpendHeading> ReadMappedHeading(const std::vector<std::string>& cells,
                                               const std::map<SpendColumn, std::string>& mapping) {
  SpendHeading heading{.cell_count = cells.size()};
  for (const auto& [column, name] : mapping) {
    const auto found = std::find_if(cells.begin(), cells.end(), [&name = name](const std::string& cell) {
      return FoldName(cell) == FoldName(name);
    });
    if (found == cells.end()) return absl::InvalidArgumentError("has no column \"" + name + "\"");
    const auto index = static_cast<std::size_t>(found - cells.begin());
    heading.columns.emplace(column, index);
    std::string text(Trim(*found));
    const std::optional<Currency> currency = TakeCurrency(text);
    if (column == Column::kCost) heading.cost_currency = currency;
  }
  return heading;
}

bool NamesTotal(std::string_view cell) {
  const std::string folded = FoldName(cell);
  static constexpr std::array<std::string_view, 7> kWords = {"total", "toplam",      "genel toplam", "gesamt",
                                                             "summe", "grand total", "insgesamt"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    if (!folded.starts_with(word)) return false;
    const char next = folded.size() == word.size() ? ' ' : folded[word.size()];
    return next == ' ' || next == ':' || next == '-';
  });
}

std::optional<DecimalMark> DecimalMarkOf(ReportLanguage language) {
  switch (language) {
    case ReportLanguage::kUnknown:
      return std::nullopt;
    case ReportLanguage::kEnglish:
      return DecimalMark::kPoint;
    case ReportLanguage::kTurkish:
    case ReportLanguage::kGerman:
      break;
  }
  return DecimalMark::kComma;
}

}  // namespace esnaf::attribution
