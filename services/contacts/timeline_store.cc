#include "services/contacts/timeline_store.h"

#include "services/contacts/interaction_store.h"

namespace esnaf::contacts {
namespace {

#define ESNAF_ENTRY_ARRAYS                                                                                    \
  "unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::smallint[], $5::timestamptz[], $6::text[], $7::text[]," \
  " $8::bigint[], $9::text[], $10::text[])"                                                                   \
  " AS e(id, contact_id, kind, channel, occur_time, summary, subject_id, subject_version, store_id, label_before) "
#define ESNAF_INSERT_ENTRIES                                                                                          \
  "INSERT INTO timeline_entry AS t (id, contact_id, kind, channel, occur_time, summary, subject_id, subject_version," \
  " store_id, label_before) SELECT e.* FROM " ESNAF_ENTRY_ARRAYS

const postgres::Statement kAddEntries("contacts", "add_timeline_entries",
                                      ESNAF_INSERT_ENTRIES "ON CONFLICT DO NOTHING");

// A newer version of the same subject wins, whichever is delivered last. Versions count from 1; it is said for the
// index.
const postgres::Statement kUpsertEntries("contacts", "upsert_timeline_entries", ESNAF_INSERT_ENTRIES R"sql(
  WHERE NOT EXISTS (SELECT FROM timeline_entry n WHERE n.subject_id = e.subject_id AND n.subject_version > 0
                    AND n.subject_version > e.subject_version)
  ON CONFLICT (id) DO UPDATE
  SET contact_id = EXCLUDED.contact_id, occur_time = EXCLUDED.occur_time, summary = EXCLUDED.summary,
      subject_version = EXCLUDED.subject_version, store_id = EXCLUDED.store_id
  WHERE t.subject_version < EXCLUDED.subject_version)sql");

const postgres::Statement kPutEntries("contacts", "put_timeline_entries", ESNAF_INSERT_ENTRIES R"sql(
  ON CONFLICT (id) DO UPDATE
  SET occur_time = EXCLUDED.occur_time, summary = EXCLUDED.summary, subject_version = EXCLUDED.subject_version,
      store_id = EXCLUDED.store_id, label_before = EXCLUDED.label_before)sql");

const postgres::Statement kRemoveEntries("contacts", "remove_timeline_entries",
                                         "DELETE FROM timeline_entry WHERE id = ANY($1::uuid[])");

#define ESNAF_ENTRY_COLUMNS                                                                           \
  " t.id, t.contact_id, t.kind, t.channel, t.occur_time, t.summary, t.subject_id, t.subject_version," \
  " t.store_id, t.label_before "
constexpr int kEntryColumnCount = 10;

const postgres::Statement kFindEntries("contacts", "find_timeline_entries",
                                       "SELECT" ESNAF_ENTRY_COLUMNS
                                       "FROM timeline_entry t WHERE t.id = ANY($1::uuid[])");

// What an older version said and the newest one says no more.
const postgres::Statement kDeleteOutdated("contacts", "delete_outdated_timeline_entries", R"sql(
  DELETE FROM timeline_entry t
  USING unnest($1::text[], $2::bigint[]) AS s(subject_id, subject_version)
  WHERE t.subject_id = s.subject_id AND t.subject_version > 0 AND t.subject_version < s.subject_version)sql");

TimelineEntry ReadEntry(const postgres::Row& row) {
  return {.id = row.Get<Uuid>(0),
          .contact_id = row.Get<Uuid>(1),
          .kind = static_cast<TimelineKind>(row.Get<int>(2)),
          .channel = row.Get<int>(3),
          .occur_time = row.Get<Time>(4),
          .summary = row.Get<std::string>(5),
          .subject_id = row.Get<std::string>(6),
          .subject_version = row.Get<std::int64_t>(7),
          .store_id = row.Get<std::string>(8),
          .label_before = row.Get<std::string>(9)};
}

std::vector<postgres::Param> EntryColumns(const std::vector<TimelineEntry>& entries) {
  std::vector<Uuid> ids, contacts;
  std::vector<int> kinds, channels;
  std::vector<Time> times;
  std::vector<std::string> summaries, subjects, stores, labels_before;
  std::vector<std::int64_t> versions;
  for (const TimelineEntry& entry : entries) {
    ids.push_back(entry.id);
    contacts.push_back(entry.contact_id);
    kinds.push_back(static_cast<int>(entry.kind));
    channels.push_back(entry.channel);
    times.push_back(entry.occur_time);
    summaries.push_back(entry.summary);
    subjects.push_back(entry.subject_id);
    versions.push_back(entry.subject_version);
    stores.push_back(entry.store_id);
    labels_before.push_back(entry.label_before);
  }
  return {ids, contacts, kinds, channels, times, summaries, subjects, versions, stores, labels_before};
}

}  // namespace

absl::Status AddTimelineEntries(postgres::Tx& tx, const std::vector<TimelineEntry>& entries) {
  if (entries.empty()) return absl::OkStatus();
  return tx.ExecuteParams(kAddEntries, EntryColumns(entries)).status();
}

absl::Status ReplaceTimelineEntries(postgres::Tx& tx, const std::vector<TimelineEntry>& entries) {
  if (entries.empty()) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(tx.ExecuteParams(kUpsertEntries, EntryColumns(entries)).status());
  std::vector<std::string> subjects;
  std::vector<std::int64_t> versions;
  for (const TimelineEntry& entry : entries) {
    if (!subjects.empty() && subjects.back() == entry.subject_id) continue;
    subjects.push_back(entry.subject_id);
    versions.push_back(entry.subject_version);
  }
  return tx.Execute(kDeleteOutdated, subjects, versions).status();
}

absl::StatusOr<std::map<Uuid, TimelineEntry>> FindTimelineEntries(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindEntries, ids));
  std::map<Uuid, TimelineEntry> entries;
  for (int i = 0; i < rows.size(); ++i) {
    TimelineEntry entry = ReadEntry(rows[i]);
    entries.emplace(entry.id, std::move(entry));
  }
  return entries;
}

