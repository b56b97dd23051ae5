-- slot_release.sql - Gives a slot back. $1 slot.
select pg_advisory_unlock(1346459468, $1::int4);
