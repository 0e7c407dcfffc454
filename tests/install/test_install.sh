#!/usr/bin/env bash
# The installed tree as a user meets it: README's program as C11 and C++17 through pkg-config, the CMake package and the static library.
# Sanitizers: in make test-long.
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
sed 's/weir 0.1 REQUIRED/& COMPONENTS static/; s/weir::weir/weir::static/' package/CMakeLists.txt > cmakelists
mkdir -p static-package && cp program.c static-package && cp cmakelists static-package/CMakeLists.txt
case_ cmake-static "$cmake" -S static-package -B static-package/build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="$extra"
case_ cmake-static-builds "$cmake" --build static-package/build
case_ cmake-static-runs env -u LD_LIBRARY_PATH static-package/build/user
# No .pc file but weir's own: those of jansson, zlib .. come with -dev packages, which a program does not need.
case_ pkg-config-alone env PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR="$pc" pkg-config --cflags --libs --static weir
# The tree within another's; tests/long/test_subdirectory.sh builds all of it.
mkdir -p within && cp program.c within && sed "s|^find_package.*|add_subdirectory($SRC weir)|" package/CMakeLists.txt > within/CMakeLists.txt
case_ add-subdirectory "$cmake" -S within -B within/build -G "Unix Makefiles"
case_ add-subdirectory-compiles make -C within/build program.o
case_ add-subdirectory-makes-the-library-alone sh -c '! make -C within/build help | grep -E "weir-bench|test_| weir$"'
case_ add-subdirectory-leaves-the-build-type grep -q '^CMAKE_BUILD_TYPE:STRING=$' within/build/CMakeCache.txt
# weir(3): every header of the installed tree, and nothing that groff would warn of
page=$prefix/share/man/man3/weir.3
for header in "$prefix"/include/weir/*.h; do case_ "weir.3-has-$(basename "$header")" grep -qx ".SH weir/$(basename "$header")" "$page"; done
case_ weir.3-has-code grep -q '^    weir_model \*m = weir_model_new(c, "nice", "dim=2 hidden=8");$' "$page"
case_ weir.3-is-escaped sh -c '! sed "s/\\\\[-&]//g; s/^\.TH.*//" "$0" | grep -n -- "[-~^]"' "$page"
if command -v groff > /dev/null; then case_ weir.3-groff sh -c 'groff -man -ww -z -Tutf8 "$0" > said 2>&1; cat said; [ ! -s said ]' "$page"; fi
# make install leaves out what debuggers want, and keeps what linkers do
case_ make-install-strips sh -c 'make -s -n -f "$SRC/Makefile" install BUILD="$BUILD" | grep -q -- "--install .* --strip$"'
case_ strips "$cmake" --install "$BUILD" --prefix "$PWD/stripped" --strip
for file in "$PWD"/stripped/lib*/libweir.a "$PWD"/stripped/lib*/libweir.so "$PWD"/stripped/bin/weir; do
    case_ "$(basename "$file")-is-stripped" sh -c '! readelf -S "$0" | grep -q "[.]debug_info"' "$file"; done
case_ static-of-it gcc -std=c11 $extra program.c -o stripped-static -I"$prefix/include" "$PWD"/stripped/lib*/libweir.a $(pkg-config --libs --static weir | sed 's/-lweir//')
case_ size-as-README-says test "$(sed -n 's/.*one shared library of less than \([0-9]*\) MB.*/\1/p' "$SRC/README.md")000000" -gt "$(case $BUILD in *asan) echo 0 ;; *) cat "$PWD"/stripped/lib*/libweir.so | wc -c ;; esac)"
# what make install says at its end
mkdir -p told && find "$prefix" ! -type d > told/install_manifest.txt
case_ says-loader-path sh -c '"$SRC/tools/after-install" told "" | grep -qF "export LD_LIBRARY_PATH=$0"' "$LD_LIBRARY_PATH"
case_ says-pkg-config-path sh -c '"$SRC/tools/after-install" told "" | grep -qF "export PKG_CONFIG_PATH=$0"' "$pc"
case_ of-a-package-nothing test -z "$("$SRC/tools/after-install" told /tmp/package)"
for page in man1/weir.1 man1/weir-train.1 man7/weir-op.7; do case_ "$(basename $page)-installed" test -s "$prefix/share/man/$page"; done
case_ documents-installed test -s "$prefix/share/doc/weir/doc/guide/README.md" -o -d "$prefix/share/doc/weir/doc/guide"
case_ examples-installed test -s "$prefix/share/doc/weir/examples/simulate.c"
for file in bash-completion/completions/weir zsh/site-functions/_weir fish/vendor_completions.d/weir.fish; do
    case_ "$(dirname "$file")-installed" test -s "$prefix/share/$file"; done
mkdir -p listed && find "$prefix" ! -type d > listed/install_manifest.txt
case_ uninstall make -s -f "$SRC/Makefile" uninstall BUILD="$PWD/listed"
case_ uninstall-leaves-no-file test -z "$(find "$prefix" ! -type d)"
case_ uninstall-of-nothing sh -c '! make -s -f "$SRC/Makefile" uninstall BUILD="$PWD/nowhere"'
exit $bad
