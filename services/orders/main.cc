#include "esnaf/migrations/events.h"
#include "esnaf/migrations/hooks.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/orders.h"
#include "libs/runtime/app.h"
#include "services/orders/orders.h"

int main(int argc, char** argv) {
  using namespace esnaf;
  return runtime::RunService(
      {.name = "orders",
       .migrations = {&migrations::events(), &migrations::hooks(), &migrations::identity(), &migrations::orders()},
       .components = {"events", "hooks", "identity", "orders"},
       .keys = {{.name = "contacts-address", .help = "Where contacts listens.", .required = true}},
       .build = orders::Build},
      argc, argv);
}
