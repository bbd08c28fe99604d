#pragma once

// Which transaction wrote a row last, and so its event: a call that changes nothing names that position.
#include <cstdint>

#include "libs/postgres/connection.h"

namespace esnaf::orders {

// The two columns by which NoteWriter knows it.
#define ESNAF_WRITER "xmin::text, pg_snapshot_xmax(pg_current_snapshot())::text"

// Notes the transaction that wrote the row last; the two columns are the second and the third. A row names it by 32
// bits, which the snapshot's next one completes: it is an older one, or a little newer where the row was locked after
// it had changed. Where the row is older than 32 bits can tell, the answer is too high, but has begun.
inline void NoteWriter(const postgres::Row& row, postgres::Tx& tx) {
  constexpr std::uint32_t kLittle = 1 << 20;
  const std::uint64_t next = row.Get<std::uint64_t>(2);
  const auto newer = static_cast<std::uint32_t>(row.Get<std::uint64_t>(1) - next);
  const std::uint32_t older = 0 - newer;
  tx.NoteEventXact(newer < kLittle ? next + newer : next - older);
}

}  // namespace esnaf::orders
