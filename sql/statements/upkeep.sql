-- upkeep.sql - Partitions of the history made ahead, old ids forgotten. $1 days to keep ids, $2 most to forget.
select workflow.upkeep($1::int4 * interval '1 day', $2::int4);
