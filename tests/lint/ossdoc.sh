#!/bin/sh
# docs/oss.md is what ossdoc prints from the table.
set -eu
page=$(mktemp)
trap 'rm -f "$page"' EXIT
"${ESDMIXD_BUILDDIR:-.}/ossdoc" >"$page"
if ! diff -u "${ESDMIXD_SRCDIR:-.}/docs/oss.md" "$page"; then
	echo "docs/oss.md is not fresh: run 'make oss-page'" >&2
	exit 1
fi
