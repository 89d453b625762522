#!/bin/sh
# systemd understands its units, and makes the user that one of them names.
command -v systemd-analyze > /dev/null || exit 77
build=$(cd "${ESDMIXD_BUILDDIR:-.}" && pwd) || exit 99
cd "${ESDMIXD_SRCDIR:-.}" || exit 99
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
status=0

mkdir "$dir/system" "$dir/user"
for kind in system user; do
	cp etc/systemd/$kind/esdmixd.socket "$dir/$kind/"
	# Where it will be installed there is nothing yet.
	sed "s,^ExecStart=/[^ ]*/,ExecStart=$build/," \
	    "$build/etc/systemd/$kind/esdmixd.service" \
	    > "$dir/$kind/esdmixd.service"
done

# verify KIND OPTION...: nothing to be said about its units
verify()
{
	kind=$1
	shift
	# It also tells what it thinks of the machine's other units.
	if ! systemd-analyze "$@" --man=no verify "$dir/$kind/esdmixd.service" \
	    "$dir/$kind/esdmixd.socket" > "$dir/said" 2>&1 < /dev/null ||
	    grep -qF esdmixd "$dir/said"; then
		sed "s,^,$kind: ," "$dir/said"
		status=1
	fi
}

verify system --system
XDG_RUNTIME_DIR=$dir verify user --user

# In a root of its own; who is no root cannot give files to another.
if [ "$(id -u)" = 0 ] && command -v systemd-sysusers > /dev/null; then
	mkdir "$dir/root" "$dir/root/etc"
	systemd-sysusers --root="$dir/root" "$PWD/etc/sysusers.d/esdmixd.conf" \
	    > /dev/null 2>&1
	if ! grep -q '^esdmixd:.*:/var/lib/esdmixd:' "$dir/root/etc/passwd" ||
	    ! grep -q '^esdmixd:' "$dir/root/etc/group" ||
	    ! grep -q '^audio:.*esdmixd' "$dir/root/etc/group"; then
		echo "sysusers.d: no such user was made"
		status=1
	fi
fi
exit $status
