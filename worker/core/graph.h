/*
 * graph.h - what the rules of sections 4 to 6 need to know of a definition's graph.
 *
 * The nodes are the activities, the edges what their routing rules name.  Called once, when a
 * definition is compiled.
 */
#ifndef WF_GRAPH_H
#define WF_GRAPH_H

#include "core/definition.h"

/* Fills process->reach and process->dominates.  The routes must be linked. */
void wf_graph_analyse(struct wf_process *process);

/* Whether a forward step of the activity, or its assignment by `all`, may open a batch (BAT-2). */
bool wf_activity_opens_step(const struct wf_activity *activity);
bool wf_activity_opens_all(const struct wf_activity *activity);

/* Pairs openers with closing merges (BAT-3): closed_by, all_closed_by, closes_any. */
void wf_graph_pair_brackets(struct wf_process *process);

/* Reports activities that the initial one does not lead to, and cycles without work in them. */
void wf_graph_check(const struct wf_process *process, struct wf_faults *faults);

/*
 * Reports merges that close what opens no batch, what cannot come to them, or what another merge names as well
 * (BAT-3), of a process that compiles.  Asked of what is deployed: what is stored goes on as it was.
 */
void wf_graph_check_closes(const struct wf_process *process, struct wf_faults *faults);

/*
 * Whether a path of one or more edges leads from one activity to the other that passes no
 * activity for which blocked(context, activity) holds; the ends themselves are not asked for.
 */
bool wf_graph_path(const struct wf_process *process, const struct wf_activity *from, const struct wf_activity *to,
                   bool (*blocked)(void *context, const struct wf_activity *), void *context);

#endif
