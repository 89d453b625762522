#!/bin/sh
# mandoc finds nothing to complain about, and every page is there.
command -v mandoc > /dev/null || exit 77
status=0
for page in esdmixd.1 esdmixd.conf.5 esdcat.1 esdctl.1 esdplay.1 esdrec.1 \
    esdmon.1 esdfilt.1 esdsample.1 esdloop.1 artsd.1 esd.1 esd-config.1 \
    artscat.1 artsplay.1 artsrec.1 artsshell.1 artsc-config.1 \
    esddsp.1 artsdsp.1 esdtop.1 libasound_module_pcm_esd.5 \
    libasound_module_ctl_esd.5; do
	file=${ESDMIXD_BUILDDIR:-.}/man/$page
	[ -f "$file" ] || file=${ESDMIXD_SRCDIR:-.}/man/$page
	mandoc -T lint -W warning "$file" || status=1
	[ "$(mandoc "$file" | wc -l)" -gt 20 ] || {
		echo "$page: nearly empty"
		status=1
	}
done
exit $status
