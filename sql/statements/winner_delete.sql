-- winner_delete.sql - Of instances that are over. $1 instances.
delete from workflow.batch_winner o
 using unnest($1::uuid[]) as u (instance_id)
 where o.instance_id = any (array[u.instance_id]);
