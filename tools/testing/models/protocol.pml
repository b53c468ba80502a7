/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How pids are allocated, linked and freed while the init of a namespace dies.
 *
 * Three namespaces, nested. Two clones, an exec by a thread that is not the leader, and
 * the zap of one or two of the namespaces. A scenario of models.toml says who does what:
 *
 * ZAP		level of the init that dies (1, 2)
 * A, B		level that the two clones allocate in; A's parent is outside of all
 * MEMBER	B's parent lives in this level, and is killed with it (else it is outside)
 * EXEC		level of a process with two threads, one of which execs
 * INIT2	level 2 has an init (else the first clone there makes it)
 * THREAD	the dying init's leader has exited, another thread is the last
 * NOMEM	a clone may have to preload a node
 *
 * The mistakes of models.toml are macros, too. Functions of the kernel are named where they are.
 */

#define LEVELS	3
#ifndef NRS
#define NRS	8	/* numbers 1..7 in each namespace */
#endif
#define INIT_NR	1

/* An entry of the table: nothing, reserved (NULL with IDR_FREE clear), or a pid. */
#define NONE		0
#define RESERVED	255

/* Tasks. At first a pid has the number of its task here. */
#define DYING	1	/* the init that dies */
#define LEADER	2	/* its leader, dead, with THREAD */
#define FIRST	3	/* the leader of the process that execs */
#define SECOND	4	/* the thread of it that does */
#define PARENT	5	/* B's parent, with MEMBER */
#define CHILD_A	6
#define CHILD_B	7
#define INNER	8	/* the init of level 2, with INIT2 */
#define OUTER	9	/* an init outside, to which nothing happens; it has no number here */
#define TASKS	10

typedef numbers {
	bool locked;		/* xa_lock of the IDR */
	bool adding;		/* PIDNS_ADDING */
	byte allocated;		/* pid_allocated without the flag */
	byte cursor;
	byte reaper;		/* child_reaper: a task */
	bool gone;		/* ghost: the zap has counted the last one */
	byte entry[NRS];
};
numbers ns[LEVELS];

typedef struct_pid {
	byte level;
	byte nr[LEVELS];
	byte task;		/* the list of PIDTYPE_PID */
	bool complete;		/* ghost: it has all numbers */
};
struct_pid spid[TASKS];

/* The field thread_pid. */
byte thread_pid[TASKS];
/* A fatal signal is pending. */
bool fatal[TASKS];
/* Task state: in prepare_to_wait(), or asleep. */
bool idle[TASKS];
/* A grace period after release_task() is over. */
bool released[TASKS];
/* exit_state of the process that execs, and whether its group exits. */
bool zombie;
bool group_exit;

bool writer;
byte readers;

/*
 * Whether the scan skips a task: none, since one with a fatal signal may be dying for an exec, which
 * passes its number on to another of its group.
 */
#ifndef SKIPS_THE_DYING
#define SKIP(t)	false
#else
#define SKIP(t)	fatal[t]
#endif

#define KILL(t)								\
	if								\
	:: (t) == FIRST || (t) == SECOND ->				\
		fatal[FIRST] = true; fatal[SECOND] = true; group_exit = true	\
	:: else -> fatal[t] = true					\
	fi

inline write_lock()
{
	atomic { !writer && readers == 0 -> writer = true }
}

inline read_lock()
{
	atomic { !writer -> readers++ }
}

/* ---- allocator.rs, raw/new_pid.rs ------------------------------------------------------- */

