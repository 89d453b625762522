#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>

#include "compat-tools/dsp/door.h"
#include "compat-tools/dsp/node.h"

static void
expect(const char *path, const char *only, int device)
{
	cr_assert_eq(node_find(path, only), device, "%s of %s: %d, not %d",
	    path == NULL ? "NULL" : path, only == NULL ? "all" : only,
	    node_find(path, only), device);
}

Test(node, names)
{
	expect("/dev/dsp", NULL, DOOR_DSP);
	expect("/dev/dsp0", NULL, DOOR_DSP);
	expect("/dev/dsp15", NULL, DOOR_DSP);
	expect("/dev/adsp", NULL, DOOR_DSP);
	expect("/dev/adsp1", NULL, DOOR_DSP);
	expect("/dev/dspW", NULL, DOOR_DSPW);
	expect("/dev/dspW3", NULL, DOOR_DSPW);
	expect("/dev/audio", NULL, DOOR_AUDIO);
	expect("/dev/audio7", NULL, DOOR_AUDIO);
	expect("/dev/mixer", NULL, DOOR_MIXER);
	expect("/dev/mixer2", NULL, DOOR_MIXER);
	expect("/dev/sound/dsp", NULL, DOOR_DSP);
	expect("/dev/sound/dsp0", NULL, DOOR_DSP);
	expect("/dev/sound/dspW", NULL, DOOR_DSPW);
	expect("/dev/sound/adsp", NULL, DOOR_DSP);
	expect("/dev/sound/audio", NULL, DOOR_AUDIO);
	expect("/dev/sound/mixer", NULL, DOOR_MIXER);
}

Test(node, others)
{
	static const char *const others[] = { "", "/", "/dev", "/dev/",
		"/dev/ds", "/dev/dspx", "/dev/dsp/", "/dev/dsp 1", "/dev/dsp-1",
		"/dev/dsp100", "/dev/dspW100", "/dev/sound", "/dev/sound/",
		"/dev/mixers", "dsp", "dev/dsp", "/dev//dsp", "/dev/sequencer",
		"/tmp/dev/dsp", "/dev/dsp\xff" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		expect(others[i], NULL, -1);
		expect(others[i], others[i], -1);
	}
	expect(NULL, NULL, -1);
}

Test(node, restricted)
{
	expect("/dev/dsp", "", DOOR_DSP);
	expect("/dev/dsp", "dsp", DOOR_DSP);
	expect("/dev/dsp", "/dev/dsp", DOOR_DSP);
	expect("/dev/dsp", "mixer,/dev/dsp", DOOR_DSP);
	expect("/dev/dsp", "dsp,mixer", DOOR_DSP);
	expect("/dev/mixer", "dsp,mixer", DOOR_MIXER);
	expect("/dev/sound/dsp", "/dev/sound/dsp,", DOOR_DSP);
	expect("/dev/dsp", "dsp1", -1);
	expect("/dev/dsp1", "dsp", -1);
	expect("/dev/dsp", "ds", -1);
	expect("/dev/dsp", "dspW", -1);
	expect("/dev/dsp", "sound/dsp", -1);
	expect("/dev/dsp", ",", -1);
	expect("/dev/dsp", ",,dsp", DOOR_DSP);
	expect("/dev/dsp", "/dev", -1);
	expect("/dev/dsp", "/dev/", -1);
	expect("/dev/dsp", "/dev/,dsp", DOOR_DSP);
}

Test(node, ways_to_open)
{
	cr_assert_eq(node_access(O_RDONLY | O_CLOEXEC), DOOR_READ);
	cr_assert_eq(node_access(O_WRONLY | O_CREAT | O_TRUNC), DOOR_WRITE);
	cr_assert_eq(node_access(O_RDWR | O_NONBLOCK), DOOR_READ | DOOR_WRITE);
	cr_assert_eq(node_access(O_ACCMODE), DOOR_READ | DOOR_WRITE);
	cr_assert_eq(node_access(O_RDONLY | O_DIRECTORY), -ENOTDIR);
	cr_assert_eq(node_access(O_RDWR | O_TMPFILE), -ENOTDIR);
	cr_assert_eq(node_access(O_WRONLY | O_CREAT | O_EXCL), -EEXIST);
}
