#!/usr/bin/env bash
# The installed tree as a user meets it: README's program as C11 and C++17 through pkg-config, the CMake package and the static library.
set -u
. "$SRC/tests/install/installed.sh"
awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' "$SRC/README.md" > program.c
case_ readme-has-a-program grep -q 'int main' program.c
cp program.c program.cc
compilers="gcc"
command -v clang > /dev/null && [ -z "$extra" ] && compilers="gcc clang"
for cc in $compilers; do
    case_ "$cc-c11" $cc -std=c11 -Wall -Wextra -Werror $extra program.c -o "c-$cc" $(pkg-config --cflags --libs weir)
    case_ "$cc-c11-runs" "./c-$cc"
done
case_ g++-c++17 g++ -std=c++17 -Wall -Wextra -Werror $extra program.cc -o cxx $(pkg-config --cflags --libs weir)
case_ g++-c++17-runs ./cxx
case_ static gcc -std=c11 $extra program.c -o static -I"$prefix/include" "$LD_LIBRARY_PATH/libweir.a" $(pkg-config --libs --static weir | sed 's/-lweir//')
case_ static-runs ./static
mkdir -p package && cp program.c package && cat > package/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(weir 0.1 REQUIRED)
add_executable(user program.c)
target_link_libraries(user weir::weir)
CMAKE
case_ cmake-package "$cmake" -S package -B package/build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="$extra"
case_ cmake-package-builds "$cmake" --build package/build
case_ cmake-package-runs package/build/user
for page in man1/weir.1 man1/weir-train.1 man7/weir-op.7; do case_ "$(basename $page)-installed" test -s "$prefix/share/man/$page"; done
exit $bad
