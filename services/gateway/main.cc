#include "services/gateway/gateway.h"

int main(int argc, char** argv) { return esnaf::runtime::RunService(esnaf::gateway::Definition(), argc, argv); }
