-- timer_put.sql - What falls due now. Parameters: arrays, in the order of the columns.
insert into workflow.timer (instance_id, n, kind, due_at, partition)
select *
  from unnest($1::uuid[], $2::int4[], $3::text[], $4::timestamptz[], $5::int4[])
    on conflict (instance_id, n, kind) do update
   set due_at = excluded.due_at;
