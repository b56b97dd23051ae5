-- partition_settle.sql - What was published, when a worker gives partitions back (EOS-20): then the rows know it without
-- Kafka. $1 partitions, $2 epochs, $3 published numbers.
update workflow.partition p
   set published_number = u.published
  from unnest($1::int4[], $2::int8[], $3::int8[]) as u (partition, epoch, published)
 where p.partition = u.partition
   and p.epoch = u.epoch
   and p.published_number < u.published;
