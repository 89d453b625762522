/* Which sound card an ALSA name stands for, as its configuration tells. */
#ifndef ALSACARD_H
#define ALSACARD_H

/*
 * The number of the card that the name plays on: of "hw:1", "plughw:PCH,0",
 * "front:CARD=PCH", or "default" where that leads to a card.  Nothing is
 * opened.  -ENODEV: it leads to none, as another server's plugin does.
 * Thread: any but audio.
 */
int alsacard_find(const char *name);

#endif
