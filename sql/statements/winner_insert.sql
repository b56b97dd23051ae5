-- winner_insert.sql - Branches that won. $1 instances, $2 batches, $3 branches, $4 or_merges.
insert into workflow.batch_winner (instance_id, serial_no, branch_no, act_id)
select * from unnest($1::uuid[], $2::int4[], $3::int4[], $4::text[]);
