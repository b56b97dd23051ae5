-- partitions_set.sql - says how many partitions each command topic has.
--
-- Called by `pawl topics apply` before it makes the topics.  Makes the missing rows of
-- partition; locks the catalog's row.  The same number again changes nothing.
-- Raises invalid_parameter_value (22023) for less than 1 or less than before, and
-- object_not_in_prerequisite_state (55000) for another number while instances are open: an
-- instance's partition follows from the number.
create or replace function workflow.partitions_set(p_count int4)
returns void
language plpgsql volatile
set search_path = workflow, pg_temp
as $$
declare
    v_count int4;
begin
    select partitions into strict v_count from workflow.catalog for update;
    if p_count is null or p_count < 1 or p_count < v_count then
        raise invalid_parameter_value using message =
            format('the number of partitions cannot be %s: it is %s', coalesce(p_count::text, 'null'), v_count);
    end if;
    if v_count > 0 and p_count <> v_count
       and exists (select from workflow.instance where state not in ('completed', 'cancelled')) then
        raise object_not_in_prerequisite_state using
            message = format('the number of partitions cannot change from %s to %s while instances are open',
                             v_count, p_count),
            hint = 'Complete or cancel them first.';
    end if;

    insert into workflow.partition (partition)
    select generate_series(v_count, p_count - 1)
        on conflict do nothing;
    update workflow.catalog set partitions = p_count where partitions <> p_count;
end
$$;
comment on function workflow.partitions_set(int4) is 'Says how many partitions each command topic has.';
