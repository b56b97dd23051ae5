-- task_candidate_insert.sql - Who may take tasks of user-defined groups. Parameters: arrays, in the order of the columns
-- of u; a row for each task, its people joined by a character that no id has.
insert into workflow.task_candidate (instance_id, n, date_created, staff_id)
select u.instance_id, u.n, u.date_created, p.staff_id
  from unnest($1::uuid[], $2::int4[], $3::timestamptz[], $4::text[]) as u (instance_id, n, date_created, people)
 cross join lateral string_to_table(u.people, e'\x1f') as p (staff_id);
