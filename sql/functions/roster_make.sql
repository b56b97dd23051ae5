-- roster_make.sql - makes the rows that round_robin and least_working_list lock: tokens and loads.
--
-- Called by the worker in a transaction of its own, before it assigns by people or a role for the first
-- time.  The lock makes the count exact: whoever has changed a load but not committed holds the
-- opposing lock already, and is waited for; whoever changes one later finds the row and adds to it.
-- The caller holds nothing else, and who is waited for has only the commit to do.  Under the lock nothing is waited for:
-- rows are made here alone, so the statements below see all there are (an "on conflict" would wait for
-- whoever passes a token at this moment, and they for this lock: a deadlock).
create or replace function workflow.roster_make(p_staff_ids text[], p_role_ids text[])
returns void
language plpgsql volatile security definer
set search_path = workflow, pg_temp
as $$
begin
    lock table workflow.staff_load_change in share row exclusive mode;

    insert into workflow.role_token (role_id)
    select r.role_id
      from unnest(p_role_ids) as r (role_id)
     where r.role_id is not null
       and not exists (select from workflow.role_token t where t.role_id = r.role_id);

    insert into workflow.staff_load (staff_id, open_tasks, last_assigned)
    select s.staff_id, count(t.n), max(t.date_waiting)
      from unnest(p_staff_ids) as s (staff_id)
      left join workflow.to_do_task_list t on t.staff_id = s.staff_id
     where s.staff_id is not null
       and not exists (select from workflow.staff_load l where l.staff_id = s.staff_id)
     group by s.staff_id;
end
$$;
comment on function workflow.roster_make(text[], text[]) is 'Makes the loads of people and the tokens of roles that have none yet.';
