# Run by the build: writes a C++ file in which FUNCTION, declared in HEADER, answers the bytes of the file IN.
file(READ ${IN} hex HEX)
# A line of 32 bytes each: one long literal is more than compilers take.
string(REPEAT "[0-9a-f]" 64 line)
string(REGEX REPLACE "(${line})" "\\1\"\n\"" text "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${text}")
file(WRITE ${OUT} "#include \"${HEADER}\"
namespace esnaf::gateway {
std::string_view ${FUNCTION}() {
  static constexpr char kBytes[] =
\"${text}\";
  return {kBytes, sizeof(kBytes) - 1};
}
}  // namespace esnaf::gateway
")
