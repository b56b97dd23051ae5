-- partition_claim.sql - Claims partitions (EOS-3): locks and writes their rows, in order.  Tells too what was begun
-- there and has not come to an end (EOS-23): how many commands, and the record that was begun alone.
-- $1 partitions, $2 slot of the new owner or null.
  with mine as materialized (
       select p.partition, p.slot
         from unnest($1::int4[]) as u (partition)
         join workflow.partition p using (partition)
        order by p.partition
          for update of p
       )
update workflow.partition p
   set epoch = p.epoch + 1,
       tries = p.tries + 1,
       slot = $2::int4,
       backend_pid = pg_backend_pid(),
       backend_start = (select a.backend_start from pg_stat_activity a where a.pid = pg_backend_pid())
  from mine m
 where p.partition = m.partition
returning p.partition, p.epoch, p.positions, p.position_times, p.outbox_number, p.published_number, m.slot, p.tries,
          p.begun,
          case when p.suspect_offset >= p.positions[p.suspect_topic + 1] then p.suspect_topic end, p.suspect_offset;
