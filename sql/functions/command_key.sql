-- command_key.sql - the key that a command's message should have, as a client would choose it.
--
-- Called by submit_command.  Reads and locks nothing.  Null where the data does not say, or says what cannot be a key: any
-- partition will do then, for the engine passes on what belongs elsewhere (EOS-6).
create or replace function workflow.command_key(p_command text, p_data jsonb)
returns text
language sql immutable
set search_path = workflow, pg_temp
as $$
    select k.key
      from (values (case
                        when p_command = 'admin' then
                            case p_data ->> 'operation'
                                when 'deploy-process' then p_data #>> '{definition,process_id}'
                                else 'institution'
                            end
                        when p_data ? 'instance_id' then lower(p_data ->> 'instance_id')
                        when p_data ? 'task_id' then lower(split_part(p_data ->> 'task_id', ':', 1))
                        when p_command = 'get-task' then p_data ->> 'staff_id'
                    end)) as k (key)
     where octet_length(k.key) between 1 and 200
       and k.key !~ '[\u0001-\u001f\u007f-\u009f]'
$$;
comment on function workflow.command_key(text, jsonb) is 'The key that a command''s message should have; null: none follows.';
revoke execute on function workflow.command_key(text, jsonb) from public;
