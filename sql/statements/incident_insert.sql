-- incident_insert.sql - Incidents that were raised. Parameters: arrays, in the order of the columns.
insert into workflow.incident (instance_id, incident_id, date_created, n, attempt, code, detail)
select *
  from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int4[], $5::int4[], $6::text[], $7::text[]);
