-- partition_settle.sql - What was published, and where the topics are to be read on, when a worker gives partitions back
-- or has nothing to do (EOS-20): then the rows know it without Kafka. $1 partitions, $2 epochs, $3
-- published numbers, $4 positions (five to a partition, one after the other).
update workflow.partition p
   set published_number = greatest(p.published_number, u.published),
       positions = ($4::int8[])[(u.i - 1) * 5 + 1 : u.i * 5]
  from unnest($1::int4[], $2::int8[], $3::int8[]) with ordinality as u (partition, epoch, published, i)
 where p.partition = u.partition
   and p.epoch = u.epoch;
