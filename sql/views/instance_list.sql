-- instance_list.sql - every instance and how it stands.
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
         where t.instance_id = i.instance_id) as open_tasks
  from workflow.instance i;
comment on view workflow.instance_list is 'Every instance and how it stands.';