/* alloc_cyclic() at level l, with the lock held. The range is all numbers. */
inline reserve(p, l)
{
	d_step {
#ifndef FIRST_FORK_KEEPS_CURSOR
		if
		:: l == spid[p].level && ns[l].adding && ns[l].allocated == 0 -> ns[l].cursor = 1
		:: else
		fi;
#endif
		n = ns[l].cursor;
		i = 1;
		do
		:: i < NRS ->
			if
			:: n >= NRS -> n = 1
			:: else
			fi;
			if
			:: ns[l].entry[n] == NONE -> break
			:: else -> n++; i++
			fi
		:: else -> break
		od;
		/* There are enough. What is found used is published: no clone that may fail is seen. */
		assert(i < NRS);
		i = 1;
		do
		:: i < NRS -> assert(ns[l].entry[i] != RESERVED); i++
		:: else -> break
		od;
		ns[l].entry[n] = RESERVED;
		ns[l].cursor = n + 1;
		spid[p].nr[l] = n;
#ifdef PUBLISH_INCOMPLETE
		ns[l].entry[n] = p;
#endif
		n = 0;
		i = 0;
	}
}

/*
 * release(): frees the numbers from level `from` on inwards, and releases the locks. One step,
 * since nobody sees a part of it without a lock.
 */
inline undo(p, from, back)
{
	d_step {
		l = from;
		do
		:: l <= spid[p].level ->
#if defined(ROLLBACK_SKIPS_INNERMOST)
			if
			:: back || l != spid[p].level -> ns[l].entry[spid[p].nr[l]] = NONE
			:: else
			fi;
#elif defined(PRELOAD_LEAKS_NUMBERS)
			if
			:: !back -> ns[l].entry[spid[p].nr[l]] = NONE
			:: else
			fi;
#else
			ns[l].entry[spid[p].nr[l]] = NONE;
#endif
			if
			:: back -> ns[l].cursor = spid[p].nr[l]
			:: else
			fi;
			spid[p].nr[l] = 0;
			ns[l].locked = false;
			l++
		:: else -> break
		od;
		l = 0;
	}
}

inline unlock_all(lv)
{
	d_step {
		ns[0].locked = false;
		ns[1].locked = false;
		if
		:: lv == 2 -> ns[2].locked = false
		:: else
		fi
	}
}

/* Whether a namespace is dead, as publish() sees it. */
#define ALL_DEAD(lv) (!ns[0].adding || !ns[1].adding || (lv == 2 && !ns[2].adding))
#if defined(ADDING_UNCHECKED)
#define DEAD(lv) false
#elif defined(ADDING_INNERMOST_ONLY)
#define DEAD(lv) (!ns[lv].adding)
#elif defined(CHECKED_BEFORE_LOCKED)
#define DEAD(lv) dead
#else
#define DEAD(lv) ALL_DEAD(lv)
#endif

/* alloc_pid(): the result is in `failed`. */
inline alloc_pid(p, lv)
{
	spid[p].level = lv;
again:
	l = lv;
#ifdef CHECKED_BEFORE_LOCKED
	dead = ALL_DEAD(lv);
#endif
#ifdef LOCK_ORDER
	/* One of the clones locks from the outermost on. */
	if
	:: p == CHILD_B ->
		atomic { !ns[0].locked -> ns[0].locked = true };
		atomic { !ns[1].locked -> ns[1].locked = true }
	:: else
	fi;
#endif
	do
	:: true ->
		atomic {
#ifdef LOCK_ORDER
			if
			:: p != CHILD_B -> !ns[l].locked; ns[l].locked = true
			:: else
			fi;
#else
			!ns[l].locked;
			ns[l].locked = true;
#endif
#ifdef NOMEM
			if
			:: !preloaded ->
				/* preload() */
				preloaded = true;
				ns[l].locked = false;
				undo(p, l + 1, true);
				goto again
			:: true
			fi;
#endif
			reserve(p, l);
#ifdef LOCK_DROPPED_EARLY
			ns[l].locked = false;
#endif
			if
#ifndef FIRST_PID_NOT_1
			:: spid[p].nr[l] != INIT_NR && ns[l].reaper == 0 ->
				/* EINVAL: only another first fork may be the reason. */
				assert(ns[l].allocated > 0);
				undo(p, l, false);
				failed = true;
				break
#endif
			:: else
			fi;
			if
			:: l == 0 -> break
			:: else -> l--
			fi
		}
	od;
	/* publish(): with all locks held, the last of which are released with the last entry. */
	l = lv;
	do
	:: atomic {
		if
		:: !failed && l == lv && DEAD(lv) -> undo(p, 0, false); failed = true
		:: else
		fi;
		if
		:: failed -> break
		:: else
		fi;
#ifdef UNLOCKED_BEFORE_PUBLISHED
		unlock_all(lv);
#endif
		d_step {
			spid[p].complete = true;
			/* The init of a namespace that has counted the last one gets no other. */
			assert(!ns[l].gone);
#ifdef PUBLISH_SKIPS_LEVEL_1
			if
			:: l != 1 -> ns[l].entry[spid[p].nr[l]] = p
			:: else
			fi;
#else
			ns[l].entry[spid[p].nr[l]] = p;
#endif
#ifdef PID_COUNTED_TWICE
			ns[l].allocated++;
#endif
			ns[l].allocated++;
		}
		if
		:: l > 0 -> l--
		:: else -> unlock_all(lv); break
		fi
	   }
	od;
	atomic { l = 0; n = 0; i = 0 }
}

