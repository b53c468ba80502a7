// SPDX-License-Identifier: GPL-2.0
/*
 * A bug of nsproxy.c: setns to a user and a mount namespace that has prepared
 * its credentials and then cannot copy the fs_struct leaks the credentials.
 */
#define NSPROXY_OWN_FIXTURE
#include "fault_util.h"

#define JOINED (CLONE_NEWUSER | CLONE_NEWNS)

/* Enough that other changes of the cache do not matter. */
#define FAILURES 1000

/* How often to look whether C has freed them after all. */
#define LOOKS 100

static const char * const paths_cache[] = { "fs_cache" };

/* Only the Rust implementation has this function. */
static bool is_rust(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	char line[512];
	bool found = false;

	while (symbols && !found && fgets(line, sizeof(line), symbols))
		found = strstr(line, " pidns_sysctl_init\n");
	if (symbols)
		fclose(symbols);
	return found;
}

static bool freed(long before)
{
	return slab_active("cred") - before < FAILURES / 2;
}

FIXTURE(credentials) {
	struct kid kid;
};

FIXTURE_SETUP(credentials)
{
	const char *lacking;

	if (geteuid())
		SKIP(return, "needs root");
	lacking = fault_setup();
	if (lacking)
		SKIP(return, "%s", lacking);
	if (slab_active("cred") < 0 || !fault_caches(paths_cache, 1, true))
		SKIP(return, "slab caches are merged (boot with slab_nomerge)");
	fault_caches(paths_cache, 1, false);
	ASSERT_EQ(0, kid_hold(&self->kid, JOINED));
}

FIXTURE_TEARDOWN(credentials)
{
	fault_always(false);
	fault_caches(paths_cache, 1, false);
	fault_teardown();
	kid_stop(&self->kid);
}

TEST_F_TIMEOUT(credentials, freed_when_copy_fs_struct_fails, NS_TIMEOUT)
{
	int i, failed = 0;
	long before;
	pid_t pid;

	/* Only the copy of the fs_struct fails. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(setns(self->kid.pidfd, JOINED) ? EXIT_FAILURE : EXIT_SUCCESS);
	ASSERT_EQ(0, wait_for_pid(pid));

	before = slab_active("cred");
	ASSERT_TRUE(fault_caches(paths_cache, 1, true));
	ASSERT_EQ(0, fault_always(true));
	for (i = 0; i < FAILURES; i++)
		if (setns(self->kid.pidfd, JOINED) && errno == ENOMEM)
			failed++;
	ASSERT_EQ(0, fault_always(false));
	EXPECT_EQ(FAILURES, failed);

	if (!is_rust()) {
		for (i = 0; i < LOOKS && !freed(before); i++)
			usleep(10000);
		if (!freed(before) && failed == FAILURES) {
			snprintf(_metadata->results->reason, sizeof(_metadata->results->reason),
				 "prepare_nsset() of nsproxy.c leaks them");
			_metadata->exit_code = KSFT_XFAIL;
			return;
		}
	}
	EXPECT_TRUE(eventually(freed(before))) {
		TH_LOG("from %ld to %ld credentials in %d failures",
		       before, slab_active("cred"), failed);
	}
}

TEST_HARNESS_MAIN
