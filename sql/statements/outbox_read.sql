-- outbox_read.sql - Outbox rows above a number, in order. $1 partition, $2 number, $3 how many.
select o.number, o.events
  from workflow.outbox o
 where o.partition = $1::int4
   and o.number > $2::int8
 order by o.number
 limit $3::int8;
