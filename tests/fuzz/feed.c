/*
 * Feeds files to a fuzz target without a fuzzer: each of them whole, and cut
 * off after every byte.  So the targets and their corpus never rot.
 *
 *   feed DIRECTORY
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 65536 /* bytes */

static size_t
read_file(const char *path, uint8_t *data)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	size = fread(data, 1, INPUT_MAX, file);
	(void)fclose(file);
	return size;
}

/* From a block of exactly that size, so that a sanitizer sees an overrun. */
static void
feed_cut(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	MUST(copy != NULL);
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static unsigned
feed_directory(const char *path)
{
	static uint8_t data[INPUT_MAX];
	DIR *directory = opendir(path);
	unsigned files = 0;

	if (directory == NULL) {
		perror(path);
		exit(1);
	}
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char name[PATH_MAX];
		size_t size;

		if (entry->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(name, sizeof(name), "%s/%s", path,
		    entry->d_name);
		size = read_file(name, data);
		for (size_t cut = 0; cut <= size; cut++) {
			feed_cut(data, cut);
		}
		files++;
	}
	(void)closedir(directory);
	return files;
}

int
main(int argc, char **argv)
{
	unsigned files;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 1;
	}
	files = feed_directory(argv[1]);
	(void)printf("%s: %u files, each whole and cut everywhere\n", argv[1],
	    files);
	return files > 0 ? 0 : 1;
}
