-- winner_load.sql - Winners at or_merges of a unit's instances, in order. $1 ids.
select u.i, w.serial_no, w.branch_no, w.act_id
  from unnest($1::uuid[]) with ordinality as u (instance_id, i)
  join workflow.batch_winner w
    on w.instance_id = any (array[u.instance_id])
 order by u.i, w.serial_no, w.act_id;
