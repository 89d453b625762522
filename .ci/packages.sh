# shellcheck shell=bash
# What the scripts at the root need on a Debian 12 machine.  To be sourced.

packages_build='gcc make libc6-dev autoconf automake libtool pkg-config
	libasound2-dev libdbus-1-dev libncurses-dev libuv1-dev libsndfile1-dev'
packages_check="$packages_build libcriterion-dev python3 mandoc iproute2 systemd
	gcc-multilib qemu-user alsa-utils bubblewrap dbus-daemon
	jackd2 libasound2-plugins pulseaudio pulseaudio-utils
	aumix bplay lame libao-common libopenal-dev libsdl1.2-dev
	libsox-fmt-oss mpg123 mplayer siggen sox splay timidity tmux vorbis-tools"
# shellcheck disable=SC2034 # for .ci/run
packages_ci="$packages_check git xz-utils clang-14 clang-format-14
	clang-tidy-14 libclang-rt-14-dev cppcheck
	binutils-s390x-linux-gnu libc6-dev-s390x-cross libgcc-12-dev-s390x-cross
	default-jdk-headless libesd-java"

# packages_need NAME...: installs what is missing, nothing else
packages_need()
{
	local missing=() name as_root=()

	if ! command -v dpkg-query > /dev/null ||
	    ! command -v apt-get > /dev/null; then
		echo "no Debian here: going on with the tools that are there;" \
		    "on Debian they come with:" "$@" >&2
		return 0
	fi
	for name; do
		dpkg-query -W -f '${Status}' "$name" 2> /dev/null |
		    grep -q '^install ok installed$' || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	if [ "$(id -u)" != 0 ]; then
		as_root=(sudo)
		[ -t 0 ] || as_root=(sudo -n) # nobody there to ask
		if ! command -v sudo > /dev/null; then
			packages_refuse "neither root nor sudo" "${missing[@]}"
			return 1
		fi
	fi
	echo "installing: ${missing[*]}"
	if ! packages_apt update ||
	    ! packages_apt install -y --no-install-recommends \
	    "${missing[@]}"; then
		packages_refuse "apt-get failed, see above" "${missing[@]}"
		return 1
	fi
}

# packages_apt ARGUMENT...: shows its output only where it fails
packages_apt()
{
	local log status=0

	log=$(mktemp) || return 1
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	    apt-get -q -o DPkg::Lock::Timeout=120 "$@" \
	    > "$log" 2>&1 < /dev/null || status=$?
	[ $status = 0 ] || cat "$log" >&2
	rm -f "$log"
	return $status
}

packages_refuse()
{
	local why=$1

	shift
	echo "error: packages are missing and could not be installed" \
	    "($why); install them by hand: apt-get install $*" >&2
}
