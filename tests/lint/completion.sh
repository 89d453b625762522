#!/bin/bash
# Completion offers what the programs take, and nothing breaks over it.
cd "${ESDMIXD_BUILDDIR:-.}" || exit 99
set -u
# shellcheck source=/dev/null
. "${ESDMIXD_SRCDIR:-.}/etc/bash-completion/esdmixd"
status=0
PATH=$PWD:$PATH

# Outside of readline there is nothing to set.
# shellcheck disable=SC2317 # the completion calls it
compopt()
{
	:
}

# expect WANTED... -- WORD...: all of these are offered for the last word
expect()
{
	local wanted=() function=_esdmixd one
	while [ "$1" != -- ]; do
		wanted+=("$1")
		shift
	done
	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	[ "$1" != esdctl ] || function=_esdmixd_ctl
	[ "$1" != artsshell ] || function=_esdmixd_artsshell
	[[ $1 != *dsp ]] || function=_esdmixd_dsp
	$function "$1" "${COMP_WORDS[COMP_CWORD]}" \
	    "${COMP_WORDS[COMP_CWORD - 1]}"
	for one in "${wanted[@]}"; do
		printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -e "$one" || {
			echo "$*: $one is not among: ${COMPREPLY[*]}"
			status=1
		}
	done
}

for tool in esdcat esdrec esdmon esdfilt esdloop esdsample; do
	expect --server= --rate= --mono --8bit --help --version -s -r -m -b \
	    -- $tool -
	expect 8000 44100 192000 -- $tool -r ''
	expect 44100 -- $tool --rate = 44
	expect localhost unix: -- $tool -s ''
done
expect --server= --version -v -- esdplay -
expect --server= --once --interval= -b -- esdtop -
expect --server= --name= --devices= --seccomp --mmap -d -r -- esddsp -
expect /dev/dsp /dev/mixer -- esddsp -r /dev
expect localhost unix: -- esddsp -d ''
expect --single-threaded --name= -V -- artsdsp -
expect true -- esddsp -s localhost tru
expect true -- artsdsp -s tru
expect true -- esddsp --name = x tru
expect -half -double -- esdfilt -
expect --data --existing -- esdsample -
expect --device --rate --no-legacy-sockets --legacy-sockets --config -r \
    -- esdmixd -
expect auto mmap rw -- esdmixd --access ''
expect S24_3LE -- esdmixd --format S24_3
expect auto portable -- esdmixd -kernel ''
expect err warn info debug -- esdmixd --log-level ''
expect null -- esdmixd -d nu
expect serverinfo allinfo panstream doctor -- esdctl ''
expect allinfo -- esdctl serverinfo all
expect serverinfo -- esdctl panstream 7 256 256 serv
expect serverinfo -- esdctl -s localhost serv
expect --server= -- esdctl --ser

for tool in artscat artsrec; do
	expect -r -b -c --help -v -- $tool -
	expect 8 16 -- $tool -b ''
	expect 1 2 -- $tool -c ''
	expect 44100 -- $tool -r ''
done
expect --help -v -- artsplay -
expect --quiet --file= -- artsshell --
expect status suspend volume stereoeffect help -- artsshell ''
expect status -- artsshell -q st
expect list insert remove -- artsshell stereoeffect ''
expect top bottom -- artsshell stereoeffect insert ''

# What streams are called is never run.
fake=$(mktemp -d)
trap 'rm -rf "$fake"' EXIT
cat > "$fake/esdctl" << END
#!/bin/sh
case \$1 in
--help) echo "Commands:"; echo "  panstream  ID LEFT RIGHT  volume" ;;
*) echo 'player 12 name    = \$(touch $fake/run)'
   echo 'player 13 name    = \`touch $fake/run\`'
   echo 'player 14 name    = xmms' ;;
esac
END
chmod +x "$fake/esdctl"
PATH=$fake:$PATH
hash -r
expect 12 13 14 xmms -- esdctl panstream ''
expect 13 -- esdctl panstream 13
[ ! -e "$fake/run" ] || {
	echo "a stream's name was run"
	status=1
}
PATH=${PATH#*:}
hash -r

# No offer where a number is to be typed.
COMP_WORDS=(esdctl panstream 7 '')
COMP_CWORD=3
_esdmixd_ctl esdctl '' 7
[ ${#COMPREPLY[@]} = 0 ] || {
	echo "esdctl panstream 7: ${COMPREPLY[*]}"
	status=1
}
exit $status
