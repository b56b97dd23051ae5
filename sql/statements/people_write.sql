-- people_write.sql - Stores presence and authorizations that changed. $1 what, $2 version, $3 the version before.
select workflow.people_store($1::text::jsonb, $2::int8, $3::int8);
