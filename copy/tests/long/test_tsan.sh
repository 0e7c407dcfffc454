#!/usr/bin/env bash
# Threaded code under ThreadSanitizer: `make tsan`, its cases counted one by one.
"$SRC/tools/tsan" > tsan.log 2>&1
status=$?
if [ "$status" -eq 0 ]; then echo "ok tsan: $(tail -n 1 tsan.log)"; else echo "not ok tsan (status $status)"; tail -n 150 tsan.log; fi
exit "$status"
