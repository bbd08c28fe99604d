#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/segmentation.h"
#include "libs/runtime/app.h"
#include "services/segmentation/segmentation.h"

int main(int argc, char** argv) {
  using namespace esnaf;
  return runtime::RunService(
      {.name = "segmentation",
       .migrations = {&migrations::events(), &migrations::identity(), &migrations::segmentation()},
       .components = {"events", "identity", "segmentation"},
       .keys = {{.name = "orders-address", .help = "Where orders listens.", .required = true},
                {.name = "contacts-address", .help = "Where contacts listens.", .required = true},
                {.name = "attribution-address",
                 .help = "Where attribution listens; without it rules know of no acquisition."},
                {.name = "support-address",
                 .help = "Where support listens; without it rules know of no tickets and no answers to surveys."}},
       .build = segmentation::Build},
      argc, argv);
}