/* wake_reaper(), under the lock of the namespace. */
inline wake_reaper(l, left)
{
	if
#if defined(WAKE_UP_LOST)
	:: false
#elif defined(WAKE_UP_LOST_THREAD)
	:: !ns[l].adding && left == 1 ->
#elif defined(WAKES_WHATEVER_IS_LEFT)
	:: !ns[l].adding ->
#else
	:: !ns[l].adding && (left == 1 || left == 2) ->
#endif
#ifndef WAKE_UP_LOST
		/* The task is still there. */
		assert(!released[ns[l].reaper]);
		idle[ns[l].reaper] = false
#endif
	:: else
	fi
}

/*
 * free_pid(). What is done under the lock of one namespace is one step: all that is seen without
 * that lock is the count, and an entry whose pid has no task.
 */
inline free_pid(p)
{
	l = 0;
	do
	:: l <= spid[p].level ->
		atomic {
			!ns[l].locked;
			ns[l].allocated--;
#ifndef WOKEN_TOO_LATE
			wake_reaper(l, ns[l].allocated);
#endif
#ifdef NUMBER_NOT_FREED
			if
			:: l != spid[p].level -> ns[l].entry[spid[p].nr[l]] = NONE
			:: else -> ns[l].entry[spid[p].nr[l]] = RESERVED
			fi;
#else
			ns[l].entry[spid[p].nr[l]] = NONE;
#endif
#ifdef WOKEN_TOO_LATE
			n = ns[l].allocated;
		}
		atomic {
			wake_reaper(l, n);
			n = 0;
#endif
			spid[p].nr[l] = 0;
			l++
		}
	:: else -> break
	od;
	l = 0
}

/* ---- fork.c ----------------------------------------------------------------------------- */

/* copy_process() with the child p of `parent` in the namespace at level lv. */
inline copy_process(p, lv, parent)
{
	alloc_pid(p, lv);
	if
	:: failed
	:: else ->
		/* What fails between alloc_pid() and the lock. */
		if
		:: failed = true
		:: write_lock();
			l = lv;
			do
#ifndef LINKED_WITHOUT_CHECK
			:: !ns[l].adding -> failed = true; break
#endif
			:: else ->
				if
#ifdef LINK_CHECKS_OWN_LEVEL
				:: true -> break
#else
				:: l == 0 -> break
				:: l > 0 -> l--
#endif
				fi
			od;
			atomic {
				if
				:: failed
				:: !failed && parent != 0 && fatal[parent] -> failed = true
				:: else ->
					spid[p].task = p;
					thread_pid[p] = p;
					if
					:: spid[p].nr[lv] == INIT_NR -> ns[lv].reaper = p
					:: else
					fi;
					/* Nobody lives in a namespace without an init. */
					assert(ns[lv].reaper != 0)
				fi;
				l = 0;
				writer = false
			}
		fi;
		if
		:: failed -> free_pid(p)
		:: else -> run child(p)
		fi
	fi
}

