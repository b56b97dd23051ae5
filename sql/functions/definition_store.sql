-- definition_store.sql - writes one version of a process from its definition file.
--
-- Called by the worker in the unit that applies deploy-process; the file has been checked by
-- then.  Writes process, activity, routing_rule, pre_rule, assgn_rule; raises the catalog's
-- definition_version and locks its row until the end of the transaction.
-- Raises serialization_failure (40001) if p_version is not above the last one: somebody else
-- deployed meanwhile.
create or replace function workflow.definition_store(p_process_id text, p_version int4, p_definition jsonb)
returns void
language plpgsql volatile security definer
set search_path = workflow, pg_temp
as $$
declare
    v_latest int4;
begin
    update workflow.catalog set definition_version = definition_version + 1;

    select coalesce(max(version), 0) into v_latest from workflow.process where process_id = p_process_id;
    if p_version <= v_latest then
        raise serialization_failure using message =
            format('process "%s" is at version %s, so version %s cannot be stored', p_process_id, v_latest, p_version);
    end if;

    insert into workflow.process (process_id, version, deployed_at, name, description, time_limit, content_hash)
    values (p_process_id, p_version, now(), p_definition ->> 'name', p_definition ->> 'description',
            p_definition -> 'time_limit', sha256(convert_to(p_definition::text, 'UTF8')));

    insert into workflow.activity (process_id, version, act_order, act_id, act_type, rule_applied, name,
                                   auto_executive, or_merge_flag, num_votes_needed, ex_pre_rule_func,
                                   ex_post_rule_func, inclusive, terminate, completion_flag, closes,
                                   check_every, time_limits, sub_process)
    select p_process_id, p_version, e.i, a.act_id, a.act_type, a.rule_applied, a.name,
           a.auto_executive, a.or_merge_flag, a.num_votes_needed, a.ex_pre_rule_func,
           a.ex_post_rule_func, a.inclusive, a.terminate, a.completion_flag, a.closes,
           a.check_every, a.time_limits, a.sub_process
      from jsonb_array_elements(p_definition -> 'activities') with ordinality as e (value, i)
     cross join lateral jsonb_populate_record(null::workflow.activity, e.value) as a;

    insert into workflow.routing_rule (process_id, version, rule_order, curr_act_id, pre_act_id, completion_flag,
                                       next_act_id_list, condition, is_default)
    select p_process_id, p_version, e.i, e.value ->> 'from', e.value ->> 'after', e.value ->> 'flag',
           array(select t.act_id
                   from jsonb_array_elements_text(e.value -> 'to') with ordinality as t (act_id, i)
                  order by t.i),
           e.value ->> 'condition', (e.value ->> 'default')::bool
      from jsonb_array_elements(p_definition -> 'routing') with ordinality as e (value, i);

    insert into workflow.pre_rule (process_id, version, rule_order, depnt_id, curr_act_id, pre_act_id,
                                   depnt_act_id, depnt_act_status)
    select p_process_id, p_version, e.i, n.i, e.value ->> 'act', e.value ->> 'after',
           n.value ->> 'act', n.value ->> 'status'
      from jsonb_array_elements(p_definition -> 'pre_rules') with ordinality as e (value, i)
     cross join lateral jsonb_array_elements(e.value -> 'needs') with ordinality as n (value, i);

    insert into workflow.assgn_rule (process_id, version, rule_order, act_id, based_on, dept_id, team_id, role_id,
                                     ex_func, method, presence, not_by, same_as)
    select p_process_id, p_version, e.i, e.value ->> 'act', (e.value ->> 'based_on')::workflow.based_on,
           e.value ->> 'department', e.value ->> 'team', e.value ->> 'role', e.value ->> 'function',
           (e.value ->> 'method')::workflow.method, (e.value ->> 'presence')::workflow.presence,
           case when e.value ? 'not_by'
                then array(select t.act_id
                             from jsonb_array_elements_text(e.value -> 'not_by') with ordinality as t (act_id, i)
                            order by t.i)
           end,
           e.value ->> 'same_as'
      from jsonb_array_elements(p_definition -> 'assignment') with ordinality as e (value, i);
end
$$;
comment on function workflow.definition_store(text, int4, jsonb) is
    'Writes one version of a process from its definition file.';
