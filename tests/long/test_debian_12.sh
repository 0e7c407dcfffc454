#!/usr/bin/env bash
# A bare Debian 12.
SUITE=bookworm
. "$SRC/tests/long/debian_root.sh"
