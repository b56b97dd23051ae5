-- partition_epochs.sql - Whether somebody has decided about partitions that stand still (EOS-19): then their epoch is
-- another one. $1 partitions.
select p.partition, p.epoch
  from workflow.partition p
 where p.partition = any ($1::int4[]);
