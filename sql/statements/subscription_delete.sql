-- subscription_delete.sql - Subscriptions that were given up. $1 instances, $2 topics.
delete from workflow.subscription o
 using unnest($1::uuid[], $2::text[]) as u (instance_id, notifyto)
 where o.instance_id = any (array[u.instance_id])
   and o.notifyto = u.notifyto;
