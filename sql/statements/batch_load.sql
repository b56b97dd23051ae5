-- batch_load.sql - Batches of a unit's instances, in order; not the first, which is always the same. $1 ids.
select u.i, b.serial_no, b.parent_serial_no, b.parent_branch_no, b.branches, b.opened_by, b.closed_by, b.by_all, b.opener
  from unnest($1::uuid[]) with ordinality as u (instance_id, i)
  join workflow.batch b
    on b.instance_id = any (array[u.instance_id])
 where b.serial_no > 1
 order by u.i, b.serial_no;
