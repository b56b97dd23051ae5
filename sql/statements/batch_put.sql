-- batch_put.sql - Batches that were opened or closed. Parameters: arrays, in the order of the columns.
insert into workflow.batch (instance_id, serial_no, parent_serial_no, parent_branch_no, branches, opened_by,
                            closed_by, by_all, opener)
select *
  from unnest($1::uuid[], $2::int4[], $3::int4[], $4::int4[], $5::int4[], $6::int4[],
              $7::int4[], $8::bool[], $9::text[])
    on conflict (instance_id, serial_no) do update
   set branches = excluded.branches,
       closed_by = excluded.closed_by;
