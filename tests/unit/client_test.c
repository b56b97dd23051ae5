/* libpawl: settings. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "pawl.h"

Test(client, settings_without_a_value)
{
    static const char *const names[] = {"brokers", "timeout_ms", "kafka_config", "kafka.client.id", "nonsense"};
    pawl_settings *settings = pawl_settings_new();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_expect_eq(pawl_settings_set(settings, names[i], NULL), PAWL_INVALID);
        cr_expect_not_null(strstr(pawl_message(), ": no value"));
    }
    pawl_settings_free(settings);
}

Test(client, kafka_config_that_cannot_be_read)
{
    static const char text[] = "# of a test\nclient.id = x\n\x1b[2J\xff = geheim\n";
    pawl_settings *settings = pawl_settings_new();
    char path[] = "/tmp/pawl-client-XXXXXX";
    int file = mkstemp(path);

    cr_assert_eq(write(file, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close(file);
    cr_expect_eq(pawl_settings_set(settings, "kafka_config", "/tmp"), PAWL_INVALID);
    cr_expect_str_eq(pawl_message(), "kafka_config: could not read \"/tmp\": Is a directory");
    cr_expect_eq(pawl_settings_set(settings, "kafka_config", path), PAWL_INVALID);
    cr_expect_not_null(strstr(pawl_message(), ":3: not key=value"), "%s", pawl_message());
    unlink(path);
    pawl_settings_free(settings);
}
