/* From a command to the counter: commit, events, journal read-back, and the flush with its
 * checkpoint and fence, with every crash in between (docs/architecture.md, sections 4, 6 and 8).
 *
 * Checked over all interleavings: a command is in the journal exactly once however often it is
 * repeated; what was acknowledged is in it; each entry is counted exactly once, up to the
 * checkpoint, at every moment; and in the end all of them are.
 *
 * Two callers, N commands, one partition, two consumers in dispute over the lease. FAULTS faults: a
 * caller, a service, an answer or a consumer dies, or views goes back to what it had synced. Frames
 * need no faults: any entry may reach any consumer at any time, often, or never. Each define in
 * capitals takes a safeguard away; the check must then find an error (check). */

#ifndef N
#define N 3
#endif
#ifndef FAULTS
#define FAULTS 3
#endif
#ifndef LEASES
#define LEASES 4 /* take-overs */
#endif

#define BIT(e) (1 << ((e) - 1))
#define UP_TO(n) ((1 << (n)) - 1)

byte faults = FAULTS;

/* The ledger. */
byte n_journal;
byte committed; /* a bit per command: its answer is stored */
byte acknowledged;
#ifdef NO_SYNC
byte last; /* the command of the last entry */
#endif

/* The views: which entries were counted, and which more than once; what the last sync has of it. */
byte once, twice, checkpoint, flushes, epoch;
byte synced_once, synced_checkpoint, synced_flushes, synced_epoch;
byte clock_epoch; /* epochs come from the clock: none is given twice */
byte given;       /* the epoch given in this life of views */

byte n_callers = 2, n_consumers = 2; /* that still run */

#define IS_EXACT (twice == 0 && once == UP_TO(checkpoint))

/* --- callers and services --- */

inline commit(id)
{
	if
#ifndef NO_STORED_ANSWER
	:: committed & BIT(id) /* the stored answer */
	:: else ->
#else
	:: true ->
#endif
		assert(!(committed & BIT(id)));
		committed = committed | BIT(id);
#ifdef NO_SYNC
		last = id;
#endif
		n_journal++
	fi
}

proctype Caller(byte first; byte end)
{
	byte id = first;
	do
#ifdef ANSWER_FIRST
	:: atomic { id <= end -> acknowledged = acknowledged | BIT(id) };
		if
		:: atomic { faults > 0 -> faults--; id++ } /* the service died before its commit */
		:: atomic { commit(id); id++ }
		fi
#else
	:: atomic { id <= end -> commit(id) };
		if
		:: atomic { faults > 0 -> faults-- } /* nobody hears of it; the caller repeats */
		:: atomic { acknowledged = acknowledged | BIT(id); id++ }
		fi
#endif
	:: atomic { id > end -> n_callers--; break }
	od
}

#ifdef NO_SYNC
/* The ledger's power fails, and it had not synced the last entry. */
active proctype Power()
{
	if
	:: atomic {
		faults > 0 && n_journal > 0 && last > 0 ->
		faults--;
		n_journal--;
		committed = committed & ~BIT(last);
		last = 0
	   }
	:: true
	fi
}
#endif

/* --- consumers --- */

/* In memory: the next entry, what is applied and not flushed, early entries. */
byte next[2], pending[2], aside[2];

inline apply(me, e)
{
	pending[me] = pending[me] | BIT(e);
	next[me] = e + 1
}

inline apply_aside(me)
{
	do
	:: next[me] <= N && (aside[me] & BIT(next[me])) ->
		aside[me] = aside[me] & ~BIT(next[me]);
		apply(me, next[me])
	:: else -> break
	od;
	skip
}

/* A frame. */
inline offer(me, e)
{
	if
#ifdef COUNT_REPEATS
	:: e < next[me] -> pending[me] = pending[me] | BIT(e)
#else
	:: e < next[me] /* a repetition */
#endif
	:: e == next[me] -> apply(me, e); apply_aside(me)
	:: e > next[me] ->
#ifdef DROP_ON_HOLE
		apply(me, e)
#else
		aside[me] = aside[me] | BIT(e)
#endif
	fi
}

/* What the journal has, after a hole or a sweep. */
inline read_back(me)
{
	do
	:: next[me] <= n_journal -> apply(me, next[me])
	:: else -> break
	od;
	aside[me] = 0
}

