-- restored_accept.sql - Accepts a restored database unasked (EOS-21, on_restore). $1 the incarnation that was seen, $2
-- partitions, $3 the numbers published last from them, $4 the incarnations found with them, as text.
select workflow.database_restored($1::uuid, $4::text[]::uuid[], $2::int4[], $3::int8[]);
