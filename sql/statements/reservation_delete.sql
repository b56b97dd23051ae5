-- reservation_delete.sql - The command has arrived. $1 instances, $2 numbers, $3 commands.
delete from workflow.reservation r
 using unnest($1::uuid[], $2::int4[], $3::uuid[]) as u (instance_id, n, command_id)
 where r.instance_id = any (array[u.instance_id])
   and r.n = u.n
   and r.command_id = u.command_id;
