-- partition_begun.sql - Notes how many commands of a partition are begun together (EOS-23).  Commits by itself.
-- $1 partition, $2 epoch, $3 commands.
update workflow.partition p
   set begun = $3::int4
 where p.partition = $1::int4
   and p.epoch = $2::int8
returning p.begun;
