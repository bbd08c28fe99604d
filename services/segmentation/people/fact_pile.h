#pragma once

// The orders, or the carts, of everybody in any order, as a bulk read brings them, until a table lays them out by
// person. Pure.
#include <cstdint>

#include "libs/base/uuid.h"
#include "services/segmentation/people/person_table.h"

namespace esnaf::segmentation {

class FactPile {
 public:
  FactPile() : finder_(contacts_), facts_(true) {}
  FactPile(const FactPile&) = delete;
  FactPile& operator=(const FactPile&) = delete;

  // A fact of a contact; the numbers of its shape and items are those of the table that is to take the pile.
  void Add(const Uuid& contact, const Fact& fact);

  // Each contact that has a fact, numbered from 0.
  std::uint32_t contact_count() const { return contact_count_; }
  Uuid ContactAt(std::uint32_t number) const { return contacts_.Get(number); }

 private:
  friend class FactColumns;

  Pieces<Uuid> contacts_;
  RowFinder finder_;
  std::uint32_t contact_count_ = 0;
  // By fact: the number of its contact, and where its lines begin.
  Pieces<std::uint32_t> owners_;
  Pieces<std::uint32_t> line_begins_;
  std::uint32_t fact_count_ = 0;
  FactColumns facts_;
};

}  // namespace esnaf::segmentation
