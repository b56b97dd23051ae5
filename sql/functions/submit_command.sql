-- submit_command.sql - submits a command within the caller's own transaction (EOS-25).
--
-- Called by applications, as members of pawl_submitter.  The command takes effect if and only if their transaction commits: then a
-- worker takes it and publishes it on the command topic, as if a client had sent it.  Returns its id; under an id that was applied
-- before it has no second effect.  What the data says is judged when the command is applied.
--
--   p_command  the command topic: init-instance, get-task, end-task, control or admin
--   p_data     the command, a JSON object
--   p_id       1 to 200 bytes; null: one is made
--   p_key      of the message, 1 to 200 bytes; null: it follows from the data
--   p_headers  further attributes of the envelope: {"source": "/crm", "correlationid": "order 7", "outcome": "rejected"}
--
-- Inserts one row and locks nothing that others wait for.  Raises invalid_parameter_value (22023).  It does not NOTIFY: that would
-- have the transactions of all applications commit one after the other.  Runs with its owner's rights, so that submitters need
-- none on the table.
create or replace function workflow.submit_command(
    p_command text, p_data jsonb, p_id text default null, p_key text default null, p_headers jsonb default null)
returns text
language plpgsql volatile security definer
set search_path = workflow, pg_temp
as $$
declare
    c_most    constant int4 := 900000; -- bytes: brokers take a million unless told otherwise
    c_control constant text := '[\u0001-\u001f\u007f-\u009f]';
    v_id      text := coalesce(p_id, gen_random_uuid()::text);
    v_key     text := coalesce(p_key, workflow.command_key(p_command, p_data));
    v_name    text;
    v_value   text;
    v_size    int4;
begin
    if p_command is null or p_command not in ('init-instance', 'get-task', 'end-task', 'control', 'admin') then
        raise invalid_parameter_value using
            message = format('there is no command "%s"', p_command),
            hint = 'Commands are init-instance, get-task, end-task, control and admin.';
    end if;
    for v_name, v_value in values ('data', jsonb_typeof(p_data)), ('headers', jsonb_typeof(coalesce(p_headers, '{}'))) loop
        if v_value is distinct from 'object' then
            raise invalid_parameter_value using
                message = format('the %s of a command must be a JSON object, not "%s"', v_name, coalesce(v_value, 'null'));
        end if;
    end loop;

    for v_name, v_value in
        select h.key, case jsonb_typeof(h.value) when 'string' then h.value #>> '{}' end from jsonb_each(p_headers) h
    loop
        if v_name !~ '^[a-z0-9]{1,20}$' or v_name in ('id', 'key', 'type', 'specversion', 'data', 'datacontenttype') then
            raise invalid_parameter_value using
                message = format('"%s" cannot be among the headers', left(v_name, 60)),
                hint = 'Headers are attributes of CloudEvents in lower case, without "ce_"; id and key are parameters.';
        elsif v_value is null or v_value = '' or v_value ~ c_control then
            raise invalid_parameter_value using
                message = format('"%s" must be a text without control characters', v_name);
        elsif v_name = 'replyto' and v_value !~ '^[a-zA-Z0-9._-]{1,249}$' then
            raise invalid_parameter_value using
                message = format('"replyto" must be the name of a topic, not "%s"', left(v_value, 60));
        elsif v_name = 'outcome' and v_value not in ('always', 'rejected') then
            raise invalid_parameter_value using
                message = format('"outcome" must be always or rejected, not "%s"', left(v_value, 60));
        end if;
    end loop;
    for v_name, v_value in
        values ('id', v_id), ('key', coalesce(v_key, '-')), ('source', coalesce(p_headers ->> 'source', '-')),
               ('correlationid', coalesce(p_headers ->> 'correlationid', '-'))
    loop
        if octet_length(v_value) not between 1 and 200 or v_value ~ c_control then
            raise invalid_parameter_value using
                message = format('"%s" must be a text of 1 to 200 bytes without control characters, not "%s"', v_name, left(v_value, 60));
        end if;
    end loop;

    v_size := octet_length(p_data::text) + coalesce(octet_length(p_headers::text), 0);
    if v_size > c_most then
        raise invalid_parameter_value using
            message = format('the command "%s" has %s bytes, more than %s', v_id, v_size, c_most);
    end if;
    insert into workflow.submitted_command (command, key, id, data, headers, size)
    values (p_command, v_key, v_id, p_data, p_headers, v_size);
    return v_id;
end
$$;
comment on function workflow.submit_command(text, jsonb, text, text, jsonb) is
    'Submits a command that takes effect if and only if the transaction commits; returns its id.';
revoke execute on function workflow.submit_command(text, jsonb, text, text, jsonb) from public;
