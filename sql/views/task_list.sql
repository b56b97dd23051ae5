-- task_list.sql - every open task, with what its people need to know.
--
-- Read by applications and by `pawl task list`; task_list_of() is the part of it that is a person's.
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
       i.entity_id,
       t.date_changed,
       t.due_at,
       t.n,
       t.pre_act_id,
       t.serial_no,
       t.branch_no,
       i.state::text as instance_state,
       t.attempt,
       t.incident->>'id' as incident_id,
       t.incident->>'code' as incident_code
  from workflow.to_do_task_list t
  join workflow.instance i using (instance_id)
  left join workflow.activity a
    on a.process_id = i.process_id
   and a.version = i.version
   and a.act_id = t.act_id;
comment on view   workflow.task_list is 'Every open task.';
comment on column workflow.task_list.task_id is 'The task: <instance_id>:<n>.';
comment on column workflow.task_list.instance_id is 'Its instance.';
comment on column workflow.task_list.process_id is 'The process.';
comment on column workflow.task_list.version is 'Its version.';
comment on column workflow.task_list.act_id is 'The activity.';
comment on column workflow.task_list.name is 'The activity''s name for people.';
comment on column workflow.task_list.act_type is 'The activity''s type.';
comment on column workflow.task_list.state is 'pending, waiting, processing or pausing.';
comment on column workflow.task_list.staff_id is 'Who it is assigned to or held by; null: the group''s.';
comment on column workflow.task_list.grantor_id is 'In whose name it is held.';
comment on column workflow.task_list.executor_id is 'The program that holds it.';
comment on column workflow.task_list.candidates is 'The group that it belongs to, as kind:id.';
comment on column workflow.task_list.date_created is 'When it was created.';
comment on column workflow.task_list.date_waiting is 'When it first became waiting.';
comment on column workflow.task_list.date_processing is 'When it was first taken.';
comment on column workflow.task_list.entity_id is 'What its instance is about.';
comment on column workflow.task_list.date_changed is 'When its state last changed: since when it waits, say.';
comment on column workflow.task_list.due_at is 'When the time limit that now runs passes.';
comment on column workflow.task_list.n is 'Its number within the instance.';
comment on column workflow.task_list.pre_act_id is 'The activity that it was reached from.';
comment on column workflow.task_list.serial_no is 'The batch it is of.';
comment on column workflow.task_list.branch_no is 'Its branch in the batch.';
comment on column workflow.task_list.instance_state is 'The state of its instance.';
comment on column workflow.task_list.attempt is 'Of an automation: how often its job was announced.';
comment on column workflow.task_list.incident_id is 'Its open incident; null: none.';
comment on column workflow.task_list.incident_code is 'What kind of incident.';
