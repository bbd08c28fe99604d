# Every library below is a Debian package; deploy/packages lists their names.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl REQUIRED)
find_package(gRPC REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(Boost 1.74 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(spdlog REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Catch2 REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(CLI11 REQUIRED)
find_package(roaring REQUIRED)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(nlopt REQUIRED IMPORTED_TARGET nlopt)
pkg_check_modules(ESNAF_GMIME REQUIRED IMPORTED_TARGET gmime-3.0)
# It asks for _LARGEFILE64_SOURCE, which the precompiled header does not have and 64-bit machines do not need.
set_target_properties(PkgConfig::ESNAF_GMIME PROPERTIES INTERFACE_COMPILE_OPTIONS "")
# Under a name of its own: the package of gRPC looks at re2_FOUND.
pkg_check_modules(ESNAF_RE2 REQUIRED IMPORTED_TARGET re2)
find_library(ESNAF_PHONENUMBER phonenumber REQUIRED)

# The google/api and google/rpc contracts come from a Debian package too.
find_path(ESNAF_GOOGLEAPIS google/api/annotations.proto
  PATHS /usr/share/gocode/src/github.com/gogo/googleapis REQUIRED)
