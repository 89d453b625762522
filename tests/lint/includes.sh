#!/bin/sh
# Includes point one way, every library has one door, and no file is longer
# than a reader takes in.  Prints each breach as file:line and fails.

# Words of the tables below are patterns, split at blanks.
# shellcheck disable=SC2086,SC2254

cd "${ESDMIXD_SRCDIR:-.}" || exit 99

LINES_MAX=800

# Who may include what of ours: the first row whose pattern matches the file
# decides; its words are patterns of what may be included.  A file may always
# include the header of its own name.
ours='
protocols/*            protocols/*
server/engine/*        server/engine/*
server/device/*        server/device/* server/engine/* config.h
server/ring.*
server/cookie.*
server/holder.*
server/dbus.*
server/gate.*          server/device/device.h server/holder.h server/reserve.h
server/reserve_none.*  server/reserve.h
server/clock.*
server/rivals.*        server/clock.h server/dbus.h
server/reserve.*       server/clock.h server/rivals.h server/thread.h
server/busy.*          server/holder.h server/device/device.h
server/log.*
server/listener.*      server/access.h
server/access.*
server/manager.*       server/tcp.h
server/system.*        protocols/esd.h server/access.h server/conf.h
server/volume.*
server/event.*         server/device/device.h
server/moment.*
server/status.*        protocols/* server/event.h
server/client.h
server/outbox.*
server/service.*       protocols/* server/client.h server/clips.h server/memory.h server/mixer.h server/stream.h server/status.h server/volume.h
server/md5.*
server/children.*      server/log.h
server/rendezvous.*    protocols/mcop.h server/listener.h server/log.h
server/artsclient.*    protocols/mcop.h server/client.h server/outbox.h server/arts.h server/artsstream.h server/errand.h server/log.h server/md5.h
server/errand.*        server/artsclient.h server/artsstream.h
server/artsstream.*    server/artsclient.h server/arts.h server/errand.h server/log.h server/recorder.h
server/artsattach.*    server/artsclient.h server/arts.h server/artsstream.h server/errand.h
server/artsname.*      server/log.h
server/artsserver.*    server/arts.h server/children.h server/conf.h server/loop.h server/rendezvous.h server/tcp.h server/log.h
server/arts.*          protocols/mcop.def server/artsclient.h server/artsattach.h server/artsstream.h server/rest.h server/service.h server/log.h
server/extension.*     protocols/* server/esd.h
server/devices.*       server/device/device.h
server/sound.*         protocols/* server/engine/kernel.h
server/clips.*         server/sound.h server/volume.h
server/tap.*
server/thread.*
server/recorder.*      server/tap.h server/sound.h server/engine/*
server/insert.*        server/recorder.h server/ring.h server/sound.h server/tap.h server/engine/*
server/master.*        server/stream.h server/engine/*
server/rates.*         server/engine/*
server/rest.*
server/sink.*          server/device/device.h server/engine/format.h
server/opener.*        server/gate.h server/sink.h server/ring.h server/thread.h
server/input.*         server/gate.h server/opener.h server/event.h server/tap.h server/engine/*
server/stream.*        server/clips.h server/sound.h server/volume.h server/engine/* server/ring.h
server/output.*        server/gate.h server/opener.h server/device/* server/devices.h server/engine/* server/event.h
server/mixer.*         server/clock.h server/gate.h server/thread.h server/insert.h server/master.h server/moment.h server/input.h server/rates.h server/rest.h server/tap.h server/stream.h server/ring.h server/devices.h server/device/* server/engine/* server/event.h server/output.h
server/session.*       protocols/* server/client.h server/insert.h server/outbox.h server/recorder.h server/stream.h server/cookie.h server/log.h
server/memory.*        protocols/* server/volume.h server/log.h
server/esd.*           protocols/* server/service.h server/extension.h server/insert.h server/recorder.h server/session.h server/log.h
server/tcp.*
server/sockets.*       protocols/esd.h server/access.h server/conf.h server/listener.h server/manager.h server/tcp.h server/log.h
server/esdname.*       server/log.h
server/loop.*          server/access.h server/client.h server/peer.h server/tcp.h server/listener.h server/log.h
server/conf.*          server/volume.h server/devices.h server/device/device.h server/engine/* server/log.h server/conf.def
server/main.c          server/* protocols/* config.h
compat-tools/protodoc.c compat-tools/* protocols/*
compat-tools/*         compat-tools/* protocols/* server/cookie.h server/holder.h server/md5.h server/volume.h config.h
server/help.*          server/conf.def
server/peer.*          server/access.h server/client.h
man/*                  server/help.h
etc/*
tests/*                *
'

# Which files may open a library's door.
doors='
dbus/*       server/dbus.[ch] server/rivals.c tests/*
uv.h         server/loop.c server/loop.h
curses.h     compat-tools/top/screen.c
termcap.h    compat-tools/top/screen.c
alsa/*       server/device/alsa*.c server/device/alsa*.h tests/card/* tests/alsa/* compat-tools/alsa-plugin/*
sndfile.h    compat-tools/soundfile.c compat-tools/soundfile.h compat-tools/libesd/sndfile_door.c
pthread.h    server/thread.[ch] server/reserve.c server/mixer.c compat-tools/libesd/*.c compat-tools/libartsc/*.c compat-tools/dsp/ask.c compat-tools/alsa-plugin/pcm.[ch] tests/*
stdatomic.h  server/gate.[ch] server/moment.[ch] server/rest.[ch] server/ring.[ch] server/tap.[ch] server/stream.[ch] server/insert.[ch] server/master.[ch] server/mixer.[ch] server/opener.c tests/*
criterion/*  tests/*
'

# matches WORD PATTERN...: one of them fits
matches()
{
	word=$1
	shift
	for pattern; do
		case $word in
		$pattern) return 0 ;;
		esac
	done
	return 1
}

# row TABLE WORD: the rest of the first row whose pattern fits
row()
{
	printf '%s\n' "$1" | while read -r pattern rest; do
		[ -n "$pattern" ] || continue
		if matches "$2" "$pattern"; then
			printf '%s\n' "${rest:- }"
			break
		fi
	done
}

breach()
{
	printf '%s\n' "$1"
	status=1
}

check_file()
{
	file=$1
	lines=$(wc -l < "$file")
	[ "$lines" -le $LINES_MAX ] ||
		breach "$file: $lines lines, more than $LINES_MAX"
	allowed=$(row "$ours" "$file")
	[ -n "$allowed" ] ||
		breach "$file: in no row of tests/lint/includes.sh"

	includes=$(sed -n 's/^[ \t]*#[ \t]*include[ \t]*\([<"]\)\([^>"]*\)[>"].*/\1 \2/p' "$file")
	while read -r kind header; do
		case $kind in
		'"')
			[ "$header" = "${file%.*}.h" ] ||
				[ "$header" = "${file%.*}.def" ] ||
				matches "$header" $allowed ||
				breach "$(where "$header"): not allowed here"
			;;
		'<')
			door=$(row "$doors" "$header")
			[ -z "$door" ] || matches "$file" $door ||
				breach "$(where "$header"): its door is $door"
			;;
		esac
	done <<-END
	$includes
	END
}

where()
{
	line=$(grep -nF "include" "$file" | grep -F "$1" | head -n 1)
	printf '%s:%s includes %s' "$file" "${line%%:*}" "$1"
}

status=0
set -f
for file in $(find protocols server compat-tools man etc tests \
    -name '*.[ch]' -o -name '*.def' | sort); do
	check_file "$file"
done
[ -n "${file:-}" ] || breach "no source file found"
exit $status
