-- task_list.sql - every open task, with what its people need to know.
create or replace view workflow.task_list as
select t.instance_id || ':' || t.n as task_id,
       t.instance_id,
       i.process_id,
       i.version,
       t.act_id,
       a.name,
       a.act_type::text as act_type,
       t.state::text as state,
       t.staff_id,
       t.grantor_id,
       t.executor_id,
       case t.group_based_on
            when 'dept_based' then 'department:'
            when 'team_based' then 'team:'
            when 'role_based' then 'role:'
            when 'user_defined' then 'function:'
       end || t.group_id as candidates,
       t.date_created,
       t.date_waiting,
       t.date_processing,
       i.entity_id
  from workflow.to_do_task_list t
  join workflow.instance i using (instance_id)
  left join workflow.activity a
    on a.process_id = i.process_id
   and a.version = i.version
   and a.act_id = t.act_id;
comment on view workflow.task_list is 'Every open task; candidates is the group that it belongs to, as kind:id.';
