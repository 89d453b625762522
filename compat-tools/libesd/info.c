#include "compat-tools/libesd/libesd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 65536 /* of both lists; more is no server of ours */

struct collection {
	esd_info_t *info;
	unsigned records;
};

_Static_assert(sizeof(((struct esd_player *)0)->name) == ESD_NAME_MAX &&
		   sizeof(((struct esd_cached *)0)->name) == ESD_NAME_MAX,
    "names are copied whole; decoded ones end with a NUL");

/* --- asking --------------------------------------------------------------- */

/* The wire has rate before format, the structure after it. */
static void
set_server(esd_server_info_t *info, const struct esd_server *server)
{
	info->version = server->version;
	info->format = server->format;
	info->rate = server->rate;
}

esd_server_info_t *
esd_get_server_info(int esd)
{
	struct esd_version version = { 0 };
	struct esd_server server = { 0 };
	esd_server_info_t *info;

	if (libesd_call(esd, ESD_SERVER_INFO, LIBESD_LIST_MS, &version,
		(struct client_reply[]){ { .record = &server } }) != 0) {
		return NULL;
	}
	info = malloc(sizeof(*info));
	if (info != NULL) {
		set_server(info, &server);
	}
	return info;
}

/* Lists come newest first and are built from the front: oldest first. */
static int
add_player(void *arg, const void *record)
{
	struct collection *collection = arg;
	const struct esd_player *from = record;
	esd_player_info_t *player;

	if (collection->records++ >= RECORDS_MAX) {
		return -E2BIG;
	}
	player = malloc(sizeof(*player));
	if (player == NULL) {
		return -ENOMEM;
	}
	player->next = collection->info->player_list;
	player->server = collection->info->server;
	player->source_id = from->id;
	memcpy(player->name, from->name, sizeof(player->name));
	player->rate = from->rate;
	player->left_vol_scale = from->left;
	player->right_vol_scale = from->right;
	player->format = from->format;
	collection->info->player_list = player;
	return 0;
}

static int
add_sample(void *arg, const void *record)
{
	struct collection *collection = arg;
	const struct esd_cached *from = record;
	esd_sample_info_t *sample;

	if (collection->records++ >= RECORDS_MAX) {
		return -E2BIG;
	}
	sample = malloc(sizeof(*sample));
	if (sample == NULL) {
		return -ENOMEM;
	}
	sample->next = collection->info->sample_list;
	sample->server = collection->info->server;
	sample->sample_id = from->id;
	memcpy(sample->name, from->name, sizeof(sample->name));
	sample->rate = from->rate;
	sample->left_vol_scale = from->left;
	sample->right_vol_scale = from->right;
	sample->format = from->format;
	sample->length = from->length;
	collection->info->sample_list = sample;
	return 0;
}

esd_info_t *
esd_get_all_info(int esd)
{
	struct esd_version version = { 0 };
	struct esd_server server = { 0 };
	struct collection collection = { calloc(1, sizeof(esd_info_t)), 0 };
	esd_info_t *info = collection.info;

	if (info == NULL) {
		return NULL;
	}
	info->server = calloc(1, sizeof(*info->server));
	if (info->server == NULL ||
	    libesd_call(esd, ESD_ALL_INFO, LIBESD_LIST_MS, &version,
		(struct client_reply[]){
		    { .record = &server },
		    { .each = add_player, .arg = &collection },
		    { .each = add_sample, .arg = &collection },
		}) != 0) {
		esd_free_all_info(info);
		return NULL;
	}
	set_server(info->server, &server);
	return info;
}

void
esd_free_server_info(esd_server_info_t *server_info)
{
	free(server_info);
}

void
esd_free_all_info(esd_info_t *all_info)
{
	if (all_info == NULL) {
		return;
	}
	while (all_info->player_list != NULL) {
		esd_player_info_t *player = all_info->player_list;

		all_info->player_list = player->next;
		free(player);
	}
	while (all_info->sample_list != NULL) {
		esd_sample_info_t *sample = all_info->sample_list;

		all_info->sample_list = sample->next;
		free(sample);
	}
	free(all_info->server);
	free(all_info);
}

/* --- telling -------------------------------------------------------------- */

void
esd_print_server_info(esd_server_info_t *server_info)
{
	if (server_info == NULL) {
		return;
	}
	(void)printf("server version = %d\n"
		     "server format  = 0x%08x\n"
		     "server rate    = %d\n",
	    server_info->version, (unsigned)server_info->format,
	    server_info->rate);
}

void
esd_print_player_info(esd_player_info_t *player_info)
{
	const esd_player_info_t *player = player_info;

	if (player == NULL) {
		return;
	}
	(void)printf("player %d name    = %s\n"
		     "player %d format  = 0x%08x\n"
		     "player %d rate    = %d\n"
		     "player %d left    = %d\n"
		     "player %d right   = %d\n",
	    player->source_id, player->name, player->source_id,
	    (unsigned)player->format, player->source_id, player->rate,
	    player->source_id, player->left_vol_scale, player->source_id,
	    player->right_vol_scale);
}

void
esd_print_sample_info(esd_sample_info_t *sample_info)
{
	const esd_sample_info_t *sample = sample_info;

	if (sample == NULL) {
		return;
	}
	(void)printf("sample %d name    = %s\n"
		     "sample %d format  = 0x%08x\n"
		     "sample %d rate    = %d\n"
		     "sample %d left    = %d\n"
		     "sample %d right   = %d\n"
		     "sample %d length  = %d\n",
	    sample->sample_id, sample->name, sample->sample_id,
	    (unsigned)sample->format, sample->sample_id, sample->rate,
	    sample->sample_id, sample->left_vol_scale, sample->sample_id,
	    sample->right_vol_scale, sample->sample_id, sample->length);
}

void
esd_print_all_info(esd_info_t *all_info)
{
	if (all_info == NULL) {
		return;
	}
	esd_print_server_info(all_info->server);
	for (esd_player_info_t *one = all_info->player_list; one != NULL;
	     one = one->next) {
		esd_print_player_info(one);
	}
	for (esd_sample_info_t *one = all_info->sample_list; one != NULL;
	     one = one->next) {
		esd_print_sample_info(one);
	}
}

/* --- never implemented ---------------------------------------------------- */

esd_info_t *
esd_subscribe_all_info(int esd)
{
	(void)fprintf(stderr,
	    "esd_subscribe_all_info: there is no such request\n");
	return NULL;
}

esd_info_t *
esd_update_info(int esd, esd_info_t *info,
    esd_update_info_callbacks_t *callbacks)
{
	return NULL;
}

esd_info_t *
esd_unsubscribe_info(int esd)
{
	return NULL;
}
