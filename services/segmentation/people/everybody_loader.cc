// Fills a table with everybody: each table of the schema is read once, as it lies, in the binary form of COPY. Orders
// and carts, which are the most, come on a connection and a thread of their own and are laid out by person when all are
// there.
#include <malloc.h>

#include <atomic>
#include <future>
#include <map>
#include <unordered_set>

#include "libs/base/macros.h"
#include "libs/postgres/copy_reader.h"
#include "services/segmentation/people/fact_encoder.h"
#include "services/segmentation/people/fact_pile.h"
#include "services/segmentation/people/person_loader.h"
#include "services/segmentation/people/person_queries.h"
#include "services/segmentation/people/purchase.h"

namespace esnaf::segmentation {
namespace {

using postgres::BinaryRow;

const postgres::Statement kAliases("segmentation", "aliased_contacts", R"sql(
SELECT original FROM contact_alias UNION SELECT canonical FROM contact_alias
)sql");

constexpr std::size_t kPeopleAtOnce = 5000;
constexpr std::uint32_t kRowsBetweenQuestions = 10000;
constexpr std::chrono::milliseconds kPatience{100};

using Progress = std::function<bool(std::uint32_t person_count)>;

absl::Status GivenUp() { return absl::CancelledError("loading everybody was given up"); }

// Reads one kind of fact of everybody who is not merged with others.
class Reader {
 public:
  Reader(postgres::ConnectionOptions options, const std::unordered_set<Uuid>& aliased)
      : copy_(std::move(options)), aliased_(aliased) {}

  template <typename Take>
  absl::Status Read(const PersonQuery& query, const Take& take) const {
    return copy_.Read(query.everybody_name(), query.everybody(), [&](const BinaryRow& row) -> absl::Status {
      const Uuid contact = row.Id(0);
      if (!aliased_.empty() && aliased_.contains(contact)) return absl::OkStatus();
      return take(contact, row);
    });
  }

 private:
  postgres::CopyReader copy_;
  const std::unordered_set<Uuid>& aliased_;
};

// Orders, carts, tickets and answers, on a thread of their own.
class FactsLoader {
 public:
  FactsLoader(const Reader& reader, PersonTable& table) : reader_(reader), table_(table), encoder_(table) {}

  absl::Status Read() {
    ESNAF_RETURN_IF_ERROR(reader_.Read(kPersonOrders, [&](const Uuid& contact, const BinaryRow& row) {
      fact_.id = row.Id(1);
      fact_.time = row.Moment(2);
      fact_.net_minor = row.Integer(9);
      fact_.gross_minor = row.Integer(10);
      fact_.shape = encoder_.Encode({.store_id = row.Text(3),
                                     .channel = row.Text(4),
                                     .currency_code = row.Text(5),
                                     .is_return = row.Integer(6) == static_cast<int>(PurchaseKind::kReturn),
                                     .completed = row.Bool(7),
                                     .cancelled = row.Bool(8)});
      return Take(contact, row.Text(11), orders_);
    }));
    ESNAF_RETURN_IF_ERROR(reader_.Read(kPersonCarts, [&](const Uuid& contact, const BinaryRow& row) {
      fact_.id = row.Id(1);
      fact_.time = row.Moment(2);
      fact_.net_minor = fact_.gross_minor = row.Integer(6);
      fact_.shape = encoder_.Encode(
          {.store_id = row.Text(3), .channel = {}, .currency_code = row.Text(4), .completed = row.Bool(5)});
      return Take(contact, row.Text(7), carts_);
    }));
    return ReadSupport();
  }
  void GiveUp() { given_up_ = true; }
  // Once all is read, and nobody else changes the table.
  void LayOut() {
    table_.TakeOrders(orders_);
    table_.TakeCarts(carts_);
    table_.TakeTickets(tickets_);
    table_.TakeAnswers(answers_);
  }

