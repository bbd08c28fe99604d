#include "esnaf/migrations/attribution.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "libs/runtime/app.h"
#include "services/attribution/attribution.h"

int main(int argc, char** argv) {
  using namespace esnaf;
  return runtime::RunService(
      {.name = "attribution",
       .migrations = {&migrations::events(), &migrations::identity(), &migrations::attribution()},
       .components = {"events", "identity", "attribution"},
       .keys = {{.name = "orders-address", .help = "Where orders listens.", .required = true},
                {.name = "contacts-address", .help = "Where contacts listens.", .required = true},
                {.name = "touch-retention-days",
                 .default_value = "400",
                 .help = "How long touches of visitors who never became known are kept."},
                {.name = "superseded-retention-days",
                 .default_value = "800",
                 .help = "How far back a report can be read as it was known."},
                {.name = "conversion-export-folder", .help = "Where exports of conversions are written."},
                {.name = "meta-conversions-url", .help = "Where conversions are posted for Meta, by https."},
                {.name = "meta-conversions-token", .help = "Meta's access token for it.", .secret = true}},
       .build = attribution::Build},
      argc, argv);
}
