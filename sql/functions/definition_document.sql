-- definition_document.sql - the definition file of a process version, rebuilt from its rows.
--
-- Called by the worker when it meets a version that it does not know, and by clients.
-- Locks and writes nothing; null when there is no such version.  Arrays are in the file's order.  Runs with its
-- owner's rights, so that readers need none on the tables.
create or replace function workflow.definition_document(p_process_id text, p_version int4)
returns jsonb
language sql stable security definer
set search_path = workflow, pg_temp
as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'process_id', p.process_id,
        'name', p.name,
        'description', p.description,
        'time_limit', p.time_limit,
        'activities', (
            select jsonb_agg(to_jsonb(a) - '{process_id,version,act_order,num_votes_needed}'::text[]
                             || jsonb_build_object(
                                    'num_votes_needed',
                                    case when a.num_votes_needed ~ '%$' then to_jsonb(a.num_votes_needed)
                                         else to_jsonb(a.num_votes_needed::int4)
                                    end)
                             order by a.act_order)
              from workflow.activity a
             where a.process_id = p.process_id
               and a.version = p.version),
        'routing', (
            select jsonb_agg(jsonb_build_object('from', r.curr_act_id, 'after', r.pre_act_id,
                                                'flag', r.completion_flag, 'to', r.next_act_id_list,
                                                'condition', r.condition, 'default', r.is_default)
                             order by r.rule_order)
              from workflow.routing_rule r
             where r.process_id = p.process_id
               and r.version = p.version),
        'pre_rules', (
            select jsonb_agg(jsonb_build_object('act', r.curr_act_id, 'after', r.pre_act_id, 'needs', r.needs)
                             order by r.rule_order)
              from (select d.rule_order, d.curr_act_id, d.pre_act_id,
                           jsonb_agg(jsonb_build_object('act', d.depnt_act_id, 'status', d.depnt_act_status)
                                     order by d.depnt_id) as needs
                      from workflow.pre_rule d
                     where d.process_id = p.process_id
                       and d.version = p.version
                     group by d.rule_order, d.curr_act_id, d.pre_act_id) r),
        'assignment', (
            select jsonb_agg(jsonb_build_object('act', r.act_id, 'based_on', r.based_on, 'department', r.dept_id,
                                                'team', r.team_id, 'role', r.role_id, 'function', r.ex_func,
                                                'method', r.method, 'presence', r.presence,
                                                'not_by', r.not_by, 'same_as', r.same_as)
                             order by r.rule_order)
              from workflow.assgn_rule r
             where r.process_id = p.process_id
               and r.version = p.version)))
      from workflow.process p
     where p.process_id = p_process_id
       and p.version = p_version
$$;
comment on function workflow.definition_document(text, int4) is
    'The definition file of a process version, rebuilt from its rows.';
