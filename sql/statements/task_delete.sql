-- task_delete.sql - Tasks that are over leave the list. $1 instances, $2 numbers.
delete from workflow.to_do_task_list o
 using unnest($1::uuid[], $2::int4[]) as u (instance_id, n)
 where o.instance_id = any (array[u.instance_id])
   and o.n = u.n;
