# Run by the build: writes a C++ file that holds the contracts' descriptors, with their comments.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
# Compilers limit the length of one literal, so it is many that are joined.
string(REGEX REPLACE "((\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?)" "\"\\1\"\n" lines "${escaped}")
file(WRITE ${OUT} "#include \"services/gateway/contract_descriptors.h\"
namespace esnaf::gateway {
std::string_view ContractDescriptors() {
  static constexpr char kBytes[] =
${lines};
  return {kBytes, sizeof(kBytes) - 1};
}
}  // namespace esnaf::gateway
")
