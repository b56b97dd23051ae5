-- partition_suspect.sql - Notes that a command is begun alone, and says how often it was (EOS-23).  Commits by itself.
-- $1 partition, $2 epoch, $3 topic, $4 offset, $5 1, or -1 to take it back.
update workflow.partition p
   set suspect_tries = case when (p.suspect_topic, p.suspect_offset) = ($3::int4, $4::int8) then greatest(p.suspect_tries + $5::int4, 0)
                            else greatest($5::int4, 0) end,
       suspect_topic = $3,
       suspect_offset = $4
 where p.partition = $1::int4
   and p.epoch = $2::int8
returning p.suspect_tries;
