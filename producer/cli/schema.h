/*
 * schema.h - the files of sql/, in the order in which `pawl db migrate` runs them; written by
 * embed.cmake at build time.
 */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include <stddef.h>

struct cli_schema_file {
    const char *name; /* "steps/001-tables.sql" */
    int step;         /* 1, for a step; 0: run each time */
    const char *text;
};

extern const struct cli_schema_file cli_schema[];
extern const size_t cli_schema_count;

#endif
