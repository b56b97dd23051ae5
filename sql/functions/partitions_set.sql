-- partitions_set.sql - says how many partitions each command topic has, and which of them are this database's.
--
-- Called by `pawl topics apply` before it makes the topics.  $2 databases share the partitions, and this one is number $3
-- of them, from 0: it has every $2-th partition (both null: as it is; at first the only one).  Makes the missing rows
-- of partition; locks the catalog's row.  The same numbers again change nothing.
-- Raises invalid_parameter_value (22023) for less than 1 or less than before, for databases that have no partition or are
-- not numbered, and for other databases than before; object_not_in_prerequisite_state (55000) for another number of
-- partitions while instances are open: an instance's partition follows from the number.
create or replace function workflow.partitions_set(p_count int4, p_databases int4 default null, p_number int4 default null)
returns void
language plpgsql volatile
set search_path = workflow, pg_temp
as $$
declare
    v workflow.catalog%rowtype;
begin
    select * into strict v from workflow.catalog for update;
    p_databases := coalesce(p_databases, v.databases);
    p_number := coalesce(p_number, v.database_number);
    if p_count is null or p_count < 1 or p_count < v.partitions then
        raise invalid_parameter_value using message =
            format('the number of partitions cannot be %s: it is %s', coalesce(p_count::text, 'null'), v.partitions);
    end if;
    if p_databases not between 1 and p_count or p_number not between 0 and p_databases - 1 then
        raise invalid_parameter_value using message =
            format('of %s partitions, database %s of %s can have none', p_count, p_number, p_databases);
    end if;
    if v.partitions > 0 and (p_databases, p_number) <> (v.databases, v.database_number) then
        raise invalid_parameter_value using message =
            format('this is database %s of %s, and cannot become %s of %s', v.database_number, v.databases, p_number,
                   p_databases);
    end if;
    if v.partitions > 0 and p_count <> v.partitions
       and exists (select from workflow.instance where state not in ('completed', 'cancelled')) then
        raise object_not_in_prerequisite_state using
            message = format('the number of partitions cannot change from %s to %s while instances are open',
                             v.partitions, p_count),
            hint = 'Complete or cancel them first.';
    end if;

    insert into workflow.partition (partition)
    select p
      from generate_series(v.partitions, p_count - 1) as p
     where p % p_databases = p_number
        on conflict do nothing;
    update workflow.catalog
       set partitions = p_count, databases = p_databases, database_number = p_number
     where partitions <> p_count;
end
$$;
comment on function workflow.partitions_set(int4, int4, int4) is
    'Says how many partitions each command topic has, and which of them are this database''s.';
