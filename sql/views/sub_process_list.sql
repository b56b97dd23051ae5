-- sub_process_list.sql - what works for tasks, here or in other engines, and how it stands as last heard.
create or replace view workflow.sub_process_list as
select s.instance_id || ':' || s.n as task_id,
       s.instance_id,
       i.process_id,
       s.attempt,
       s.engine,
       s.process_id as remote_process_id,
       s.remote_instance_id,
       s.state::text as state,
       s.completion_flag,
       s.code,
       s.detail,
       s.date_created,
       s.date_changed,
       i.entity_id
  from workflow.sub_process s
  join workflow.instance i using (instance_id);
comment on view workflow.sub_process_list is
    'What works for tasks, here or in other engines; state is as last heard, null while nothing was; code says why it was not started.';
comment on column workflow.sub_process_list.task_id is 'The task at home.';
comment on column workflow.sub_process_list.instance_id is 'Its instance.';
comment on column workflow.sub_process_list.process_id is 'The process of that.';
comment on column workflow.sub_process_list.attempt is 'Which of the task''s attempts it is.';
comment on column workflow.sub_process_list.engine is 'The engine that does the work, by its topic prefix.';
comment on column workflow.sub_process_list.remote_process_id is 'The process there.';
comment on column workflow.sub_process_list.remote_instance_id is 'The instance there.';
comment on column workflow.sub_process_list.state is 'Its state as last heard; null: nothing was heard.';
comment on column workflow.sub_process_list.completion_flag is 'It completed with.';
comment on column workflow.sub_process_list.code is 'Why it was not started; null: it was, or nothing was heard.';
comment on column workflow.sub_process_list.detail is 'The same in words.';
comment on column workflow.sub_process_list.date_created is 'When its start was sent.';
comment on column workflow.sub_process_list.date_changed is 'When it was last heard of.';
comment on column workflow.sub_process_list.entity_id is 'What the home instance is about.';