 private:
  absl::Status ReadSupport() {
    fact_.gross_minor = 0;
    ESNAF_RETURN_IF_ERROR(reader_.Read(kPersonTickets, [&](const Uuid& contact, const BinaryRow& row) {
      fact_.id = row.Id(1);
      fact_.time = row.Moment(2);
      fact_.net_minor = row.Bool(7) ? 1 : 0;
      fact_.shape = encoder_.Encode({.store_id = row.Text(3),
                                     .channel = row.Text(4),
                                     .currency_code = {},
                                     .completed = row.Bool(5),
                                     .cancelled = row.Bool(6)});
      return Take(contact, row.Text(8), tickets_);
    }));
    return reader_.Read(kPersonAnswers, [&](const Uuid& contact, const BinaryRow& row) {
      fact_.id = row.Id(1);
      fact_.time = row.Moment(2);
      fact_.net_minor = row.Integer(5);
      fact_.shape = encoder_.Encode({.store_id = row.Text(3), .channel = row.Text(4), .currency_code = {}});
      return Take(contact, row.Text(6), answers_);
    });
  }

  absl::Status Take(const Uuid& contact, std::string_view lines, FactPile& pile) {
    encoder_.EncodeLines(lines, fact_.lines);
    pile.Add(contact, fact_);
    return given_up_ ? GivenUp() : absl::OkStatus();
  }

  const Reader& reader_;
  PersonTable& table_;
  FactEncoder encoder_;
  std::atomic<bool> given_up_ = false;
  Fact fact_;
  FactPile orders_;
  FactPile carts_;
  FactPile tickets_;
  FactPile answers_;
};

// What else is known of people.
class PeopleLoader {
 public:
  PeopleLoader(const Reader& reader, PersonTable& table, const Progress& progress)
      : reader_(reader), table_(table), encoder_(table), progress_(progress) {}

  absl::Status Read() {
    ESNAF_RETURN_IF_ERROR(ReadProfiles());
    ESNAF_RETURN_IF_ERROR(reader_.Read(kPersonConsents, [&](const Uuid& contact, const BinaryRow& row) {
      encoder_.AddConsent(contact, row.Text(1), row.Text(2), row.Bool(3));
      return GoOn();
    }));
    ESNAF_RETURN_IF_ERROR(reader_.Read(kPersonScores, [&](const Uuid& contact, const BinaryRow& row) {
      score_.policy_id = row.Text(1);
      score_.label = row.Text(2);
      score_.recency_score = static_cast<int>(row.Integer(3));
      score_.frequency_score = static_cast<int>(row.Integer(4));
      score_.monetary_score = static_cast<int>(row.Integer(5));
      encoder_.AddScores(contact, score_);
      return GoOn();
    }));
    std::map<Uuid, std::vector<std::string>> lists;
    ESNAF_RETURN_IF_ERROR(reader_.Read(kPersonLists, [&](const Uuid& contact, const BinaryRow& row) {
      lists[contact].emplace_back(row.Text(1));
      return GoOn();
    }));
    for (const auto& [contact, segment_ids] : lists) encoder_.AddLists(contact, segment_ids);
    return reader_.Read(kPersonAcquisitions, [&](const Uuid& contact, const BinaryRow& row) {
      encoder_.AddAcquisition(contact, {.order_id = row.Id(1),
                                        .place_time = row.Moment(2),
                                        .channel = std::string(row.Text(3)),
                                        .source = std::string(row.Text(4)),
                                        .medium = std::string(row.Text(5)),
                                        .campaign = std::string(row.Text(6))});
      return GoOn();
    });
  }

  // Of people who are there, which is why it comes last.
  absl::Status ReadValues() {
    std::vector<DerivedValue> values;
    return reader_.Read(kPersonValues, [&](const Uuid& contact, const BinaryRow& row) {
      DerivedValuesOf({.clv_minor = row.Integer(1),
                       .historic_minor = row.Integer(2),
                       .churn_probability = row.Double(3),
                       .expected_orders = row.Double(4),
                       .next_order_day = row.IsNull(5) ? std::nullopt : std::optional(row.Integer(5)),
                       .mean_gap_days = row.IsNull(6) ? std::nullopt : std::optional(row.Double(6)),
                       .currency_code = row.Text(7)},
                      values);
      encoder_.AddValues(contact, values);
      return GoOn();
    });
  }

