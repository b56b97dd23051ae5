-- rules_ask.sql - asks user-defined functions (FWD-4, ASG-1); one row for each id of an answer, at least one.
-- $1 schema, $2 careful, $3 limit in ms, and a row for each question: $4 kind, $5 function, $6 process, $7 version,
-- $8 instance, $9 task, $10 activity, $11 reached from, $12 flag, $13 arrivals, $14 entity, $15 variables.
select a.no, a.holds, u.id, a.error, a.late
  from workflow.rules_ask($1, $2, $3, $4::text[], $5::text[],
           array(select row(q.process_id, q.version, q.instance_id, q.task_n, q.act_id, q.pre_act_id, q.completion_flag,
                            q.arrivals, q.entity_id, q.variables::jsonb)::workflow.rule_call
                   from unnest($6::text[], $7::int4[], $8::uuid[], $9::int4[], $10::text[], $11::text[], $12::text[],
                               $13::int4[], $14::text[], $15::text[])
                        with ordinality as q (process_id, version, instance_id, task_n, act_id, pre_act_id,
                                              completion_flag, arrivals, entity_id, variables, i)
                  order by q.i)) as a
  left join lateral unnest(case when a.error is null then a.ids end) with ordinality as u (id, i)
    on true
 order by a.no, u.i;
