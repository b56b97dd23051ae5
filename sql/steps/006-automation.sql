-- 006-automation.sql - what falls due and what failed, kept with the task or instance that it is of.
-- timer says where a task's timers stand; workflow.timer has the same once more, ordered by time, but only
-- while the instance is not suspended (TSK-6).

create type workflow.timer_kind as enum ('take', 'end', 'check', 'retry');

alter table workflow.to_do_task_list
    add column timer_at timestamptz,
    add column timer    workflow.timer_kind,
    add column incident jsonb;
comment on column workflow.to_do_task_list.timer is 'What falls due (STA-3); null: nothing, or it has fired.';
comment on column workflow.to_do_task_list.timer_at is 'When.';
comment on column workflow.to_do_task_list.incident is 'The open incident (STA-2), as the engine needs it; null: none.';

alter table workflow.instance
    add column due_at   timestamptz,
    add column timed    bool,
    add column incident jsonb;
comment on column workflow.instance.due_at is 'When its time limit passes or passed (STA-3); null: it has none.';
comment on column workflow.instance.timed is 'Whether the limit has yet to pass.';
comment on column workflow.instance.incident is 'The open incident of the instance as a whole; null: none.';

alter table workflow.incident alter column incident_id type text collate "C";
create index incident_open_idx on workflow.incident (date_created) where date_resolved is null;
comment on table  workflow.incident is
    'Failures that wait, or waited, for an operator (STA-2); written, never read by the engine.';
comment on column workflow.incident.incident_id is 'As in the event: <instance_id>:<n>/<position>; n 0: the instance as a whole.';
