-- load_change.sql - What a unit changed of loads that somebody counts. $1 people, $2 tasks more or fewer,
-- $3 when they were last assigned one. Takes a lock that only roster_make() waits for.
insert into workflow.staff_load_change (staff_id, change, last_assigned)
select u.staff_id, u.change, u.last_assigned
  from unnest($1::text[], $2::int4[], $3::timestamptz[]) as u (staff_id, change, last_assigned)
 where (select l.staff_id
          from workflow.staff_load l
         where l.staff_id = u.staff_id) is not null;
