// The contacts service.
#include "services/contacts/contacts.h"

int main(int argc, char** argv) { return esnaf::runtime::RunService(esnaf::contacts::Definition(), argc, argv); }
