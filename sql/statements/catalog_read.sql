-- catalog_read.sql - The one row of the catalog.
select database_id, incarnation, partitions, institution_version, definition_version,
       cardinality(earlier_incarnations) > 0, starts_paused, databases, database_number
  from workflow.catalog;
