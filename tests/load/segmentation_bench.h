#pragma once

// What the measurements of esnaf-segmentation-bench share.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "services/segmentation/people/person_table.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation::bench {

// What a piece of work took: by the clock on the wall, and of the processors by all threads of this process. On a
// machine that others use too only the second says something about the work.
struct Took {
  double wall_seconds = 0;
  double cpu_seconds = 0;
};

class Meter {
 public:
  Meter() : wall_(std::chrono::steady_clock::now()), cpu_seconds_(CpuSeconds()) {}
  Took Read() const {
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count(),
            CpuSeconds() - cpu_seconds_};
  }

 private:
  static double CpuSeconds();

  std::chrono::steady_clock::time_point wall_;
  double cpu_seconds_;
};

// The medians of some calls, after one that warms up.
template <typename Call>
Took MedianOf(int times, const Call& call) {
  call();
  std::vector<double> walls, cpus;
  for (int i = 0; i < times; ++i) {
    const Meter meter;
    call();
    const Took took = meter.Read();
    walls.push_back(took.wall_seconds);
    cpus.push_back(took.cpu_seconds);
  }
  const auto median = [](std::vector<double>& all) {
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    return all[all.size() / 2];
  };
  return {median(walls), median(cpus)};
}

// A line of the report: the time by the clock, that of the processors, and the bound. What the clock says is too slow
// and the processors, shared among the threads that did the work, would have done in time on an idle machine is told
// apart from what is too slow in any case.
void Print(const std::string& what, const Took& took, double unit_seconds, const char* unit, double bound,
           int threads = 1);
void PrintNumber(const std::string& what, double value, const char* unit, double bound);

// The table's bytes a customer by what they are for, and the most memory that this process ever had.
void PrintMemory(const PersonTable& table);

Rule ReadRule(const std::string& text);
// Twenty rules of the kinds that people write.
std::vector<std::string> TwentyRules();

// segmentation_bench_postgres.cc: the start, the writing of scores, and events, over a schema that is filled first
// unless it was so by an earlier run. Answers the exit code.
struct PostgresRun {
  std::string connection_string;
  std::string schema;
  int customer_count = 0;
  bool filled = false;
  bool only_load = false;
};
int MeasurePostgres(const PostgresRun& run);

// segmentation_bench_value.cc: fits of the models of buying.
void MeasureFits(int customer_count, int threads);

}  // namespace esnaf::segmentation::bench
