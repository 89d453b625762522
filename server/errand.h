/*
 * A sequence of calls to objects of a client, which answers each when it likes;
 * at the end, the client's own request that it began with is answered.
 * Thread: control.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include "server/artsclient.h"

#define REMOTE_METHODS_MAX 16

/* An object of the client's, and the numbers of its methods known so far. */
struct remote {
	bool is_there;
	uint32_t object;
	unsigned count;
	struct {
		enum mcop_row row;
		int32_t number; /* -1: it has no such method */
	} methods[REMOTE_METHODS_MAX];
};

/* The number of a method that has been looked up; -1: unknown, or none. */
int32_t remote_number(const struct remote *remote, enum mcop_row row);

enum errand_kind {
	ERRAND_CALL,   /* looks the method up if need be, and calls it */
	ERRAND_LOOK,   /* looks it up only */
	ERRAND_DO,     /* `put` alone, with nothing to write to */
	ERRAND_ANSWER, /* the client's request; `put` writes the result */
};

/* Whose method: the object the request is about, or one found on the way. */
enum errand_target { ERRAND_SUBJECT, ERRAND_FLOW, ERRAND_PEER };

struct errand_step {
	enum errand_kind kind;
	enum errand_target target;
	enum mcop_row row;
	/* Arguments; NULL: none. */
	void (*put)(struct errand *errand, struct mcop_writer *out);
	/* The result, or what an empty one reads as; NULL: none. */
	void (*take)(struct errand *errand, struct mcop_reader *in);
	/* Whether to do it; NULL: always.  What has no target is left out. */
	bool (*when)(const struct errand *errand);
};

struct errand {
	struct artsclient *client;
	struct artsstream *stream; /* NULL: of none */
	const struct errand_step *step;
	struct remote subject, flow;
	uint32_t answers; /* the client's request */
	uint32_t request; /* ours that is out */
	bool looking;	  /* for a method's number */
	LIST_ENTRY(errand) in_client;
};

/*
 * Begins; `steps` ends with ERRAND_ANSWER.
 *   subject  of the client's own objects
 * Returns ARTS_LATER, or ARTS_REFUSED: the client wants too much at once.
 */
enum arts_verdict errand_begin(struct artsclient *client,
    const struct errand_step *steps, struct artsstream *stream,
    uint32_t subject, uint32_t answers);

/* The answer to one of our calls; false: to none. */
bool errand_returned(struct artsclient *client, uint32_t request,
    struct mcop_reader *in);

/* The client has gone. */
void errand_drop_all(struct artsclient *client);

#endif