/* Before views changes: what was there may be on its disk by now. */
inline may_sync()
{
	if
	:: synced_once = once; synced_checkpoint = checkpoint;
	   synced_flushes = flushes; synced_epoch = epoch
	:: true
	fi
}

#ifdef NO_EPOCH
#define IS_LEADER(mine) true
#else
#ifdef LEASE_OUTLIVES_VIEWS
#define IS_LEADER(mine) (epoch == mine)
#else
#define IS_LEADER(mine) (epoch == mine && given == mine)
#endif
#endif

#ifdef NO_FLUSH_NUMBER
#define IS_NEXT(n) true
#else
#define IS_NEXT(n) (flushes == n)
#endif

proctype Consumer(byte me)
{
	byte my_epoch, my_flushes;
	bool is_done, is_repeated;
start:
	atomic { /* an empty memory, the lease */
		aside[me] = 0; pending[me] = 0; next[me] = 0; is_done = false; is_repeated = false;
		my_epoch = 0; my_flushes = 0;
		if
		:: clock_epoch < LEASES -> may_sync(); clock_epoch++; epoch = clock_epoch; given = epoch
		:: else -> goto gone
		fi;
		my_epoch = epoch;
		my_flushes = flushes
	}
	next[me] = checkpoint + 1;
	do
	:: d_step { n_journal >= 1 -> offer(me, 1); skip }
	:: d_step { n_journal >= 2 -> offer(me, 2); skip }
	:: d_step { n_journal >= 3 -> offer(me, 3); skip }
	:: d_step { next[me] <= n_journal -> read_back(me); skip }
	:: pending[me] != 0 ->
flush:
		atomic {
			is_done = false;
			if
			:: IS_LEADER(my_epoch) && IS_NEXT(my_flushes) ->
				may_sync();
				twice = twice | (once & pending[me]);
				once = once | pending[me];
				is_done = true;
#ifndef SPLIT_CHECKPOINT
				checkpoint = next[me] - 1;
				flushes++;
				assert(IS_EXACT)
#endif
			:: else -> is_done = IS_LEADER(my_epoch) && is_repeated && flushes == my_flushes + 1
			fi
		}
#ifdef SPLIT_CHECKPOINT
		if
		:: atomic { is_done -> checkpoint = next[me] - 1; flushes++; assert(IS_EXACT) }
		:: atomic { is_done && faults > 0 -> faults--; goto start } /* died between the two */
		:: !is_done
		fi;
#endif
		if
		:: atomic { faults > 0 -> faults--; is_repeated = true; goto flush } /* no answer came */
		:: atomic { is_done -> pending[me] = 0; my_flushes++; is_repeated = false; is_done = false }
		:: !is_done -> goto start /* fenced, or stale */
		fi
	:: atomic { faults > 0 -> faults--; goto start } /* died */
	:: atomic { true -> goto gone }
	od;
gone:
	atomic {
		aside[me] = 0; pending[me] = 0; next[me] = 0; my_epoch = 0; my_flushes = 0;
		n_consumers--
	}
}

/* Views dies and goes back, with all that it has, to what it had synced. */
active proctype Views()
{
	do
	:: atomic {
		faults > 0 && n_consumers > 0 -> faults--;
		once = synced_once; checkpoint = synced_checkpoint;
		flushes = synced_flushes; epoch = synced_epoch;
		given = 0;
		assert(IS_EXACT)
	   }
	:: n_consumers == 0 -> break
	od
}

/* When all is over: one more consumer, without trouble, counts to the end. */
active proctype End()
{
	atomic {
		n_callers == 0 && n_consumers == 0;
		assert((acknowledged & ~committed) == 0);
		assert(acknowledged == UP_TO(N) && n_journal == N);
		assert(IS_EXACT);
		next[0] = checkpoint + 1;
		read_back(0);
		twice = twice | (once & pending[0]);
		once = once | pending[0];
		assert(twice == 0 && once == UP_TO(N))
	}
}

init
{
	atomic {
		run Caller(1, N - 1);
		run Caller(N, N);
		run Consumer(0);
		run Consumer(1)
	}
}
