-- institution_store.sql - makes the institution's tables equal to an institution file.
--
-- Called by the worker in the unit that applies load-institution, with the whole institution after the change; only the differences are written, and
-- each to institution_change.  Locks the catalog's row until the end of the transaction.
-- Raises serialization_failure (40001) if the institution is not at p_base any more (null: at the
-- version before): somebody else changed it meanwhile.
create or replace function workflow.institution_store(p_institution jsonb, p_version int8, p_base int8 default null)
returns void
language plpgsql volatile security definer
set search_path = workflow, pg_temp
set enable_hashjoin = on
set enable_seqscan = on
as $$
begin
    set constraints all deferred;
    update workflow.catalog set institution_version = p_version where institution_version = coalesce(p_base, p_version - 1);
    if not found then
        raise serialization_failure using message =
            format('the institution is not at version %s any more', coalesce(p_base, p_version - 1));
    end if;

    with wanted as materialized (
        select * from jsonb_to_recordset(p_institution -> 'departments')
            as d (dept_id text collate "C", super_dept_id text collate "C", name text)
    ), gone as (
        delete from workflow.department o
         where not exists (select from wanted w where w.dept_id = o.dept_id)
        returning o.dept_id
    ), put as (
        insert into workflow.department as o (dept_id, super_dept_id, name)
        select dept_id, super_dept_id, name from wanted
            on conflict (dept_id) do update set super_dept_id = excluded.super_dept_id, name = excluded.name
         where (o.super_dept_id, o.name) is distinct from (excluded.super_dept_id, excluded.name)
        returning o.dept_id
    )
    insert into workflow.institution_change
    select p_version, 'department', dept_id, true from gone
     union all
    select p_version, 'department', dept_id, false from put;

    with wanted as materialized (
        select * from jsonb_to_recordset(p_institution -> 'teams')
            as t (team_id text collate "C", super_team_id text collate "C", name text)
    ), gone as (
        delete from workflow.team o
         where not exists (select from wanted w where w.team_id = o.team_id)
        returning o.team_id
    ), put as (
        insert into workflow.team as o (team_id, super_team_id, name)
        select team_id, super_team_id, name from wanted
            on conflict (team_id) do update set super_team_id = excluded.super_team_id, name = excluded.name
         where (o.super_team_id, o.name) is distinct from (excluded.super_team_id, excluded.name)
        returning o.team_id
    )
    insert into workflow.institution_change
    select p_version, 'team', team_id, true from gone
     union all
    select p_version, 'team', team_id, false from put;

    with wanted as materialized (
        select * from jsonb_to_recordset(p_institution -> 'roles') as r (role_id text collate "C", name text)
    ), gone as (
        delete from workflow.role o
         where not exists (select from wanted w where w.role_id = o.role_id)
        returning o.role_id
    ), put as (
        insert into workflow.role as o (role_id, name)
        select role_id, name from wanted
            on conflict (role_id) do update set name = excluded.name
         where o.name is distinct from excluded.name
        returning o.role_id
    )
    insert into workflow.institution_change
    select p_version, 'role', role_id, true from gone
     union all
    select p_version, 'role', role_id, false from put;

    with wanted as materialized (
        select s.staff_id, s.name, s.dept_id,
               coalesce(s.logging_on, true) as logging_on, coalesce(s.on_leave, false) as on_leave
          from jsonb_to_recordset(p_institution -> 'staff')
            as s (staff_id text collate "C", name text, dept_id text collate "C", logging_on bool, on_leave bool)
    ), gone as (
        delete from workflow.staff o
         where not exists (select from wanted w where w.staff_id = o.staff_id)
        returning o.staff_id
    ), put as (
        insert into workflow.staff as o (staff_id, name, dept_id, logging_on, on_leave)
        select staff_id, name, dept_id, logging_on, on_leave from wanted order by staff_id
            on conflict (staff_id) do update
           set name = excluded.name, dept_id = excluded.dept_id,
               logging_on = excluded.logging_on, on_leave = excluded.on_leave
         where (o.name, o.dept_id, o.logging_on, o.on_leave)
               is distinct from (excluded.name, excluded.dept_id, excluded.logging_on, excluded.on_leave)
        returning o.staff_id
    )
    insert into workflow.institution_change
    select p_version, 'staff', staff_id, true from gone
     union all
    select p_version, 'staff', staff_id, false from put;

    with wanted as materialized (
        select distinct s.staff_id, t.team_id collate "C" as team_id
          from jsonb_to_recordset(p_institution -> 'staff') as s (staff_id text collate "C", teams jsonb)
         cross join lateral jsonb_array_elements_text(s.teams) as t (team_id)
    ), gone as (
        delete from workflow.staff_team o
         where not exists (select from wanted w where w.staff_id = o.staff_id and w.team_id = o.team_id)
        returning o.staff_id
    ), put as (
        insert into workflow.staff_team as o (staff_id, team_id)
        select staff_id, team_id from wanted
            on conflict do nothing
        returning o.staff_id
    )
    insert into workflow.institution_change
    select p_version, 'staff', c.staff_id, false
      from (select staff_id from gone union select staff_id from put) c
        on conflict do nothing;

    with wanted as materialized (
        select s.staff_id, coalesce(r.value ->> 'role_id', r.value #>> '{}') collate "C" as role_id,
               max((r.value ->> 'priority_num')::int4) as priority_num
          from jsonb_to_recordset(p_institution -> 'staff') as s (staff_id text collate "C", roles jsonb)
         cross join lateral jsonb_array_elements(s.roles) as r (value)
         group by 1, 2
    ), gone as (
        delete from workflow.staff_in_role o
         where not exists (select from wanted w where w.staff_id = o.staff_id and w.role_id = o.role_id)
        returning o.staff_id
    ), put as (
        insert into workflow.staff_in_role as o (staff_id, role_id, priority_num)
        select staff_id, role_id, priority_num from wanted
            on conflict (role_id, staff_id) do update set priority_num = excluded.priority_num
         where o.priority_num is distinct from excluded.priority_num
        returning o.staff_id
    )
    insert into workflow.institution_change
    select p_version, 'staff', c.staff_id, false
      from (select staff_id from gone union select staff_id from put) c
        on conflict do nothing;

    with wanted as materialized (
        select distinct *
          from jsonb_to_recordset(p_institution -> 'authorizations')
            as g (grantor_id text collate "C", grantee_id text collate "C", process_id text collate "C",
                  act_id text collate "C", valid_from timestamptz, valid_to timestamptz)
    ), gone as (
        delete from workflow.authorization_grant o
         where not exists (select from wanted w
                            where (w.grantor_id, w.grantee_id) = (o.grantor_id, o.grantee_id)
                              and (w.process_id, w.act_id, w.valid_from, w.valid_to)
                                  is not distinct from (o.process_id, o.act_id, o.valid_from, o.valid_to))
        returning o.grantor_id
    ), put as (
        insert into workflow.authorization_grant (grantor_id, grantee_id, process_id, act_id, valid_from, valid_to)
        select * from wanted
        except
        select grantor_id, grantee_id, process_id, act_id, valid_from, valid_to
          from workflow.authorization_grant
        returning grantor_id
    )
    insert into workflow.institution_change
    select p_version, 'authorization', c.grantor_id,
           not exists (select from wanted w where w.grantor_id = c.grantor_id)
      from (select grantor_id from gone union select grantor_id from put) c;

    set constraints all immediate;
end
$$;
comment on function workflow.institution_store(jsonb, int8, int8) is
    'Makes the institution''s tables equal to an institution file; writes only what differs.';
