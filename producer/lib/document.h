/*
 * document.h - a JSON text that is parsed when somebody asks for a member.
 */
#ifndef WF_LIB_DOCUMENT_H
#define WF_LIB_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

struct cJSON;

struct wf_document {
    char *text; /* NULL: none */
    struct cJSON *root;
};

/* Copies the text into an empty struct. */
void wf_document_set(struct wf_document *document, const void *text, size_t length);

void wf_document_drop(struct wf_document *document);

/* Members by their path, "faults.0.message". */
const char *wf_document_text(struct wf_document *document, const char *path);
int64_t wf_document_number(struct wf_document *document, const char *path, int64_t otherwise);

#endif
