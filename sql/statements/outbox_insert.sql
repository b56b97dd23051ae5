-- outbox_insert.sql - The events of a unit, a row for each partition. $1 partitions, $2 numbers, $3 events.
insert into workflow.outbox (partition, number, events)
select * from unnest($1::int4[], $2::int8[], $3::bytea[]);
