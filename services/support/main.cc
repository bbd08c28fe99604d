#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/support.h"
#include "libs/runtime/app.h"
#include "services/support/support.h"

int main(int argc, char** argv) {
  using namespace esnaf;
  return runtime::RunService(
      {.name = "support",
       .migrations = {&migrations::events(), &migrations::identity(), &migrations::support()},
       .components = {"events", "identity", "support"},
       .keys = {{.name = "contacts-address", .help = "Where contacts listens.", .required = true},
                {.name = "segmentation-address",
                 .help = "Where segmentation listens; without it the queue does not count what customers are worth."},
                {.name = "files", .help = "The folder for the files of messages; empty: none are taken."},
                {.name = "mail-secrets", .help = "The folder with the mailboxes' passwords, one a file."}},
       .build = support::Build},
      argc, argv);
}
