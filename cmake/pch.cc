// Gives the precompiled header (cmake/EsnafTargets.cmake) a translation unit to be compiled with.
