-- slot_try.sql - Takes a slot if nobody holds it. $1 slot.
select pg_try_advisory_lock(1346459468, $1::int4);
