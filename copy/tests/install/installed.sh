# What tests of the installed tree share. Sourced: installs into ./prefix and points pkg-config there. BUILD and SRC are given.
prefix=$PWD/prefix
bad=0
case_() { # NAME COMMAND...
    if "${@:2}" > log 2>&1; then echo "ok $1"; else echo "not ok $1"; sed 's/^/# /' log; bad=1; fi
}
cmake=$(ls /usr/bin/cmake 2>/dev/null || echo cmake)
rm -rf "$prefix"
case_ install "$cmake" --install "$BUILD" --prefix "$prefix"
pc=$(dirname "$(find "$prefix" -name weir.pc)")
sed -i "s|^prefix=.*|prefix=$prefix|" "$pc/weir.pc"
export PKG_CONFIG_PATH=$pc LD_LIBRARY_PATH=$(dirname "$pc")
extra=
case $BUILD in *asan*) extra=-fsanitize=address,undefined ;; esac
warnings="-Wall -Wextra -Wpedantic -Werror $extra"
