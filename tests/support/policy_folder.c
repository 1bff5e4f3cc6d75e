#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/policy_folder.h"

#define DEPLOYED "deploy/policy"
#define FILE_BYTES 65536

static char folder[] = "/tmp/ansinh-law-XXXXXX";

void policy_folder_path(const char *name, char ret[POLICY_FOLDER_PATH_BYTES])
{
    assert_true(snprintf(ret, POLICY_FOLDER_PATH_BYTES, "%s/%s", folder, name) <
                POLICY_FOLDER_PATH_BYTES);
}

void policy_folder_put(const char *name, const char *text)
{
    char path[POLICY_FOLDER_PATH_BYTES];
    policy_folder_path(name, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (; *text != '\0'; text++)
        assert_int_not_equal(fputc(*text == '~' ? '"' : *text, file), EOF);
    assert_int_equal(fclose(file), 0);
}

void policy_folder_change(const char *name, const char *old, const char *new)
{
    static char text[FILE_BYTES], changed[2 * FILE_BYTES];
    char path[POLICY_FOLDER_PATH_BYTES];
    (void)snprintf(path, sizeof(path), DEPLOYED "/%s", name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    const char *at = strstr(text, old);
    assert_non_null(at);
    (void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, new,
                   at + strlen(old));
    policy_folder_put(name, changed);
}

const char *policy_folder_make(void)
{
    struct dirent *entry;
    assert_non_null(mkdtemp(folder));
    DIR *deployed = opendir(DEPLOYED);
    assert_non_null(deployed);
    while ((entry = readdir(deployed)) != NULL) {
        if (strstr(entry->d_name, ".json") != NULL)
            policy_folder_change(entry->d_name, "", "");
    }
    (void)closedir(deployed);
    return folder;
}

void policy_folder_remove(void)
{
    char path[POLICY_FOLDER_PATH_BYTES];
    struct dirent *entry;
    DIR *files = opendir(folder);
    assert_non_null(files);
    while ((entry = readdir(files)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        policy_folder_path(entry->d_name, path);
        assert_int_equal(unlink(path), 0);
    }
    (void)closedir(files);
    assert_int_equal(rmdir(folder), 0);
}
