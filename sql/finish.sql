-- finish.sql - what every installation ends with, in the same transaction.

do $$ begin perform workflow.history_partitions_make(12); end $$;
