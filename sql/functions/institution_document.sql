-- institution_document.sql - the whole institution as an institution file.
--
-- Called by the worker when the catalog's institution_version moved, and by clients.  Locks
-- and writes nothing.  Everything is sorted by its id; what has its default is left out.  Runs with its owner's rights, so
-- that readers need none on the tables.
create or replace function workflow.institution_document()
returns jsonb
language sql stable security definer
set search_path = workflow, pg_temp
set timezone = 'UTC'
set enable_hashjoin = on
set enable_seqscan = on
as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'departments', (select jsonb_agg(to_jsonb(d) order by d.dept_id) from workflow.department d),
        'teams', (select jsonb_agg(to_jsonb(t) order by t.team_id) from workflow.team t),
        'roles', (select jsonb_agg(jsonb_build_object('role_id', r.role_id, 'name', r.name) order by r.role_id)
                    from workflow.role r),
        'staff', (
            select jsonb_agg(jsonb_build_object('staff_id', s.staff_id, 'name', s.name, 'dept_id', s.dept_id,
                                                'teams', t.teams, 'roles', r.roles,
                                                'logging_on', nullif(s.logging_on, true),
                                                'on_leave', nullif(s.on_leave, false))
                             order by s.staff_id)
              from workflow.staff s
              left join (select m.staff_id, jsonb_agg(m.team_id order by m.team_id) as teams
                           from workflow.staff_team m
                          group by m.staff_id) t using (staff_id)
              left join (select m.staff_id,
                                jsonb_agg(case when m.priority_num is null then to_jsonb(m.role_id)
                                               else jsonb_build_object('role_id', m.role_id,
                                                                       'priority_num', m.priority_num)
                                          end
                                          order by m.role_id) as roles
                           from workflow.staff_in_role m
                          group by m.staff_id) r using (staff_id)),
        'authorizations', (
            select jsonb_agg(to_jsonb(g) - 'grant_id'
                             order by g.grantor_id, g.grantee_id, g.process_id, g.act_id, g.valid_from, g.valid_to)
              from workflow.authorization_grant g)))
$$;
comment on function workflow.institution_document() is 'The whole institution as an institution file.';
