-- timer_put.sql - What falls due now. Parameters: arrays, in the order of the columns.
insert into workflow.timer (instance_id, n, kind, due_at, partition)
select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::text[]), unnest($4::timestamptz[]), unnest($5::int4[])
    on conflict (instance_id, n, kind) do update
   set due_at = excluded.due_at;
