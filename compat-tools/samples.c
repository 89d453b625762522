/* esdctl's commands on cached sounds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat-tools/control.h"
#include "compat-tools/sample.h"
#include "compat-tools/soundfile.h"

int
control_cache(struct control *control, char **operands)
{
	char name[ESD_NAME_MAX];
	char why[SOUNDFILE_WHY_MAX];
	struct sample sample = { .name = name };
	struct soundfile_info info;
	uint8_t *data = NULL;
	int32_t id = -1;
	int error;

	(void)snprintf(name, sizeof(name), "esdctl:%s", operands[0]);
	if (soundfile_load(operands[0], &info, &data, why) != 0) {
		tool_say("%s", why);
		(void)printf("Sample <-1> uploaded. Name = %s\n", name);
		return EXIT_SUCCESS; /* both as scripts know it */
	}
	sample.format = info.format;
	sample.rate = info.rate;
	sample.data = data;
	sample.bytes = (size_t)info.frames * info.frame_bytes;
	error = sample_upload(&control->client, &sample, &id);
	free(data);
	if (error == 0) {
		(void)printf("Sample <%d> uploaded. Name = %s\n", id, name);
	}
	return error;
}

static int
find(struct control *control, const char *name, int32_t *id)
{
	int error = sample_find(&control->client, name, id);

	if (error != -ENOENT) {
		return error;
	}
	*id = -1;
	return 0;
}

int
control_getid(struct control *control, char **operands)
{
	int32_t id;
	int error = find(control, operands[0], &id);

	if (error == 0) {
		(void)printf("%d\n", id);
	}
	return error;
}

/* Asks even where there is no such sample, and prints the answer, as ever. */
static int
request(struct control *control, enum esd_opcode opcode, const char *name)
{
	struct esd_id asked, answer = { 0 };
	int error = find(control, name, &asked.id);

	if (error == 0) {
		error = client_call(&control->client, opcode, &asked,
		    (struct client_reply[]){ { .record = &answer } });
	}
	if (error == 0) {
		(void)printf("%d\n", answer.id);
	}
	return error;
}

int
control_free(struct control *control, char **operands)
{
	return request(control, ESD_SAMPLE_FREE, operands[0]);
}

int
control_play(struct control *control, char **operands)
{
	return request(control, ESD_SAMPLE_PLAY, operands[0]);
}

int
control_loop(struct control *control, char **operands)
{
	return request(control, ESD_SAMPLE_LOOP, operands[0]);
}

int
control_stop(struct control *control, char **operands)
{
	return request(control, ESD_SAMPLE_STOP, operands[0]);
}

int
control_pansample(struct control *control, char **operands)
{
	struct esd_pan pan;
	struct esd_ok found = { 0 };
	int error;

	if (tool_number(operands[0], 1, INT32_MAX, &pan.id) != 0 ||
	    tool_number(operands[1], 0, INT32_MAX, &pan.left) != 0 ||
	    tool_number(operands[2], 0, INT32_MAX, &pan.right) != 0) {
		tool_say("pansample: %s %s %s are no id and volumes; %d is "
			 "unity, 0 silence",
		    operands[0], operands[1], operands[2], ESD_VOLUME_BASE);
		return EXIT_BAD_COMMAND;
	}
	error = client_call(&control->client, ESD_SAMPLE_PAN, &pan,
	    (struct client_reply[]){ { .record = &found } });
	if (error == 0 && found.ok == 0) {
		tool_say("pansample: there is no sample %d; allinfo lists them",
		    pan.id);
	}
	return error;
}
