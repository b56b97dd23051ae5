-- timer_next.sql - What falls due first in each partition, due or not yet. $1 partitions, $2 how many of each.
select t.partition, t.instance_id, t.n, t.kind, t.due_at, statement_timestamp()
  from unnest($1::int4[]) as u (partition)
 cross join lateral (
       select t.*
         from workflow.timer t
        where t.partition = u.partition
        order by t.partition, t.due_at
        limit $2::int4) as t
 order by t.due_at, t.instance_id, t.n;
