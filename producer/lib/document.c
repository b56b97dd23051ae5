#include "document.h"

#include <cjson/cJSON.h>

#include "memory.h"

void
wf_document_set(struct wf_document *document, const void *text, size_t length)
{
    document->text = wf_copy_n(text, length);
}

void
wf_document_drop(struct wf_document *document)
{
    free(document->text);
    cJSON_Delete(document->root);
    *document = (struct wf_document){0};
}

static const cJSON *
step(const cJSON *item, const char *name, size_t length)
{
    if (cJSON_IsArray(item)) {
        char *end;
        long index = strtol(name, &end, 10);
        return end == name + length && index >= 0 && index < cJSON_GetArraySize(item)
                   ? cJSON_GetArrayItem(item, (int)index) : NULL;
    }
    for (item = item->child; item; item = item->next)
        if (item->string && strncmp(item->string, name, length) == 0 && !item->string[length])
            return item;
    return NULL;
}

static const cJSON *
find(struct wf_document *document, const char *path)
{
    if (!document->root && document->text)
        document->root = cJSON_Parse(document->text);

    const cJSON *item = document->root;
    while (item && *path) {
        size_t length = strcspn(path, ".");
        item = step(item, path, length);
        path += length + (path[length] == '.');
    }
    return item;
}

const char *
wf_document_text(struct wf_document *document, const char *path)
{
    const cJSON *item = find(document, path);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

int64_t
wf_document_number(struct wf_document *document, const char *path, int64_t otherwise)
{
    const cJSON *item = find(document, path);

    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : otherwise;
}
