-- reservation_insert.sql - Reserves waiting tasks (EOS-6). A unique violation is a lost race: the unit is done again.
-- $1 instances, $2 numbers, $3 commands.
insert into workflow.reservation (instance_id, n, command_id)
select * from unnest($1::uuid[], $2::int4[], $3::uuid[]);
