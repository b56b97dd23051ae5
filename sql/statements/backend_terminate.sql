-- backend_terminate.sql - Ends the recorded owners of partitions whose rows stay locked (EOS-5); pid and start time
-- must both fit, for pids are used again. $1 partitions.
select count(pg_terminate_backend(a.pid))
  from workflow.partition p
  join pg_stat_activity a
    on a.pid = p.backend_pid
   and a.backend_start = p.backend_start
 where p.partition = any ($1::int4[])
   and a.pid <> pg_backend_pid();
