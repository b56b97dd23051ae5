-- database_restored.sql - accepts that the database was restored to an earlier time (EOS-21).
--
-- Called by `pawl db restored`, and by a worker whose setting on_restore says so.  $1 is the
-- incarnation that the caller saw: if the catalog has another one, somebody was faster and nothing changes.  $2 are
-- the incarnations found in the group's offsets, $3 and $4 partitions and the numbers published
-- last from them.  Gives the database a new incarnation, raises the numbers of the partitions and takes them from their
-- owners; locks the catalog's row and the partitions' rows, in order.  Returns the incarnation.
create or replace function workflow.database_restored(
    p_incarnation uuid, p_found uuid[], p_partitions int4[], p_numbers int8[])
returns uuid
language plpgsql volatile security definer
set search_path = workflow, pg_temp
as $$
declare
    v_incarnation uuid;
begin
    select incarnation into strict v_incarnation from workflow.catalog for update;
    if v_incarnation <> p_incarnation then
        return v_incarnation;
    end if;

    update workflow.catalog
       set earlier_incarnations = (select array_agg(distinct id)
                                     from unnest(earlier_incarnations || p_found || incarnation) as u (id)),
           incarnation = gen_random_uuid()
    returning incarnation into v_incarnation;

    perform from workflow.partition order by partition for update;
    update workflow.partition p
       set outbox_number = greatest(p.outbox_number, coalesce(u.number, 0)),
           published_number = greatest(p.published_number, coalesce(u.number, 0)),
           epoch = p.epoch + 1
      from workflow.partition q
      left join unnest(p_partitions, p_numbers) as u (partition, number) using (partition)
     where p.partition = q.partition;
    return v_incarnation;
end
$$;
comment on function workflow.database_restored(uuid, uuid[], int4[], int8[]) is
    'Accepts that the database was restored to an earlier time.';
