#!/usr/bin/env bash
# The installed tree as a user meets it: README's program as C11 and C++17 through pkg-config and through the CMake package, the
# static library, and every public header alone.
set -u
prefix=$PWD/prefix
case_() { # case_ NAME COMMAND...
    if "${@:2}" > log 2>&1; then echo "ok $1"; else echo "not ok $1"; sed 's/^/  /' log; bad=1; fi
}
bad=0
cmake=$(ls /usr/bin/cmake 2>/dev/null || echo cmake)
case_ install "$cmake" --install "$BUILD" --prefix "$prefix"
pc=$(dirname "$(find "$prefix" -name weir.pc)")
sed -i "s|^prefix=.*|prefix=$prefix|" "$pc/weir.pc"
export PKG_CONFIG_PATH=$pc LD_LIBRARY_PATH=$(dirname "$pc")
awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' "$SRC/README.md" > program.c
case_ readme-has-a-program grep -q 'int main' program.c
cp program.c program.cc
extra=
case $BUILD in *asan*) extra=-fsanitize=address,undefined ;; esac
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
for header in "$prefix"/include/weir.h "$prefix"/include/weir/*.h; do
    name=$(basename "$header")
    case_ "$name-c11" gcc -std=c11 -Wpedantic -Wall -Wextra -Werror -I"$prefix/include" -fsyntax-only -x c "$header"
    case_ "$name-c++17" g++ -std=c++17 -Wpedantic -Wall -Wextra -Werror -I"$prefix/include" -fsyntax-only -x c++ "$header"
done
case_ hidden-symbols sh -c "! nm -D --defined-only '$LD_LIBRARY_PATH/libweir.so' | awk '{print \$3}' | grep -vE '^weir_[a-z]'"
exit $bad
