/*
 * story_check.h - what must hold after every command of a story.
 */
#ifndef STORY_CHECK_H
#define STORY_CHECK_H

/* Forgets what was seen. */
void check_begin(void);

/* Looks at the instances before a command, and compares afterwards. */
void check_before(void);
void check_after(void);

/* A command that was rejected, or put off with a question, has changed nothing. */
void check_undone(void);

/* How many instances were begun. */
int check_instances(void);

#endif
