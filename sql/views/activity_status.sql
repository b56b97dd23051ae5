-- activity_status.sql - each activity with open tasks: how many, and how long they have waited.
--
-- Read by applications, monitoring, and `pawl process status`.  Counts all versions of a process.
create or replace view workflow.activity_status as
select i.process_id,
       t.act_id,
       count(*) as open_tasks,
       count(*) filter (where t.state = 'pending')    as pending,
       count(*) filter (where t.state = 'waiting')    as waiting,
       count(*) filter (where t.state = 'processing') as processing,
       count(*) filter (where t.state = 'pausing')    as pausing,
       count(*) filter (where t.due_at < now())       as overdue,
       avg(coalesce(t.waiting_time, 0) * interval '1 microsecond'
           + case when t.state = 'waiting' then greatest(now() - t.date_changed, interval '0') else interval '0' end)
           filter (where t.date_waiting is not null)  as mean_waiting_time,
       min(t.date_created) as oldest
  from workflow.to_do_task_list t
  join workflow.instance i using (instance_id)
 group by i.process_id, t.act_id;
comment on view   workflow.activity_status is 'Each activity with open tasks: how many, and how long they have waited.';
comment on column workflow.activity_status.process_id is 'The process.';
comment on column workflow.activity_status.act_id is 'The activity.';
comment on column workflow.activity_status.open_tasks is 'Open tasks of it.';
comment on column workflow.activity_status.pending is 'Those that something else has to come first for.';
comment on column workflow.activity_status.waiting is 'Those that somebody could take.';
comment on column workflow.activity_status.processing is 'Those in hand.';
comment on column workflow.activity_status.pausing is 'Those put aside.';
comment on column workflow.activity_status.overdue is 'Those whose time limit has passed.';
comment on column workflow.activity_status.mean_waiting_time is
    'How long they have been waiting so far, on average, all their stays included; those still pending left out.';
comment on column workflow.activity_status.oldest is 'When the oldest one was created.';
