-- instance_list.sql - every instance and how it stands.
--
-- Read by applications and by `pawl instance list` and `pawl instance show`.
create or replace view workflow.instance_list as
select i.instance_id,
       i.process_id,
       i.version,
       i.entity_id,
       i.state::text as state,
       i.completion_flag,
       i.date_created,
       i.date_completed,
       (select count(*)::int4
          from workflow.to_do_task_list t
         where t.instance_id = i.instance_id) as open_tasks,
       i.date_changed,
       i.actor,
       i.variables,
       (select count(*)::int4
          from workflow.incident n
         where n.instance_id = i.instance_id
           and n.date_resolved is null) as incidents,
       i.due_at
  from workflow.instance i;
comment on view   workflow.instance_list is 'Every instance and how it stands.';
comment on column workflow.instance_list.instance_id is 'The instance.';
comment on column workflow.instance_list.process_id is 'Its process.';
comment on column workflow.instance_list.version is 'The version it began with, and stays on.';
comment on column workflow.instance_list.entity_id is 'What it is about; the application''s own.';
comment on column workflow.instance_list.state is 'running, stalled, suspended, completed or cancelled.';
comment on column workflow.instance_list.completion_flag is 'The result, once it has completed.';
comment on column workflow.instance_list.date_created is 'When it was begun.';
comment on column workflow.instance_list.date_completed is 'When it completed or was cancelled.';
comment on column workflow.instance_list.open_tasks is 'How many of its tasks are open.';
comment on column workflow.instance_list.date_changed is 'When anything of it last changed.';
comment on column workflow.instance_list.actor is 'Who began it.';
comment on column workflow.instance_list.variables is 'What the conditions of routing rules look at.';
comment on column workflow.instance_list.incidents is 'How many incidents of it are open.';
comment on column workflow.instance_list.due_at is 'When its time limit passes or passed; null: it has none.';
