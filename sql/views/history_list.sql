-- history_list.sql - every task that is over.
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
       i.entity_id
  from workflow.have_done_tasks t
  join workflow.instance i using (instance_id)
  left join workflow.activity a
    on a.process_id = i.process_id
   and a.version = i.version
   and a.act_id = t.act_id;
comment on view workflow.history_list is 'Every task that is over; waiting and paused time are over all its stays.';
