-- timer_delete.sql - What has fired or falls due no more. $1 instances, $2 task numbers, $3 kinds, $4 when they were due:
-- one that was set anew stays.
delete from workflow.timer o
 using unnest($1::uuid[], $2::int4[], $3::text[], $4::timestamptz[]) as u (instance_id, n, kind, due_at)
 where o.instance_id = any (array[u.instance_id])
   and o.n = u.n
   and o.kind = u.kind
   and o.due_at = u.due_at;
