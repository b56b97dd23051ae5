-- handed_on_list.sql - every time that somebody handed a task on.
--
-- Read by applications.  A task is handed on when it leaves a person's hands and stays open: released, or
-- given to somebody else.  Partitioned by date_handed_on: ask for a period of it.
create or replace view workflow.handed_on_list as
select t.instance_id || ':' || t.n as task_id,
       t.instance_id,
       i.process_id,
       t.act_id,
       t.state::text as state,
       t.staff_id,
       t.to_staff_id,
       t.date_handed_on
  from workflow.handed_on_tasks t
  join workflow.instance i using (instance_id);
comment on view   workflow.handed_on_list is 'Every time that somebody handed a task on.';
comment on column workflow.handed_on_list.task_id is 'The task: <instance_id>:<n>.';
comment on column workflow.handed_on_list.instance_id is 'Its instance.';
comment on column workflow.handed_on_list.process_id is 'The process.';
comment on column workflow.handed_on_list.act_id is 'The activity.';
comment on column workflow.handed_on_list.state is 'The state it was in: waiting, processing or pausing.';
comment on column workflow.handed_on_list.staff_id is 'Whose it was.';
comment on column workflow.handed_on_list.to_staff_id is 'Whose it was then; null: a group''s.';
comment on column workflow.handed_on_list.date_handed_on is 'When.';
