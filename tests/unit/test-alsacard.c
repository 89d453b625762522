/* alsacard.c, by a configuration of the test's own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/device/alsacard.h"

static const char configuration[] =
    "pcm.direct { type hw card 3 }\n"
    "pcm.args { @args [ CARD ] @args.CARD { type integer default 2 }\n"
    "	type hw card $CARD }\n"
    "pcm.converted { type plug slave.pcm direct }\n"
    "pcm.converted_inline { type plug slave { pcm { type hw card 4 } } }\n"
    "pcm_slave.shared { pcm direct rate 48000 }\n"
    "pcm.by_slave { type rate slave shared }\n"
    "pcm.mixed { type dmix ipc_key 1 slave { pcm converted } }\n"
    "pcm.both { type asym capture.pcm { type hw card 9 }\n"
    "	playback.pcm mixed }\n"
    "pcm.only_capture { type asym capture.pcm { type hw card 9 } }\n"
    "pcm.other_server { type pulse }\n"
    "pcm.circle { type plug slave.pcm circle2 }\n"
    "pcm.circle2 { type plug slave.pcm circle }\n"
    "pcm.no_card { type hw card nowhere }\n"
    "pcm.negative { type hw card -1 }\n";

static char path[] = "/tmp/esdmixd-alsacard-XXXXXX";

static void
begin(void)
{
	int fd = mkstemp(path);
	ssize_t length = (ssize_t)sizeof(configuration) - 1;

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, configuration, (size_t)length), length);
	(void)close(fd);
	(void)setenv("ALSA_CONFIG_PATH", path, 1);
}

static void
end(void)
{
	(void)unlink(path);
}

TestSuite(alsacard, .init = begin, .fini = end);

static void
is_card(const char *name, int card)
{
	cr_assert_eq(alsacard_find(name), card, "%s: %d", name,
	    alsacard_find(name));
}

Test(alsacard, names_that_lead_to_a_card)
{
	is_card("direct", 3);
	is_card("args", 2);
	is_card("args:5", 5);
	is_card("args:CARD=6", 6);
	is_card("converted", 3);
	is_card("converted_inline", 4);
	is_card("by_slave", 3);
	is_card("mixed", 3);
	is_card("both", 3);
}

Test(alsacard, names_that_lead_to_none)
{
	is_card("only_capture", -ENODEV);
	is_card("other_server", -ENODEV);
	is_card("circle", -ENODEV);
	is_card("no_card", -ENODEV);
	is_card("negative", -ENODEV);
	is_card("nothing", -ENODEV);
	is_card("", -ENODEV);
}