  // Asks now and then whether to go on.
  absl::Status GoOn() { return ++rows_ % kRowsBetweenQuestions == 0 && !Asked() ? GivenUp() : absl::OkStatus(); }
  bool Asked() { return !progress_ || progress_(table_.person_count()); }

 private:
  absl::Status ReadProfiles() {
    Profile profile;
    std::vector<std::string_view> tags;
    return reader_.Read(kPersonProfiles, [&](const Uuid& contact, const BinaryRow& row) {
      profile.contact_id = contact;
      profile.deleted = row.Bool(2);
      profile.create_time = row.Moment(3);
      profile.given_name = row.Text(5);
      profile.family_name = row.Text(6);
      profile.company_name = row.Text(7);
      profile.locale = row.Text(8);
      profile.lifecycle_stage = row.Text(9);
      profile.owner = row.Text(10);
      profile.country_code = row.Text(11);
      profile.city = row.Text(12);
      profile.has_email = row.Bool(13);
      profile.has_phone = row.Bool(14);
      row.Texts(15, tags);
      profile.tags.assign(tags.begin(), tags.end());
      profile.custom_fields = ParseCustomFields(row.Text(16));
      encoder_.AddProfile(profile);
      return GoOn();
    });
  }

  const Reader& reader_;
  PersonTable& table_;
  PersonEncoder encoder_;
  const Progress& progress_;
  ScoreFacts score_;
  std::uint32_t rows_ = 0;
};

// From this size on malloc asks the system for each piece of a column and gives it back when it is freed. Left to
// itself it raises the size with each that is freed, and keeps the room of orders that were laid out for good.
void GiveBackPieces() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 64 * 1024);
#endif
}

// Everybody who is a person by himself.
absl::Status LoadUnmerged(const postgres::ConnectionOptions& options, const std::unordered_set<Uuid>& aliased,
                          PersonTable& table, const Progress& progress) {
  const Reader reader(options, aliased);
  PeopleLoader people(reader, table, progress);
  FactsLoader facts(reader, table);
  std::future<absl::Status> facts_read = std::async(std::launch::async, [&] { return facts.Read(); });
  absl::Status status = people.Read();
  while (status.ok() && facts_read.wait_for(kPatience) != std::future_status::ready) {
    if (!people.Asked()) status = GivenUp();
  }
  if (!status.ok()) facts.GiveUp();
  const absl::Status facts_status = facts_read.get();
  ESNAF_RETURN_IF_ERROR(status);
  ESNAF_RETURN_IF_ERROR(facts_status);
  facts.LayOut();
  return people.ReadValues();
}

}  // namespace

absl::Status LoadEverybody(postgres::Connection& connection, PersonTable& table, const Progress& progress) {
  GiveBackPieces();
  const postgres::TxOptions options{.autocommit = true, .read_only = true};
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> merged,
                         connection.Run(options, [](postgres::Tx& tx) -> absl::StatusOr<std::vector<Uuid>> {
                           ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kAliases));
                           std::vector<Uuid> contacts;
                           for (int i = 0; i < rows.size(); ++i) contacts.push_back(rows[i].Get<Uuid>(0));
                           return contacts;
                         }));
  ESNAF_RETURN_IF_ERROR(LoadUnmerged(connection.options(), {merged.begin(), merged.end()}, table, progress));
  PersonEncoder encoder(table);
  for (std::size_t begin = 0; begin < merged.size(); begin += kPeopleAtOnce) {
    const std::vector<Uuid> some(
        merged.begin() + static_cast<std::ptrdiff_t>(begin),
        merged.begin() + static_cast<std::ptrdiff_t>(std::min(merged.size(), begin + kPeopleAtOnce)));
    ESNAF_ASSIGN_OR_RETURN(PersonBatch batch,
                           connection.Run(options, [&](postgres::Tx& tx) { return ReadPersons(tx, some); }));
    std::move(batch).PutInto(encoder, table);
    if (progress && !progress(table.person_count())) return GivenUp();
  }
  return absl::OkStatus();
}

}  // namespace esnaf::segmentation