/* ---- exit.c ----------------------------------------------------------------------------- */

/*
 * release_task(): detach_pid() under tasklist_lock, then free_pids(). A pid that still has a task
 * is not freed.
 */
inline release_task(t)
{
	atomic {
		write_lock();
		/* detach_pid(): the task leaves the list that it is on. */
		p = 1;
		do
		:: p < TASKS ->
			if
			:: spid[p].task == t -> spid[p].task = 0
			:: else
			fi;
			p++
		:: else -> break
		od;
		p = thread_pid[t];
		if
		:: spid[p].task != 0 -> p = 0
		:: else
		fi;
		writer = false
	}
	if
	:: p != 0 -> free_pid(p)
	:: else
	fi;
	atomic { released[t] = true; p = 0 }
}

/* zap_pid_ns_processes() by the task t, in the namespace at level z. */
inline zap(z, t, own)
{
#ifndef DISABLE_LATE
	/* disable_pid_allocation() */
	atomic { !ns[z].locked -> ns[z].adding = false }
#endif
	read_lock();
scan:
#ifdef ZAP_SKIPS_FIRST
	n = 3;
#else
	n = 2;
#endif
	found = false;
	do
	:: n < NRS ->
		/* find_ge(); tasks and links do not change under tasklist_lock. */
		atomic {
			p = ns[z].entry[n];
			if
			:: p != NONE && p != RESERVED ->
				/* What can be found has all its numbers. */
				assert(spid[p].complete);
				p = spid[p].task;
				if
				:: p != 0 && p != t && !SKIP(p) ->
					found = true;
					KILL(p)
				:: else
				fi
			:: else
			fi;
			p = 0;
#ifdef ZAP_SKIPS_NEXT
			n = n + 2;
#else
			n++;
#endif
		}
		/* The kernel holds the lock for a batch of numbers. */
		readers--;
		read_lock()
	:: else -> break
	od;
#ifdef REPEAT
	if
	:: found -> goto scan
	:: else
	fi;
#endif
	atomic { readers--; n = 0; found = false }
#ifdef DISABLE_LATE
	atomic { !ns[z].locked -> ns[z].adding = false }
#endif
	/* Reaping children waits for what the following waits for as well. */
#ifndef IDLE_AFTER_CHECK
	idle[t] = true;
#endif
	do
#ifndef ZAP_NO_WAIT
	:: ns[z].allocated == (own) -> break
#else
	:: true -> break
#endif
	:: else ->
#ifdef IDLE_AFTER_CHECK
		idle[t] = true;
#endif
		/* schedule() */
		!idle[t];
#ifndef IDLE_AFTER_CHECK
		idle[t] = true
#endif
	od;
	atomic {
		idle[t] = false;
		ns[z].gone = true;
		/* No process has survived, and no pid is to come. */
		n = 1;
		do
		:: n < TASKS ->
			assert(spid[n].task == 0 || spid[n].nr[z] == 0 || spid[n].task == t ||
			       spid[n].task == LEADER);
			n++
		:: else -> break
		od;
		n = 0
	}
}

/* A new process: it lives until it is killed, and dies as the init of level 2 if it is that. */
proctype child(byte t)
{
	byte l, n, i, p;
	bool found;

end:	fatal[t];
	if
	:: ns[2].reaper == t -> zap(2, t, 1)
	:: else
	fi;
	release_task(t)
}

proctype dying()
{
	byte l, n, i, p;
	bool found;

#ifdef THREAD
#ifdef ZAP_LEADER_UNCOUNTED
	zap(ZAP, DYING, 1);
#else
	zap(ZAP, DYING, 2);
#endif
	release_task(DYING);
	/* The last thread is gone: its leader's parent reaps the leader. */
	release_task(LEADER)
#else
	zap(ZAP, DYING, 1);
	release_task(DYING)
#endif
}

