-- batch_put.sql - Batches that were opened or closed. Parameters: arrays, in the order of the columns.
insert into workflow.batch (instance_id, serial_no, parent_serial_no, parent_branch_no, branches, opened_by,
                            closed_by, by_all, opener)
select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::int4[]), unnest($4::int4[]), unnest($5::int4[]),
       unnest($6::int4[]), unnest($7::int4[]), unnest($8::bool[]), unnest($9::text[])
    on conflict (instance_id, serial_no) do update
   set branches = excluded.branches,
       closed_by = excluded.closed_by;
