#pragma once

// Sorted, without repetitions.
#include <algorithm>
#include <vector>

namespace esnaf {

template <typename T>
std::vector<T> EachOnce(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

}  // namespace esnaf
