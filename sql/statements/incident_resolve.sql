-- incident_resolve.sql - Incidents that are no more. $1 instances, $2 ids, $3 since when.
update workflow.incident o
   set date_resolved = u.date_resolved
  from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as u (instance_id, incident_id, date_resolved)
 where o.instance_id = any (array[u.instance_id])
   and o.incident_id = u.incident_id;
