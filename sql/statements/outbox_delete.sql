-- outbox_delete.sql - Deletes what was published (EOS-15). $1 partitions, $2 published numbers.
delete from workflow.outbox o
 using unnest($1::int4[], $2::int8[]) as u (partition, published)
 where o.partition = any (array[u.partition])
   and o.number <= u.published;
