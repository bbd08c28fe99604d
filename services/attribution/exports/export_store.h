#pragma once

// The SQL of exports: what could be told, what was told, and what was answered.
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/exports.pb.h"
#include "libs/postgres/connection.h"
#include "services/attribution/exports/export_match.h"

namespace esnaf::attribution {

// What is asked for.
struct ExportQuery {
  std::string store_id;
  ExportDestination destination = ExportDestination::kGoogleClicks;
  Time start;
  Time end;
  Uuid before_id;  // of orders of `end` itself only those before this one; none where it is zero
  int limit = 0;
};

// Orders that the destination was not told of, the newest first, those of one time by their ids.
absl::StatusOr<std::vector<ExportCandidate>> UntoldConversions(postgres::Tx& tx, const ExportQuery& query);
// For each person (by their present ids) whose denial of ad user data on touches of the store between two times stands:
// since when. Each browser that ever was linked to the person speaks for itself, and so does what a back end says of
// the person: a later word of the same one takes a denial back, one of another does not. Asks all touches, also those
// within a visit.
absl::StatusOr<std::map<Uuid, Time>> StandingDenials(postgres::Tx& tx, const std::vector<Uuid>& contacts,
                                                     const std::string& store_id, Time from, Time until);
// Orders that are worth something else than the destination was told, whenever they were placed.
absl::StatusOr<std::vector<ConversionAdjustment>> ChangedConversionsOf(postgres::Tx& tx, const ExportQuery& query,
                                                                       Time now);

// An order as it is told now.
struct ToldConversion {
  Uuid order_id;
  std::int64_t value_minor = 0;
  std::string gclid;
  std::string conversion_name;
  Time conversion_time;
};

// Records an export with its files and what it tells. ABORTED where another export has told of one of the conversions.
absl::Status InsertExport(postgres::Tx& tx, const v1::ConversionExport& made, Time now,
                          const std::vector<ToldConversion>& told, const std::vector<ToldConversion>& adjusted);
inline constexpr std::chrono::minutes kClaim{1};
// Takes a file that is not delivered, so that no other call sends it too; false where it is delivered, or another call
// took it less than kClaim ago, which is longer than sending takes: what was taken and not answered by then is left.
absl::StatusOr<bool> ClaimFile(postgres::Tx& tx, const std::string& export_id, int number, Time now);

// An export with its files. NOT_FOUND where there is none.
absl::StatusOr<v1::ConversionExport> GetExport(postgres::Tx& tx, const std::string& id);
// Also gives the file back where it was not delivered.
absl::Status RecordAnswer(postgres::Tx& tx, const std::string& export_id, int number, const v1::ExportFile& file,
                          Time now);
// A row of `summary, delivered` where delivered says whether every file was.
inline constexpr char kExportColumns[] =
    "e.summary, NOT EXISTS (SELECT 1 FROM conversion_export_file f WHERE f.export_id = e.id AND NOT f.delivered)";
absl::StatusOr<v1::ConversionExport> ReadExportRow(const postgres::Row& row);

}  // namespace esnaf::attribution
