-- partition_advance.sql - The first statement of every unit (EOS-4): locks and writes the rows that are still owned, in
-- order, and reads the clock and the catalog's versions. $1 partitions, $2 epochs, $3 positions and
-- $4 their times (five to a partition, one after the other), $5 published numbers, $6 tries.
  with mine as materialized (
       select p.partition, u.i, u.published, u.tries
         from unnest($1::int4[], $2::int8[], $5::int8[], $6::int4[]) with ordinality as u (partition, epoch, published, tries, i)
         join workflow.partition p
           on p.partition = u.partition
          and p.epoch = u.epoch
        order by p.partition
          for update of p
       )
update workflow.partition p
   set outbox_number = p.outbox_number + 1,
       published_number = greatest(p.published_number, m.published),
       tries = m.tries,
       begun = 0,
       positions = ($3::int8[])[(m.i - 1) * 5 + 1 : m.i * 5],
       position_times = ($4::int8[])[(m.i - 1) * 5 + 1 : m.i * 5]
  from mine m
 where p.partition = m.partition
returning p.partition, p.outbox_number, clock_timestamp(),
          (select c.institution_version from workflow.catalog c),
          (select c.definition_version from workflow.catalog c);
