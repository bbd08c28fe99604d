#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/support.h"
#include "libs/runtime/app.h"
#include "services/support/support.h"

int main(int argc, char** argv) {
  using namespace esnaf;
  return runtime::RunService({.name = "support",
                              .migrations = {&migrations::events(), &migrations::identity(), &migrations::support()},
                              .components = {"events", "identity", "support"},
                              .keys = support::Keys(),
                              .build = support::Build},
                             argc, argv);
}
