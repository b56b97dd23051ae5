-- subscription_put.sql - New or changed subscriptions. Parameters: arrays, in the order of the columns.
insert into workflow.subscription (instance_id, notifyto, filter, requester)
select u.instance_id, u.notifyto, u.filter::jsonb, u.requester::jsonb
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as u (instance_id, notifyto, filter, requester)
    on conflict (instance_id, notifyto) do update
   set filter = excluded.filter,
       requester = excluded.requester;
