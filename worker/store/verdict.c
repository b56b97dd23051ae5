#include "store/pipeline.h"

static const char *const names[] = {
#define X(name, text) [WF_VERDICT_##name] = text,
    WF_VERDICT_MAP(X)
#undef X
};

/*
 * What SQLSTATEs mean, by their beginning; the first that fits counts (EOS-22, EOS-23).  What is
 * not listed is UNKNOWN: it can neither stop a partition for ever nor dead-letter a whole topic.
 */
static const struct {
    const char *begin;
    enum wf_verdict verdict;
} sqlstates[] = {
    {"40003", WF_VERDICT_RECONNECT}, /* whether it was committed is not known */
    {"40", WF_VERDICT_RETRY},        /* deadlock, serialization, our own "somebody was faster" */
    {"55P03", WF_VERDICT_RETRY},     /* lock timeout */
    {"57014", WF_VERDICT_SLOW},      /* the statement's time was over, or somebody cancelled it */
    {"08", WF_VERDICT_RECONNECT},
    {"53200", WF_VERDICT_RECONNECT}, /* no memory: what it is wanted for may be why */
    {"53400", WF_VERDICT_CUT},       /* more than a limit of the server's lets a statement have */
    {"53", WF_VERDICT_FULL},         /* no disk, too many connections */
    {"58", WF_VERDICT_FULL},         /* a disk that cannot be read or written */
    {"57", WF_VERDICT_RECONNECT},    /* shutdown, crash, this backend was terminated */
    {"25006", WF_VERDICT_RECONNECT}, /* a standby: another server is the primary now */
    {"0A000", WF_VERDICT_RECONNECT}, /* a prepared statement's result changed: prepare anew */
    {"26000", WF_VERDICT_RECONNECT}, /* a pooler lost the prepared statements */
    {"21", WF_VERDICT_CUT},
    {"22", WF_VERDICT_CUT},
    {"23", WF_VERDICT_CUT},
    {"54", WF_VERDICT_CUT},          /* too large for a row or an index */
    {"P0", WF_VERDICT_CUT},
    {"XX", WF_VERDICT_CUT},
    {"28", WF_VERDICT_FATAL},        /* not let in */
    {"3D", WF_VERDICT_FATAL},        /* no such database */
    {"3F", WF_VERDICT_FATAL},        /* no such schema */
    {"42", WF_VERDICT_FATAL},        /* missing table, function or right: a bad deployment */
};

/* Unique violations that are a race lost to another worker, not bad data. */
static const char *const races[] = {"command_id_pkey", "reservation_pkey"};

const char *
wf_verdict_name(enum wf_verdict verdict)
{
    return names[verdict];
}

enum wf_verdict
wf_verdict_fail(enum wf_verdict verdict, struct wf_error *reterr, const char *format, ...)
{
    char message[sizeof reterr->message];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    wf_fail(reterr, verdict == WF_VERDICT_FATAL ? WF_FATE_FATAL : WF_FATE_RETRY, "%s", message);
    if (reterr)
        reterr->exit_code = verdict == WF_VERDICT_FATAL ? WF_EXIT_DATABASE : 0;
    return verdict;
}

static enum wf_verdict
verdict_of_sqlstate(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof sqlstates / sizeof *sqlstates; i++)
        if (strncmp(sqlstate, sqlstates[i].begin, strlen(sqlstates[i].begin)) == 0)
            return sqlstates[i].verdict;
    return WF_VERDICT_UNKNOWN;
}

static bool
is_race(const char *constraint)
{
    for (size_t i = 0; constraint && i < sizeof races / sizeof *races; i++)
        if (strcmp(constraint, races[i]) == 0)
            return true;
    return false;
}

enum wf_verdict
wf_verdict_of_result(const PGresult *result, const char *statement, const PGconn *connection, struct wf_error *reterr)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (!sqlstate || !message || PQstatus(connection) != CONNECTION_OK) { /* libpq is speaking */
        const char *text = message ? message : PQerrorMessage(connection);
        return wf_verdict_fail(WF_VERDICT_RECONNECT, reterr, "lost the database connection: %.*s",
                               (int)strcspn(text, "\n"), text);
    }
    enum wf_verdict verdict = verdict_of_sqlstate(sqlstate);
    if (verdict == WF_VERDICT_CUT && is_race(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME)))
        verdict = WF_VERDICT_RETRY;
    return wf_verdict_fail(verdict, reterr, "database statement \"%s\" failed: %s (SQLSTATE %s)", statement, message,
                           sqlstate);
}
