# Every library that ruska stands on, as one interface target.
find_package(PkgConfig REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(TBB REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
find_package(pugixml REQUIRED)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(LIBHWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(LIBXRL REQUIRED IMPORTED_TARGET libxrl)
pkg_check_modules(RSVG REQUIRED IMPORTED_TARGET librsvg-2.0)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
find_package(TIFF REQUIRED)
find_package(JPEG REQUIRED)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(BLOSC REQUIRED IMPORTED_TARGET blosc)
pkg_check_modules(FFTW REQUIRED IMPORTED_TARGET fftw3)
pkg_check_modules(FFTWF REQUIRED IMPORTED_TARGET fftw3f)
find_path(LIBSVM_INCLUDE_DIR libsvm/svm.h REQUIRED)
find_library(LIBSVM_LIBRARY svm REQUIRED)
if(RUSKA_MPI)
  find_package(MPI COMPONENTS CXX)
endif()

add_library(ruska_dependencies INTERFACE)
target_include_directories(ruska_dependencies SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(ruska_dependencies INTERFACE
  ${HDF5_C_LIBRARIES} TBB::tbb Eigen3::Eigen nlohmann_json::nlohmann_json CLI11::CLI11 OpenSSL::Crypto ZLIB::ZLIB
  pugixml::pugixml PkgConfig::OPENBLAS PkgConfig::LIBHWY PkgConfig::LIBXRL PkgConfig::RSVG PkgConfig::PNG TIFF::TIFF
  JPEG::JPEG PkgConfig::DEFLATE PkgConfig::LZ4 PkgConfig::ZSTD PkgConfig::BLOSC BZip2::BZip2 PkgConfig::FFTW
  PkgConfig::FFTWF ${LIBSVM_LIBRARY} lapacke)

# g++ 12 reports overlapping copies inside std::string that are not there (GCC bug 105651).
set(ruska_warnings -Wall -Wextra -Wshadow -Wnon-virtual-dtor $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${RUSKA_WERROR}>:-Werror>)