absl::Status PutTimelineEntries(postgres::Tx& tx, const std::vector<TimelineEntry>& entries,
                                const std::vector<Uuid>& removed) {
  if (!entries.empty()) ESNAF_RETURN_IF_ERROR(tx.ExecuteParams(kPutEntries, EntryColumns(entries)).status());
  if (removed.empty()) return absl::OkStatus();
  return tx.Execute(kRemoveEntries, removed).status();
}

const api::FieldTable& TimelineFields() {
  static const api::FieldTable kFields{{{"occur_time", "t.occur_time", api::FieldType::kTime}}, "t.id"};
  return kFields;
}

absl::StatusOr<TimelinePage> ListTimeline(postgres::Tx& tx, const api::ListQuery& query, const TimelineFilter& filter) {
  const api::SqlQuery sql = query.Select(
      ESNAF_ENTRY_COLUMNS "," ESNAF_INTERACTION_COLUMNS,
      "timeline_entry t LEFT JOIN interaction n ON n.id = t.id AND t.kind = 1",
      "t.contact_id = ANY($1::uuid[]) AND (cardinality($2::smallint[]) = 0 OR t.kind = ANY($2::smallint[]))"
      " AND (cardinality($3::smallint[]) = 0 OR t.channel = ANY($3::smallint[]))"
      " AND (cardinality($4::text[]) = 0 OR t.kind IN (1, 2, 3) OR t.store_id = ANY($4::text[]))",
      {filter.contact_ids, filter.kinds, filter.channels, filter.store_ids});
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
  TimelinePage page;
  for (int i = 0; i < query.PageRows(rows); ++i) {
    const postgres::Row row = rows[i];
    TimelineItem item;
    item.entry = ReadEntry(row);
    if (!row.IsNull(kEntryColumnCount)) item.interaction = ReadInteraction(row, kEntryColumnCount);
    page.items.push_back(std::move(item));
  }
  page.next_page_token = query.NextPageToken(rows, kEntryColumnCount + kInteractionColumnCount);
  return page;
}

}  // namespace esnaf::contacts
