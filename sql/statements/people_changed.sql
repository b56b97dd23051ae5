-- people_changed.sql - What changed of the institution since a version, each object once, and how people are present now.
-- $1 version.
select c.kind, c.object_id, c.presence, s.logging_on, s.on_leave
  from (select c.kind, c.object_id, bool_and(c.presence is true) as presence
          from workflow.institution_change c
         where c.institution_version > $1::int8
         group by c.kind, c.object_id) as c
  left join workflow.staff s
    on s.staff_id = any (array[c.object_id])
   and c.kind = 'staff';
