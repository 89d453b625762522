#!/bin/sh
# docs/esd-protocol.md is what protodoc prints from the table.
set -eu
page=$(mktemp)
trap 'rm -f "$page"' EXIT
"${ESDMIXD_BUILDDIR:-.}/protodoc" >"$page"
if ! diff -u "${ESDMIXD_SRCDIR:-.}/docs/esd-protocol.md" "$page"; then
	echo "docs/esd-protocol.md is not fresh: run 'make protocol-page'" >&2
	exit 1
fi
