-- roles.sql - who may do what.  Runs last, every time.
--
--   pawl_worker     the engine: touches only what it needs
--   pawl_reader     people and programs that ask: views and functions that read
--   pawl_submitter  applications that submit commands by SQL: submit_command alone
--
-- The three are groups without login; grant them to the users of the installation.  They are
-- the server's, so several databases share them.  Without the right to make roles, a
-- notice says so and the grants to missing roles are left out.

do $$
declare
    v_role text;
begin
    foreach v_role in array array['pawl_worker', 'pawl_reader', 'pawl_submitter'] loop
        if not exists (select from pg_roles where rolname = v_role) then
            execute format('create role %I nologin', v_role);
        end if;
    end loop;
exception
    when duplicate_object or unique_violation then
        null; /* another database's installation was faster */
    when insufficient_privilege then
        raise notice 'cannot create role "%": ask an administrator, and install again', v_role;
end
$$;

revoke all on all functions in schema workflow from public;

do $$
declare
    v_grants text[] := array[
        'pawl_worker: usage on schema workflow',
        'pawl_worker: select on workflow.schema_step, workflow.catalog, workflow.process, workflow.activity, '
            'workflow.routing_rule, workflow.pre_rule, workflow.assgn_rule, workflow.department, workflow.team, '
            'workflow.role, workflow.staff, workflow.staff_team, workflow.staff_in_role, '
            'workflow.authorization_grant, workflow.institution_change',
        'pawl_worker: select, update on workflow.partition',
        'pawl_worker: select, insert, update on workflow.instance, workflow.batch, workflow.sub_process',
        'pawl_worker: select, insert, update, delete on workflow.to_do_task_list, workflow.task_summary, '
            'workflow.incident, workflow.timer, workflow.outbox, workflow.subscription',
        'pawl_worker: select, update on workflow.staff_load, workflow.role_token',
        'pawl_worker: select, insert, delete on workflow.staff_load_change',
        'pawl_worker: select, insert, delete on workflow.batch_winner, workflow.reservation, workflow.task_candidate',
        'pawl_worker: select, insert on workflow.command_id',
        'pawl_worker: insert on workflow.have_done_tasks, workflow.handed_on_tasks',
        'pawl_worker: select, delete, update (command_no) on workflow.submitted_command', -- nobody can write that column: to lock rows
        'pawl_worker: execute on function workflow.definition_store(text, int4, jsonb), '
            'workflow.definition_document(text, int4), workflow.institution_store(jsonb, int8, int8), workflow.people_store(jsonb, int8, int8), '
            'workflow.institution_document(), workflow.database_restored(uuid, uuid[], int4[], int8[]), '
            'workflow.rule_fault(text, text, text), '
            'workflow.rules_ask(text, bool, int8, text[], text[], workflow.rule_call[]), '
            'workflow.roster_make(text[], text[]), workflow.upkeep(interval, int4)',
        'pawl_reader: usage on schema workflow',
        'pawl_reader: select on workflow.process_list, workflow.instance_list, workflow.task_list, '
            'workflow.history_list, workflow.handed_on_list, workflow.incident_list, workflow.process_status, '
            'workflow.activity_status, workflow.sub_process_list, workflow.submitted_list',
        'pawl_reader: execute on function workflow.definition_document(text, int4), workflow.institution_document(), '
            'workflow.task_list_of(text), workflow.instance_needs(uuid), '
            'workflow.work_report(text[], timestamptz, timestamptz, text, text)',
        'pawl_submitter: usage on schema workflow',
        'pawl_submitter: execute on function workflow.submit_command(text, jsonb, text, text, jsonb)'];
    v_grant text;
begin
    foreach v_grant in array v_grants loop
        continue when not exists (select from pg_roles where rolname = split_part(v_grant, ': ', 1));
        execute format('grant %s to %I', split_part(v_grant, ': ', 2), split_part(v_grant, ': ', 1));
    end loop;
end
$$;
