-- task_list_of.sql - the tasks of a person: those they hold or may take.
--
-- Called by applications and `pawl task list --staff`.  Locks and writes nothing.  Own tasks in any
-- state, and waiting ones of the person's department, teams and role groups or offered to them by a user-defined
-- group, and of those who authorized the person, now (ASG-7).  What a constraint between tasks bars the person from is
-- left out (ASG-10); that it bars a grantor, of a group's task, is judged when it is taken.  Runs with its owner's
-- rights, so that readers need none on the tables.
create or replace function workflow.task_list_of(p_staff_id text)
returns setof workflow.task_list
language sql stable security definer
set search_path = workflow, pg_temp
as $$
    with recursive person (staff_id, process_id, act_id) as (
        select p_staff_id, null::text, null::text
         union
        select g.grantor_id, g.process_id, g.act_id
          from workflow.authorization_grant g
         where g.grantee_id = p_staff_id
           and coalesce(g.valid_from <= now(), true)
           and coalesce(g.valid_to > now(), true)
    ), department (dept_id, process_id, act_id) as (
        select s.dept_id, p.process_id, p.act_id
          from person p
          join workflow.staff s using (staff_id)
         union
        select d.super_dept_id, p.process_id, p.act_id
          from department p
          join workflow.department d using (dept_id)
    ), team (team_id, process_id, act_id) as (
        select m.team_id, p.process_id, p.act_id
          from person p
          join workflow.staff_team m using (staff_id)
         union
        select t.super_team_id, p.process_id, p.act_id
          from team p
          join workflow.team t using (team_id)
    ), offer (based_on, group_id, process_id, act_id) as (
        select 'dept_based'::workflow.based_on, dept_id, process_id, act_id from department
         union
        select 'team_based', team_id, process_id, act_id from team
         union
        select 'role_based', m.role_id, p.process_id, p.act_id
          from person p
          join workflow.staff_in_role m using (staff_id)
    ), open_task as (
        select t.instance_id, t.n
          from workflow.to_do_task_list t
         where t.staff_id = p_staff_id
         union
        select t.instance_id, t.n
          from person p
          join workflow.to_do_task_list t
            on t.staff_id = p.staff_id
           and t.state = 'waiting'
          join workflow.instance i using (instance_id)
         where coalesce(p.process_id = i.process_id, true)
           and coalesce(p.act_id = t.act_id, true)
           and not coalesce(t.barred && array[p.staff_id, p_staff_id], false)
         union
        select t.instance_id, t.n
          from offer o
          join workflow.to_do_task_list t
            on t.group_based_on = o.based_on
           and t.group_id = o.group_id
           and t.staff_id is null
           and t.state = 'waiting'
          join workflow.instance i using (instance_id)
         where coalesce(o.process_id = i.process_id, true)
           and coalesce(o.act_id = t.act_id, true)
           and not coalesce(p_staff_id = any (t.barred), false)
         union
        select t.instance_id, t.n
          from person p
          join workflow.task_candidate c using (staff_id)
          join workflow.to_do_task_list t
            on t.instance_id = c.instance_id
           and t.n = c.n
           and t.staff_id is null
           and t.state = 'waiting'
          join workflow.instance i
            on i.instance_id = t.instance_id
         where coalesce(p.process_id = i.process_id, true)
           and coalesce(p.act_id = t.act_id, true)
           and not coalesce(t.barred && array[p.staff_id, p_staff_id], false)
    )
    select l.*
      from open_task o
      join workflow.task_list l on l.task_id = o.instance_id || ':' || o.n and l.instance_id = o.instance_id
     order by l.date_created, l.instance_id, o.n
$$;
comment on function workflow.task_list_of(text) is 'The tasks that a person holds or may take, oldest first.';
