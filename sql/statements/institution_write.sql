-- institution_write.sql - Stores the whole institution. $1 institution file, $2 version, $3 the version before.
select workflow.institution_store($1::text::jsonb, $2::int8, $3::int8);
