-- process_status.sql - each process: its instances by state, and what needs looking at.
--
-- Read by applications, monitoring, and `pawl process status`.  Counts all versions of a process; a process without
-- instances has a row of zeros.  Reads all instances: for a glance now and then, not for every request.
create or replace view workflow.process_status as
with counted as (
    select i.process_id,
           count(*) filter (where i.state = 'running')   as running,
           count(*) filter (where i.state = 'stalled')   as stalled,
           count(*) filter (where i.state = 'suspended') as suspended,
           count(*) filter (where i.state = 'completed') as completed,
           count(*) filter (where i.state = 'cancelled') as cancelled,
           min(i.date_created) filter (where i.state in ('running', 'stalled', 'suspended')) as oldest_open
      from workflow.instance i
     group by i.process_id
), opened as (
    select i.process_id,
           count(*) as open_tasks,
           count(*) filter (where t.due_at < now()) as overdue
      from workflow.to_do_task_list t
      join workflow.instance i using (instance_id)
     group by i.process_id
), troubled as (
    select i.process_id,
           count(*) as incidents
      from workflow.incident n
      join workflow.instance i using (instance_id)
     where n.date_resolved is null
     group by i.process_id
)
select p.process_id,
       coalesce(c.running, 0)    as running,
       coalesce(c.stalled, 0)    as stalled,
       coalesce(c.suspended, 0)  as suspended,
       coalesce(c.completed, 0)  as completed,
       coalesce(c.cancelled, 0)  as cancelled,
       coalesce(o.open_tasks, 0) as open_tasks,
       coalesce(o.overdue, 0)    as overdue,
       coalesce(t.incidents, 0)  as incidents,
       c.oldest_open
  from (select distinct process_id from workflow.process) p
  left join counted c using (process_id)
  left join opened o using (process_id)
  left join troubled t using (process_id);
comment on view   workflow.process_status is 'Each process: its instances by state, and what needs looking at.';
comment on column workflow.process_status.process_id is 'The process.';
comment on column workflow.process_status.running is 'Instances that are running.';
comment on column workflow.process_status.stalled is 'Instances in which nothing can go on by itself.';
comment on column workflow.process_status.suspended is 'Instances that are suspended.';
comment on column workflow.process_status.completed is 'Instances that have completed.';
comment on column workflow.process_status.cancelled is 'Instances that were cancelled.';
comment on column workflow.process_status.open_tasks is 'Open tasks of all of them.';
comment on column workflow.process_status.overdue is 'Open tasks whose time limit has passed.';
comment on column workflow.process_status.incidents is 'Open incidents.';
comment on column workflow.process_status.oldest_open is 'When the oldest instance that is not over was begun.';
