/*
 * banned.h - functions that fail the compile; the build includes it before everything else.
 */
#ifndef WF_BANNED_H
#define WF_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi

#endif
