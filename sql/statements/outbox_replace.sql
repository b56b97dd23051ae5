-- outbox_replace.sql - Replaces events that cannot be published (EOS-14), if the partition is still owned. $1 partition,
-- $2 epoch, $3 number, $4 events.
update workflow.outbox o
   set events = $4::bytea
 where o.partition = $1::int4
   and o.number = $3::int8
   and exists (select
                 from workflow.partition p
                where p.partition = $1::int4
                  and p.epoch = $2::int8
                  for share)
returning o.number;
