#pragma once

// Chance that falls alike everywhere, for the demo shop.
#include <cmath>
#include <cstdint>

namespace esnaf::cli {

// splitmix64: small, well mixed, and the same on every machine (unlike std's distributions).
class DemoRandom {
 public:
  explicit DemoRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  int Below(int bound) { return static_cast<int>(Next() % static_cast<std::uint64_t>(bound)); }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // Waiting time of a process that happens once in `mean` on the average.
  double Exponential(double mean) { return -mean * std::log(1.0 - Unit()); }

 private:
  std::uint64_t state_;
};

}  // namespace esnaf::cli
