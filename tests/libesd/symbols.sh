#!/bin/sh
# libesd.so.0 exports every documented symbol and nothing else, of the sizes
# that old programs copied, asks for no library but the C library, and has its
# old name.
#
#   symbols.sh [LIBRARY]    else LIBESD, else what was built

build=${ESDMIXD_BUILDDIR:-.}
[ $# -gt 0 ] || set -- ${LIBESD:+"$LIBESD"}
[ $# -gt 0 ] || set -- "$build/.libs/libesd.so.0" "$build/lib32/libesd.so.0"
sources=${ESDMIXD_SRCDIR:-.}
documented=$(sed -n '/^SYMBOLS$/,/^END$/p' "$0" | grep '^es\|^have')
status=0
checked=0

# breach TEXT: what is wrong with the library
breach()
{
	echo "$library: $1"
	status=1
}

check_names()
{
	exported=$(nm -D --defined-only "$library" | awk '{ print $3 }')
	for name in $documented; do
		echo "$exported" | grep -qx "$name" || breach "lacks $name"
	done
	for name in $exported; do
		echo "$documented" | grep -qx "$name" ||
			breach "exports $name, which nobody documented"
	done
}

# check_size NAME BYTES: a data symbol, of that size
check_size()
{
	found=$(nm -D -S --defined-only "$library" |
	    awk -v name="$1" '$4 == name { print $3, $2 }')
	case $found in
	[BD]\ *) ;;
	*)
		breach "$1 is no variable: $found"
		return
		;;
	esac
	[ $((0x${found#* })) -eq "$2" ] ||
		breach "$1 has 0x${found#* } bytes, not $2"
}

check_library()
{
	check_names
	pointer=8
	readelf -h "$library" | grep -q 'Class: *ELF32' && pointer=4
	check_size esd_audio_format 4
	check_size esd_audio_rate 4
	check_size esd_audio_device $pointer
	check_size esd_no_spawn 4
	check_size esd_spawn_wait_ms 4
	check_size esd_spawn_options 1024
	check_size esd_default_options 1024
	readelf -d "$library" | grep -q 'SONAME.*\[libesd\.so\.0\]' ||
		breach "is not called libesd.so.0"
	needed=$(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
	    grep -v '^libc\.so\|^ld-linux\|^lib[a-z]*san\.')
	[ -z "$needed" ] || breach "needs $needed"
	readelf -V "$library" | grep -q '^Version definition' &&
		breach "has versions of its own"
}

diff "$sources/compat-tools/libesd/libesd.sym" - <<-END || status=1
	$documented
END
for library; do
	[ -e "$library" ] || continue
	check_library
	checked=$((checked + 1))
done
[ $checked -gt 0 ] || { echo "no library at $*"; status=1; }
exit $status

# libesd-0.2.41's, but print_state and initAlsa, which were its ALSA code's own.
SYMBOLS
esd_audio_close
esd_audio_device
esd_audio_devices
esd_audio_flush
esd_audio_format
esd_audio_open
esd_audio_pause
esd_audio_rate
esd_audio_read
esd_audio_write
esd_close
esd_config_read
esd_confirm_sample_cache
esd_default_options
esd_file_cache
esd_filter_stream
esd_free_all_info
esd_free_server_info
esd_get_all_info
esd_get_latency
esd_get_server_info
esd_get_socket_dirname
esd_get_socket_name
esd_get_standby_mode
esd_lock
esd_monitor_stream
esd_no_spawn
esd_open_sound
esd_play_file
esd_play_stream
esd_play_stream_fallback
esd_print_all_info
esd_print_player_info
esd_print_sample_info
esd_print_server_info
esd_record_stream
esd_record_stream_fallback
esd_resume
esd_sample_cache
esd_sample_free
esd_sample_getid
esd_sample_kill
esd_sample_loop
esd_sample_play
esd_sample_stop
esd_send_auth
esd_send_file
esd_set_default_sample_pan
esd_set_socket_buffers
esd_set_stream_pan
esd_spawn_options
esd_spawn_wait_ms
esd_standby
esd_subscribe_all_info
esd_unlock
esd_unsubscribe_info
esd_update_info
esound_genrand
esound_getblksize
have_ipv6
END
