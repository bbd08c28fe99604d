#include "cli/command_line.h"

int main(int argc, char** argv) { return esnaf::cli::RunCommandLine(argc, argv); }
