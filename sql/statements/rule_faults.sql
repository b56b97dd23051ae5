-- rule_faults.sql - why functions cannot be called as rules, null: they can (FWD-4, ASG-1).
-- $1 schema, and a row for each function: $2 kind, $3 name.
select q.i, workflow.rule_fault($1, q.kind, q.function)
  from unnest($2::text[], $3::text[]) with ordinality as q (kind, function, i)
 order by q.i;
