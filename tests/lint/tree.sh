#!/bin/sh
# What is kept: nothing generated is tracked, no text tells where somebody's
# machine keeps things, no unfinished work is marked, and the tests that are
# said to show something are there.

cd "${ESDMIXD_SRCDIR:-.}" || exit 99
status=0

# breach TEXT LINES: prints both, if there are lines
breach()
{
	[ -n "$2" ] || return 0
	printf '%s:\n%s\n' "$1" "$2"
	status=1
}

# In a checkout git knows which files are ours; a tarball holds no others.
if [ -e .git ] && command -v git > /dev/null; then
	git -c safe.directory="$PWD" ls-files -co --exclude-standard \
	    > /dev/null || exit 99
	files=$(git -c safe.directory="$PWD" ls-files -co --exclude-standard)
	breach "generated files are tracked" \
	    "$(git -c safe.directory="$PWD" ls-files |
		grep -E '(^|/)(Makefile\.in|configure|aclocal\.m4|config\.(h|h\.in|log|status)|libtool|stamp-h1|\.dirstamp)$|\.(o|lo|la|log|trs|pyc)$|^(build|build-[^/]*|autom4te\.cache|m4)/')"
else
	files=$(find protocols server compat-tools man etc docs tests \
	    -type f | grep -v '/__pycache__/')
fi
files=$(printf '%s\n' "$files" | while read -r f; do
	[ ! -f "$f" ] || printf '%s\n' "$f"
done)

search()
{
	printf '%s\n' "$files" | grep -E "$1" | tr '\n' '\0' |
		xargs -0 -r grep -nIE "$2" /dev/null
}

breach "paths of somebody's machine" "$(search . \
    '/(work|farm)/|/tmp/build[-]|https?://(deb|registry|mirror)[a-z0-9.-]*\.[a-z]+/')"
breach "unfinished work is marked" "$(search '\.(c|h|def|py|am|ac)$' \
    '\b(TODO|FIXME|XXX|HACK|(un|not )implemented)\b')"
breach "blanks at the end of a line" "$(search '\.(c|h|def|py|sh|am|ac|md)$' \
    '[[:blank:]]$')"
breach "docs/tests.md names what is not there" "$(
	grep -oE 'tests/[a-z0-9]+/[a-z0-9-]+\.(c|py|sh)' docs/tests.md |
	    sort -u | while read -r f; do [ -f "$f" ] || echo "$f"; done)"
exit $status
