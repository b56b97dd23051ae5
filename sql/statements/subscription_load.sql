-- subscription_load.sql - Subscriptions to a unit's instances, in order. $1 ids.
select u.i, s.notifyto, s.filter::text, s.requester::text
  from unnest($1::uuid[]) with ordinality as u (instance_id, i)
  join workflow.subscription s
    on s.instance_id = any (array[u.instance_id])
 order by u.i, s.notifyto;
