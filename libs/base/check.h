#pragma once

#include <cstdio>
#include <cstdlib>

// Ends the process where `condition`, which only a mistake of our own can break, does not hold; in release builds too.
#define ESNAF_CHECK(condition)                                                           \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
