# weir::weir is the shared library.
include(${CMAKE_CURRENT_LIST_DIR}/weirTargets.cmake)
