-- rules_ask.sql - asks functions of the deployment's own, many questions at once (FWD-4, ASG-1).
--
-- Called by the worker in its unit of work, under its role.  A function can only read, and what it changes all the
-- same (settings, for one) is undone: it is called in a subtransaction that is read only and never
-- kept.  Its search_path is its own schema.
--
-- All questions for one function are one statement.  If that fails they are asked one by one, so a failure
-- is one question's alone.  The caller sets statement_timeout to p_limit; when it passes, the
-- questions that were answered are returned and the others are not: they are asked again, with
-- p_careful, one by one.  A question that alone took all the time has failed.
--
-- Returns for each answered question, by its number: whether it holds (pre rule), or the ids, or why it failed, and
-- whether for taking too long.
create or replace function workflow.rules_ask(p_schema text, p_careful bool, p_limit int8, p_kinds text[],
                                              p_functions text[], p_calls workflow.rule_call[])
returns table (no int4, holds bool, ids text[], error text, late bool)
language plpgsql volatile
set search_path = workflow, pg_temp
as $$
declare
    c_most    constant int4 := 10000; -- ids: no command may create more tasks
    -- The worker's session pins its plans (store/connection.c); those of others are the planner's own.
    v_begin   text := format('select set_config(s.name, s.value, true) from (values (''transaction_read_only'', ''on''), '
                                 '(''search_path'', %L), (''plan_cache_mode'', ''auto''), (''enable_seqscan'', ''on''), '
                                 '(''enable_bitmapscan'', ''on''), (''enable_hashjoin'', ''on''), '
                                 '(''enable_mergejoin'', ''on''), (''enable_memoize'', ''on'')) as s (name, value)',
                             quote_ident(p_schema) || ', pg_temp');
    v_careful bool := p_careful or cardinality(p_kinds) = 1;
    v_alone   bool := v_careful; -- whether the next question has had all the time
    v_group   record;
    v_name    text;
    v_at      int4;
begin
    late := false;
    for v_group in
        select q.kind, q.function, array_agg(q.i::int4 order by q.i) as numbers, array_agg(p_calls[q.i] order by q.i) as calls
          from unnest(p_kinds, p_functions) with ordinality as q (kind, function, i)
         group by q.kind, q.function
         order by min(q.i)
    loop
        v_name := format('%I.%I', p_schema, v_group.function);
        v_at := 0;
        error := workflow.rule_fault(p_schema, v_group.kind, v_group.function);
        if error is not null then
            foreach no in array v_group.numbers loop
                holds := null;
                ids := null;
                return next;
            end loop;
            continue;
        end if;

        if not v_careful then
            begin
                execute v_begin;
                if v_group.kind = 'pre rule' then
                    ids := null;
                    for no, holds in
                        execute format('select $1[i], %s($2[i]) from generate_subscripts($1, 1) as i', v_name)
                          using v_group.numbers, v_group.calls
                    loop
                        error := case when holds is null then 'it returned null' end;
                        return next;
                        v_at := v_at + 1;
                    end loop;
                else
                    holds := null;
                    for no, ids in
                        execute format('select $1[i], %s($2[i]) from generate_subscripts($1, 1) as i', v_name)
                          using v_group.numbers, v_group.calls
                    loop
                        error := case when ids is null or array_position(ids, null) is not null then 'it returned null'
                                      when cardinality(ids) > c_most then format('it returned more than %s ids', c_most)
                                 end;
                        return next;
                        v_at := v_at + 1;
                    end loop;
                end if;
                raise sqlstate 'PWLOK'; -- undoes what it did
            exception
                when sqlstate 'PWLOK' then
                    null;
                when query_canceled then
                    return;
                when assert_failure or others then
                    null; -- the rest one by one
            end;
        end if;

        while v_at < cardinality(v_group.numbers) loop
            v_at := v_at + 1;
            no := v_group.numbers[v_at];
            holds := null;
            ids := null;
            error := null;
            begin
                execute v_begin;
                if v_group.kind = 'pre rule' then
                    execute format('select %s($1)', v_name) into holds using v_group.calls[v_at];
                    error := case when holds is null then 'it returned null' end;
                else
                    execute format('select %s($1)', v_name) into ids using v_group.calls[v_at];
                    error := case when ids is null or array_position(ids, null) is not null then 'it returned null'
                                  when cardinality(ids) > c_most then format('it returned more than %s ids', c_most)
                             end;
                end if;
                raise sqlstate 'PWLOK';
            exception
                when sqlstate 'PWLOK' then
                    if holds is null and ids is null and error is null then
                        error := 'it returned null';
                    end if;
                when query_canceled then
                    if v_alone then
                        error := format('it takes longer than %s ms', p_limit);
                        late := true;
                        return next;
                    end if;
                    return; -- the time is up for the others too
                when assert_failure or others then
                    error := coalesce(nullif(left(sqlerrm, 300), ''), sqlstate);
            end;
            v_alone := false;
            return next;
        end loop;
    end loop;
end
$$;
comment on function workflow.rules_ask(text, bool, int8, text[], text[], workflow.rule_call[]) is
    'Asks user-defined functions; for the worker.';
