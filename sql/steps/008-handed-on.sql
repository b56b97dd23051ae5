-- 008-handed-on.sql - what reports on work need of the record (LOG-2): tasks that were handed on, and
-- history that is found by its time.

create table workflow.handed_on_tasks (
    instance_id    uuid             not null,
    date_handed_on timestamptz      not null,
    n              int4             not null,
    state          workflow.task_state not null,
    act_id         text collate "C" not null,
    staff_id       text collate "C" not null,
    to_staff_id    text collate "C"
) partition by range (date_handed_on);
create table workflow.handed_on_tasks_default partition of workflow.handed_on_tasks default;
comment on table  workflow.handed_on_tasks is
    'Each time that a task left a person''s hands and stayed open: released, or given to somebody else; written, never read by the engine.';
comment on table  workflow.handed_on_tasks_default is 'For months whose partition was not made in time.';
comment on column workflow.handed_on_tasks.instance_id is 'The instance; task_id is <instance_id>:<n>.';
comment on column workflow.handed_on_tasks.date_handed_on is 'When.';
comment on column workflow.handed_on_tasks.n is 'The task''s number within the instance.';
comment on column workflow.handed_on_tasks.state is 'The state it was in.';
comment on column workflow.handed_on_tasks.act_id is 'The activity.';
comment on column workflow.handed_on_tasks.staff_id is 'Whose it was: assigned to, or held by.';
comment on column workflow.handed_on_tasks.to_staff_id is 'Whose it was then; null: a group''s.';

-- Rows come nearly in the order of their time, so that a few pages of summary find a period.
create index have_done_tasks_ended_idx on workflow.have_done_tasks
    using brin (date_ended) with (pages_per_range = 32, autosummarize = on);
create index handed_on_tasks_date_idx on workflow.handed_on_tasks
    using brin (date_handed_on) with (pages_per_range = 32, autosummarize = on);

-- Of a task that waited more than once, the first time: what then was neither waiting nor pausing was work.
comment on column workflow.to_do_task_list.date_waiting is 'When it first became waiting.';
comment on column workflow.to_do_task_list.date_processing is 'When it was first taken.';
comment on column workflow.have_done_tasks.date_waiting is 'When it first became waiting.';
comment on column workflow.have_done_tasks.date_processing is 'When it was first taken.';
