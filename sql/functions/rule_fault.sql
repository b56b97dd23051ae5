-- rule_fault.sql - why a function of the deployment's own cannot be called as a rule, or null.
--
-- p_kind is 'pre rule', 'post rule' or 'group'.  A function takes one workflow.rule_call; it returns boolean as a
-- pre rule, text[] otherwise, and the caller (who is asked for: the worker's role) may execute it.
create or replace function workflow.rule_fault(p_schema text, p_kind text, p_function text)
returns text
language plpgsql stable
set search_path = workflow, pg_temp
as $$
declare
    v_name    text := format('%I.%I', p_schema, p_function);
    v_returns regtype := case when p_kind = 'pre rule' then 'boolean' else 'text[]' end;
    v_found   record;
begin
    select p.oid, p.prorettype, p.proretset, p.prokind, n.oid as schema
      into v_found
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n
        on n.oid = p.pronamespace
     where n.nspname = p_schema
       and p.proname = p_function
       and p.proargtypes[0] = 'workflow.rule_call'::regtype
       and p.pronargs = 1;
    if not found then
        return format('there is no function %s(workflow.rule_call)', v_name);
    elsif v_found.prokind <> 'f' or v_found.proretset or v_found.prorettype <> v_returns then
        return format('%s(workflow.rule_call) does not return %s', v_name, v_returns);
    elsif not has_schema_privilege(v_found.schema, 'usage') or not has_function_privilege(v_found.oid, 'execute') then
        return format('%I may not call %s(workflow.rule_call)', current_user, v_name);
    end if;
    return null;
end
$$;
comment on function workflow.rule_fault(text, text, text) is
    'Why a user-defined function cannot be called as a rule, or null.';
