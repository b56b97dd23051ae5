-- history_list.sql - every task that is over.
--
-- Read by applications and by `pawl instance show`.  Partitioned by date_ended: ask for a period
-- of it wherever you can.  Times are intervals; together with the time it was pending they are the time from
-- date_created to date_ended.
create or replace view workflow.history_list as
select t.instance_id || ':' || t.n as task_id,
       t.instance_id,
       i.process_id,
       t.act_id,
       a.act_type::text as act_type,
       t.how::text as how,
       t.completion_flag,
       t.staff_id,
       t.grantor_id,
       t.executor_id,
       t.date_created,
       t.date_waiting,
       t.date_processing,
       t.date_ended,
       t.pre_act_id,
       coalesce(t.waiting_time, 0) * interval '1 microsecond' as waiting_time,
       coalesce(t.paused_time, 0) * interval '1 microsecond' as paused_time,
       t.due_at,
       t.attempt,
       t.serial_no,
       t.branch_no,
       t.n,
       i.version,
       i.entity_id,
       case when t.date_waiting is not null
            then t.date_ended - t.date_waiting
                 - (coalesce(t.waiting_time, 0) + coalesce(t.paused_time, 0)) * interval '1 microsecond'
            else interval '0'
       end as working_time,
       t.date_ended <= t.due_at as on_time
  from workflow.have_done_tasks t
  join workflow.instance i using (instance_id)
  left join workflow.activity a
    on a.process_id = i.process_id
   and a.version = i.version
   and a.act_id = t.act_id;
comment on view   workflow.history_list is 'Every task that is over.';
comment on column workflow.history_list.task_id is 'The task: <instance_id>:<n>.';
comment on column workflow.history_list.instance_id is 'Its instance.';
comment on column workflow.history_list.process_id is 'The process.';
comment on column workflow.history_list.act_id is 'The activity.';
comment on column workflow.history_list.act_type is 'The activity''s type.';
comment on column workflow.history_list.how is 'ended, withdrawn or absorbed; work done is what ended.';
comment on column workflow.history_list.completion_flag is 'The result it ended with.';
comment on column workflow.history_list.staff_id is 'Who did it, or whose it was.';
comment on column workflow.history_list.grantor_id is 'In whose name.';
comment on column workflow.history_list.executor_id is 'The program that did it.';
comment on column workflow.history_list.date_created is 'When it was created.';
comment on column workflow.history_list.date_waiting is 'When it first became waiting.';
comment on column workflow.history_list.date_processing is 'When it was first taken.';
comment on column workflow.history_list.date_ended is 'When it was over.';
comment on column workflow.history_list.pre_act_id is 'The activity that it was reached from.';
comment on column workflow.history_list.waiting_time is 'How long it was waiting, over all its stays.';
comment on column workflow.history_list.paused_time is 'How long it was pausing, over all its stays.';
comment on column workflow.history_list.due_at is 'When the time limit was to pass that ran last.';
comment on column workflow.history_list.attempt is 'Of an automation: how often it was tried.';
comment on column workflow.history_list.serial_no is 'The batch it was of.';
comment on column workflow.history_list.branch_no is 'Its branch in the batch.';
comment on column workflow.history_list.n is 'Its number within the instance.';
comment on column workflow.history_list.version is 'The version of the process.';
comment on column workflow.history_list.entity_id is 'What its instance is about.';
comment on column workflow.history_list.working_time is 'How long it was in hand, over all its stays.';
comment on column workflow.history_list.on_time is 'Whether it was over before its time limit passed; null: it had none.';
