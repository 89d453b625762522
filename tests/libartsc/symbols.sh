#!/bin/sh
# libartsc.so.0 exports every documented symbol and nothing else, asks for no
# library but the C library, and has its old name.
#
#   symbols.sh [LIBRARY]    else what was built

build=${ESDMIXD_BUILDDIR:-.}
[ $# -gt 0 ] ||
	set -- "$build/.libs/libartsc.so.0" "$build/lib32/libartsc.so.0"
sources=${ESDMIXD_SRCDIR:-.}
documented='arts_close_stream
arts_error_text
arts_free
arts_init
arts_play_stream
arts_read
arts_record_stream
arts_stream_get
arts_stream_set
arts_suspend
arts_suspended
arts_write'
status=0
checked=0

# breach TEXT: what is wrong with the library
breach()
{
	echo "$library: $1"
	status=1
}

check_library()
{
	exported=$(nm -D --defined-only "$library" | awk '{ print $2, $3 }')
	[ "$exported" = "$(echo "$documented" | sed 's/^/T /')" ] ||
		breach "exports $exported"
	readelf -d "$library" | grep -q 'SONAME.*\[libartsc\.so\.0\]' ||
		breach "is not called libartsc.so.0"
	needed=$(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
	    grep -v '^libc\.so\|^libpthread\.so\|^ld-linux\|^lib[a-z]*san\.')
	[ -z "$needed" ] || breach "needs $needed"
	! readelf -V "$library" | grep -q '^Version definition' ||
		breach "has versions of its own"
}

echo "$documented" |
	diff "$sources/compat-tools/libartsc/libartsc.sym" - || status=1
for library; do
	[ -e "$library" ] || continue
	check_library
	checked=$((checked + 1))
done
[ $checked -gt 0 ] || { echo "no library at $*"; status=1; }
exit $status
