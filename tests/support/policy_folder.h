/* A folder with the deployed tables of the law, for a test to change. One per process. */
#ifndef ANSINH_TESTS_SUPPORT_POLICY_FOLDER_H
#define ANSINH_TESTS_SUPPORT_POLICY_FOLDER_H

#define POLICY_FOLDER_PATH_BYTES 512

/* Makes the folder under /tmp and answers its path. */
const char *policy_folder_make(void);
void policy_folder_remove(void);

void policy_folder_path(const char *name, char ret[POLICY_FOLDER_PATH_BYTES]);

/* Writes a file of it anew; ~ stands for ". */
void policy_folder_put(const char *name, const char *text);

/* Writes a deployed file anew, with the first `old` replaced. */
void policy_folder_change(const char *name, const char *old, const char *new);

#endif
