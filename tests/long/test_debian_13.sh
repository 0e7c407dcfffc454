#!/usr/bin/env bash
# A bare Debian 13.
SUITE=trixie
. "$SRC/tests/long/debian_root.sh"
