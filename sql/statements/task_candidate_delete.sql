-- task_candidate_delete.sql - Tasks that are over or no user-defined group's any more. $1 instances, $2 numbers.
delete from workflow.task_candidate c
 using unnest($1::uuid[], $2::int4[]) as u (instance_id, n)
 where c.instance_id = any (array[u.instance_id])
   and c.n = u.n;
