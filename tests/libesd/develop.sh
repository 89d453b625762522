#!/bin/sh
# What configure scripts of the time ask: esd-config, esound.pc and esd.m4, as
# they are where this library is installed in a place of its own.
built=${ESDMIXD_BUILDDIR:-.}
sources=${ESDMIXD_SRCDIR:-.}/compat-tools/libesd
place=$(mktemp -d) || exit 99
trap 'rm -rf "$place"' EXIT
status=0

# expect WHAT GOT WANTED
expect()
{
	[ "$2" = "$3" ] && return
	printf '%s: got "%s", not "%s"\n' "$1" "$2" "$3"
	status=1
}

# moved FILE: what it would be, had it been configured for that place
moved()
{
	sed -e "s#^prefix=.*#prefix=$place#" \
	    -e 's#^exec_prefix=.*#exec_prefix=${prefix}#' \
	    -e 's#^libdir=.*#libdir=${exec_prefix}/lib#' \
	    -e 's#^includedir=.*#includedir=${prefix}/include#' \
	    -e 's#^esd_serverdir=.*#esd_serverdir=${exec_prefix}/bin#' \
	    "$built/compat-tools/libesd/$1"
}

install_all()
{
	mkdir -p "$place/bin" "$place/include" "$place/lib/pkgconfig" &&
	    moved esd-config > "$place/bin/esd-config" &&
	    chmod +x "$place/bin/esd-config" &&
	    moved esound.pc > "$place/lib/pkgconfig/esound.pc" &&
	    cp "$sources/esd.h" "$place/include" &&
	    cp -P "$built"/.libs/libesd.so* "$place/lib"
}

# config OPTION...: where there is no pkg-config, and where it knows us
config()
{
	PKG_CONFIG=false "$place/bin/esd-config" "$@"
}

check_config()
{
	expect --version "$(config --version)" 0.2.41
	expect --prefix "$(config --prefix)" "$place"
	expect --cflags "$(config --cflags)" "-I$place/include"
	expect --libs "$(config --libs)" "-L$place/lib -lesd"
	expect "a prefix that is given" \
	    "$(config --prefix=/x --prefix --exec-prefix --cflags | xargs)" \
	    "/x /x -I$place/include"
	config > "$place/out" 2> "$place/usage"
	expect "no option" "$? $(wc -c < "$place/out")" "1 0"
	grep -q '^usage: esd-config' "$place/usage" || status=1
	config --nonsense > /dev/null 2>&1
	expect "an unknown option" $? 1
}

check_package()
{
	PKG_CONFIG_PATH=$place/lib/pkgconfig
	export PKG_CONFIG_PATH
	expect modversion "$(pkg-config --modversion esound)" 0.2.41
	expect esd_serverdir "$(pkg-config --variable=esd_serverdir esound)" \
	    "$place/bin"
	expect "flags by pkg-config" \
	    "$(pkg-config --cflags --libs esound | xargs)" \
	    "-I$place/include -L$place/lib -lesd"
	expect "esd-config by pkg-config" \
	    "$("$place/bin/esd-config" --version)" 0.2.41
}

# A project of the time: the macro finds us, and not what is too new.
check_macro()
{
	mkdir "$place/project" && cd "$place/project" || return 1
	cat > configure.ac <<-END
	AC_INIT([player], [1])
	AC_PROG_CC
	AM_PATH_ESD([0.2.28], [echo "found=\$ESD_CFLAGS \$ESD_LIBS"],
	    [echo found=no])
	AM_ESD_SUPPORTS_MULTIPLE_RECORD([echo several=yes], [echo several=no])
	AM_PATH_ESD([0.3.0], [echo newer=yes], [echo newer=no])
	END
	aclocal -I "$sources" > log 2>&1 &&
	    autoconf >> log 2>&1 || { cat log; return 1; }
	# A sanitized library runs in sanitized programs only.
	readelf -d "$place/lib/libesd.so" | grep -q 'lib[a-z]*san\.' &&
	    set -- --disable-esdtest
	LD_LIBRARY_PATH=$place/lib ./configure --with-esd-prefix="$place" "$@" \
	    > out 2>&1 || { cat out; return 1; }
	expect esd.m4 "$(grep -E '^(found|several|newer)=' out | xargs)" \
	    "found=-I$place/include -L$place/lib -lesd several=yes newer=no"
}

built=$(cd "$built" && pwd) && sources=$(cd "$sources" && pwd) || exit 99
install_all || exit 99
check_config
if command -v pkg-config > /dev/null; then
	check_package
fi
if command -v aclocal > /dev/null && command -v autoconf > /dev/null; then
	check_macro || status=1
else
	echo "no autoconf: esd.m4 is not tried"
fi
exit $status
