-- people_store.sql - writes what changed of people's presence and authorizations, and nothing else.
--
-- Called by the worker in the unit that applies set-presence, authorize and revoke.  p_people has `staff`
-- (staff_id, logging_on, on_leave), `grantors` and all `authorizations` of these.  Locks the catalog's
-- row until the end of the transaction.  Keeps the changes of the last 1,000 versions: who knows an
-- older one reads the whole institution.
-- Raises serialization_failure (40001) if the institution is not at p_base any more.
create or replace function workflow.people_store(p_people jsonb, p_version int8, p_base int8)
returns void
language plpgsql volatile security definer
set search_path = workflow, pg_temp
as $$
begin
    set constraints all deferred;
    update workflow.catalog set institution_version = p_version where institution_version = p_base;
    if not found then
        raise serialization_failure using message = format('the institution is not at version %s any more', p_base);
    end if;

    with put as (
        update workflow.staff o
           set logging_on = p.logging_on, on_leave = p.on_leave
          from jsonb_to_recordset(p_people -> 'staff') as p (staff_id text, logging_on bool, on_leave bool)
         where o.staff_id = p.staff_id
        returning o.staff_id
    )
    insert into workflow.institution_change (institution_version, kind, object_id, removed, presence)
    select p_version, 'staff', staff_id, false, true from put;

    delete from workflow.authorization_grant o
     using jsonb_array_elements_text(p_people -> 'grantors') as g (grantor_id)
     where o.grantor_id = g.grantor_id;
    insert into workflow.authorization_grant (grantor_id, grantee_id, process_id, act_id, valid_from, valid_to)
    select grantor_id, grantee_id, process_id, act_id, valid_from, valid_to
      from jsonb_to_recordset(p_people -> 'authorizations')
        as g (grantor_id text, grantee_id text, process_id text, act_id text, valid_from timestamptz, valid_to timestamptz);
    insert into workflow.institution_change (institution_version, kind, object_id, removed)
    select p_version, 'authorization', grantor_id, false
      from jsonb_array_elements_text(p_people -> 'grantors') as g (grantor_id);

    delete from workflow.institution_change
     where institution_version < p_version - 1000
       and not removed;
end
$$;
comment on function workflow.people_store(jsonb, int8, int8) is 'Writes what changed of people''s presence and authorizations.';
