#!/bin/sh
# artsc-config and artsc.pc answer what old configure scripts ask.
cd "${ESDMIXD_BUILDDIR:-.}/compat-tools/libartsc" || exit 99
status=0

# expect PATTERN ARGUMENT...: what artsc-config prints, and status 0
expect()
{
	wanted=$1
	shift
	printed=$(sh ./artsc-config "$@") || printed="status $?"
	case $printed in
	$wanted) ;;
	*)
		echo "artsc-config $*: $printed, not $wanted"
		status=1
		;;
	esac
}

prefix=$(sh ./artsc-config --arts-prefix)
expect ''
expect 0.9.5 --version
expect '1.*' --arts-version
expect '/*' --arts-prefix
expect "-I*/include/artsc" --cflags
expect "-L$prefix/* -ldl -lartsc -lpthread" --libs
expect "-I*/include/artsc -L* -ldl -lartsc -lpthread" --cflags --libs
expect "-L* -ldl -lartsc -lpthread -I*/include/artsc" --libs --cflags
expect "0.9.5
-I*/include/artsc" --cflags --version

said=$(sh ./artsc-config --cflags --nonsense 2>&1 > /dev/null) && {
	echo "an unknown option is no error"
	status=1
}
case $said in
*--nonsense*usage:*) ;;
*)
	echo "an unknown option is answered by: $said"
	status=1
	;;
esac

if command -v pkg-config > /dev/null; then
	for what in '--modversion=0.9.5' '--cflags=-I*/include/artsc*' \
	    '--libs=*-lartsc*'; do
		printed=$(PKG_CONFIG_PATH=. PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 \
		    pkg-config "${what%%=*}" artsc)
		case $printed in
		${what#*=}) ;;
		*)
			echo "pkg-config ${what%%=*} artsc: $printed"
			status=1
			;;
		esac
	done
fi
exit $status
