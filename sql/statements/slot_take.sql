-- slot_take.sql - Takes the lowest free slot (EOS-13); no row when all 1000 are held.
select s.slot
  from generate_series(0, 999) as s (slot)
 where pg_try_advisory_lock(1346459468, s.slot)
 limit 1;
