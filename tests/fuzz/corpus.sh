#!/bin/sh
# Every fuzz target over its corpus: see feed.c.
set -eu
fuzz=${ESDMIXD_SRCDIR:-.}/tests/fuzz
cd "${ESDMIXD_BUILDDIR:-.}"
tests/fuzz/feed-arts "$fuzz/corpus-arts"
tests/fuzz/feed-mcop "$fuzz/corpus-mcop"
tests/fuzz/feed-session "$fuzz/corpus-session"
tests/fuzz/feed-wire "$fuzz/corpus-wire"
