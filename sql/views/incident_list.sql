-- incident_list.sql - every incident, open or resolved.
--
-- Read by applications, monitoring, and `pawl instance show`.
create or replace view workflow.incident_list as
select n.incident_id,
       n.instance_id,
       i.process_id,
       n.instance_id || ':' || nullif(n.n, 0) as task_id,
       n.code,
       n.detail,
       n.attempt,
       n.date_created,
       n.date_resolved,
       t.act_id,
       i.entity_id
  from workflow.incident n
  join workflow.instance i using (instance_id)
  left join workflow.to_do_task_list t
    on t.instance_id = n.instance_id
   and t.n = n.n;
comment on view   workflow.incident_list is 'Every incident, open or resolved.';
comment on column workflow.incident_list.incident_id is 'The incident.';
comment on column workflow.incident_list.instance_id is 'The instance.';
comment on column workflow.incident_list.process_id is 'Its process.';
comment on column workflow.incident_list.task_id is 'The task; null: the instance as a whole.';
comment on column workflow.incident_list.code is 'What kind.';
comment on column workflow.incident_list.detail is 'For a person.';
comment on column workflow.incident_list.attempt is 'Of an automation: after how many tries.';
comment on column workflow.incident_list.date_created is 'When it was raised.';
comment on column workflow.incident_list.date_resolved is 'When it was resolved; null: it is open.';
comment on column workflow.incident_list.act_id is 'Activity of the task, while it is open.';
comment on column workflow.incident_list.entity_id is 'What the instance is about.';