/* ---- exec.c ----------------------------------------------------------------------------- */

/* The leader exits when it is killed, and stays a zombie until the other thread is gone. */
proctype first()
{
end:	fatal[FIRST];
	atomic { write_lock(); zombie = true; writer = false }
}

/* de_thread() by the other thread. */
proctype second()
{
	byte l, n, i, p;
	bool execs;

	/* zap_other_threads() */
end:	atomic {
		if
		:: !group_exit -> fatal[FIRST] = true
		:: fatal[SECOND]
		fi
	}
	if
	:: fatal[SECOND]
	:: atomic {
		zombie && !writer && readers == 0 ->
		/* exchange_tids() */
#ifndef EXCHANGE_KEEPS_LISTS
		spid[FIRST].task = SECOND;
		spid[SECOND].task = FIRST;
#endif
#ifndef EXCHANGE_KEEPS_NR
		thread_pid[FIRST] = SECOND;
		thread_pid[SECOND] = FIRST;
#endif
		execs = true
	   }
	fi;
	if
	:: execs -> release_task(FIRST)
	:: else
	fi;
end2:	fatal[SECOND];
	if
	:: execs -> release_task(SECOND)
	:: else ->
		zombie;
		release_task(SECOND);
		release_task(FIRST)
	fi
}

/* ---- who clones ------------------------------------------------------------------------- */

proctype clone(byte t, lv, parent)
{
	byte l, n, i, p;
	bool failed, preloaded, dead;

	copy_process(t, lv, parent);
	if
	:: parent != 0 ->
end:		fatal[parent];
		release_task(parent)
	:: else
	fi
}

/* ---- the beginning and the end ---------------------------------------------------------- */

inline place(t, lv)
{
	spid[t].level = lv;
	spid[t].task = t;
	spid[t].complete = true;
	thread_pid[t] = t;
	l = 0;
	do
	:: l <= lv ->
		n = ns[l].cursor;
		ns[l].entry[n] = t;
		ns[l].cursor = n + 1;
		ns[l].allocated++;
		spid[t].nr[l] = n;
		l++
	:: else -> break
	od
}

init
{
	byte l, n;

	d_step {
		l = 0;
		do
		:: l < LEVELS -> ns[l].adding = true; ns[l].cursor = 1; l++
		:: else -> break
		od;
		ns[0].reaper = OUTER;
#if ZAP == 2
		ns[1].reaper = OUTER;
#endif
#ifdef THREAD
		place(LEADER, ZAP);
#endif
		place(DYING, ZAP);
		ns[ZAP].reaper = DYING;
#ifdef INIT2
		place(INNER, 2);
		ns[2].reaper = INNER;
#endif
#ifdef EXEC
		place(FIRST, EXEC);
		place(SECOND, EXEC);
#endif
#ifdef MEMBER
		place(PARENT, MEMBER);
#endif
	}
	atomic {
		run dying();
#ifdef INIT2
		run child(INNER);
#endif
#ifdef EXEC
		run first();
		run second();
#endif
		run clone(CHILD_A, A, 0);
#ifdef MEMBER
		run clone(CHILD_B, B, PARENT);
#else
		run clone(CHILD_B, B, 0);
#endif
	}
	/* When nothing more can happen, each entry is the pid of a task, and counted. */
	timeout;
	d_step {
		l = 0;
		do
		:: l < LEVELS ->
			assert(!ns[l].locked);
			n = 1;
			do
			:: n < NRS ->
				assert(ns[l].entry[n] != RESERVED);
				if
				:: ns[l].entry[n] != NONE ->
					assert(spid[ns[l].entry[n]].task != 0);
					ns[l].allocated--
				:: else
				fi;
				n++
			:: else -> break
			od;
			assert(ns[l].allocated == 0);
			l++
		:: else -> break
		od
	}
}
