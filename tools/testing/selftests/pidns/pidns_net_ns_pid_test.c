// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces by the number of a process: IFLA_NET_NS_PID and NETNSA_PID
 * look it up in the caller's namespace, and take that process's own set.
 */
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "pidns_reap_util.h"

struct request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct rtgenmsg gen;
	};
	char attrs[64];
};

static void request_add(struct request *req, int type, __u32 value)
{
	struct rtattr *attr = (void *)((char *)req + NLMSG_ALIGN(req->head.nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(sizeof(value));
	memcpy(RTA_DATA(attr), &value, sizeof(value));
	req->head.nlmsg_len = NLMSG_ALIGN(req->head.nlmsg_len) + attr->rta_len;
}

/* The answer's error, or its first attribute of @type. */
static int request_do(struct request *req, int type)
{
	int sk = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr head;
		char data[1024];
	} answer;
	struct rtattr *attr;
	int len, ret = -EIO;

	req->head.nlmsg_flags |= NLM_F_REQUEST;
	if (sk < 0 || send(sk, req, req->head.nlmsg_len, 0) != req->head.nlmsg_len ||
	    recv(sk, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.head)) {
		ret = -errno;
	} else if (answer.head.nlmsg_type == NLMSG_ERROR) {
		ret = ((struct nlmsgerr *)NLMSG_DATA(&answer.head))->error;
	} else {
		attr = (void *)((char *)NLMSG_DATA(&answer.head) +
				NLMSG_ALIGN(sizeof(struct rtgenmsg)));
		len = NLMSG_PAYLOAD(&answer.head, sizeof(struct rtgenmsg));
		for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
			if (attr->rta_type == type)
				ret = *(int *)RTA_DATA(attr);
	}
	close(sk);
	return ret;
}

/* Give the namespace of @pid the id @nsid. */
static int nsid_set(pid_t pid, int nsid)
{
	struct request req = {
		.head.nlmsg_type = RTM_NEWNSID,
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
		.head.nlmsg_flags = NLM_F_ACK,
	};

	request_add(&req, NETNSA_PID, pid);
	request_add(&req, NETNSA_NSID, nsid);
	return request_do(&req, 0);
}

static int nsid_get(pid_t pid)
{
	struct request req = {
		.head.nlmsg_type = RTM_GETNSID,
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
	};

	request_add(&req, NETNSA_PID, pid);
	return request_do(&req, NETNSA_NSID);
}

/* Try to put the loopback device, which stays where it is, into the namespace of @pid. */
static int loopback_move(pid_t pid)
{
	struct request req = {
		.head.nlmsg_type = RTM_SETLINK,
		.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		.head.nlmsg_flags = NLM_F_ACK,
		.link.ifi_index = 1,
	};

	request_add(&req, IFLA_NET_NS_PID, pid);
	return request_do(&req, 0);
}

TEST_F_TIMEOUT(pidns, net_namespace_by_number, NS_TIMEOUT)
{
	struct kid kid, other, child;
	pid_t pid;

	/* Ids are per namespace: use one that only this test sees. */
	if (unshare(CLONE_NEWNET))
		SKIP(return, "no network namespaces (CONFIG_NET_NS)");
	ASSERT_EQ(0, kid_hold(&other, CLONE_NEWPID | CLONE_NEWNET));
	EXPECT_EQ(0, nsid_set(other.pid, 7));
	EXPECT_EQ(7, nsid_get(other.pid));
	EXPECT_EQ(NETNSA_NSID_NOT_ASSIGNED, nsid_get(getpid()));
	EXPECT_EQ(-ESRCH, nsid_get(PID_MAX_LIMIT));
	EXPECT_EQ(-EINVAL, loopback_move(other.pid));
	EXPECT_EQ(0, loopback_move(getpid()));
	EXPECT_EQ(-ESRCH, loopback_move(PID_MAX_LIMIT));
	ASSERT_LE(0, kid_start(&kid, CLONE_NEWPID));
	if (!kid.pid) {
		/* The same network, but other numbers. */
		EXPECT_EQ(NETNSA_NSID_NOT_ASSIGNED, nsid_get(1));
		EXPECT_EQ(-ESRCH, nsid_get(77));
		EXPECT_EQ(-ESRCH, loopback_move(77));
		EXPECT_EQ(0, loopback_move(1));
		ASSERT_EQ(0, kid_hold(&child, CLONE_NEWNET));
		EXPECT_EQ(0, nsid_set(child.pid, 8));
		EXPECT_EQ(-EINVAL, loopback_move(child.pid));
		EXPECT_EQ(-ESRCH, nsid_get(child.pid + 1));
		kid_tell(&kid, child.pid);
		kid_hear(&kid);
		kid_stop(&child);
		EXPECT_EQ(-ESRCH, nsid_get(child.pid));
		kid_rest(&kid);
	}
	pid = pid_from(kid.pid, kid_hear(&kid));
	EXPECT_LT(kid.pid, pid);
	EXPECT_EQ(8, nsid_get(pid));
	kid_tell(&kid, 0);
	EXPECT_EQ(0, kid_hear(&kid));
	kid_stop(&kid);
	kid_stop(&other);
}

TEST_HARNESS_MAIN
