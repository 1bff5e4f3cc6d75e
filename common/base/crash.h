/* Crash points: named places where a test build ends itself by SIGKILL, as a machine would, without
 * a word. Built with -DANSINH_CHAOS, the environment's ANSINH_CRASH=point:n names the place and
 * which visit of it (from 1) is the last. In any other build they are nothing.
 *
 * Every point has a row in the list; test_crash_points visits all of them. */
#ifndef ANSINH_BASE_CRASH_H
#define ANSINH_BASE_CRASH_H

#define CRASH_POINTS(X)                                                                            \
    X(LEDGER_BATCH_SENT, "ledger_batch_sent")     /* a pipeline has left, commits in it or not */  \
    X(COMMAND_DECIDED, "command_decided")         /* before the commit is queued */                \
    X(COMMAND_COMMITTED, "command_committed")     /* before the event is published */              \
    X(COMMAND_PUBLISHED, "command_published")     /* before the answer */                          \
    X(COMMAND_ANSWERED, "command_answered")       /* the answer is on its way */                   \
    X(ALIAS_CLAIMED, "alias_claimed")             /* before the enrolment that it is for */        \
    X(TRANSACTION_CLAIMED, "transaction_claimed") /* before the payment that it is for */          \
    X(IMPORT_COMMITTED, "import_committed")       /* before the answer */                          \
    X(LEASE_TAKEN, "lease_taken")                 /* before the checkpoint is read */              \
    X(FLUSH_COLLECTED, "flush_collected")         /* before it is sent */                          \
    X(FLUSH_DONE, "flush_done")                   /* before this process knows what it wrote */    \
    X(MESSAGE_CLAIMED, "message_claimed")         /* before the address is asked for */            \
    X(MESSAGE_HANDED_OVER, "message_handed_over") /* before that is recorded */                    \
    X(MESSAGE_SETTLED, "message_settled")         /* recorded */                                   \
    X(SEGMENT_DRAFTED, "segment_drafted")         /* synced, before it has its number */           \
    X(SEGMENT_LINKED, "segment_linked")           /* before the archiver knows of it */            \
    X(JOURNAL_TRIMMED, "journal_trimmed")         /* one partition, in the midst of a round */     \
    X(GATEWAY_ASKED, "gateway_asked")             /* a call has left */                            \
    X(GATEWAY_ANSWERED, "gateway_answered")       /* before the caller hears of it */

enum crash_point {
#define CRASH_POINT_NUMBER(point, text) CRASH_##point,
    CRASH_POINTS(CRASH_POINT_NUMBER)
#undef CRASH_POINT_NUMBER
        CRASH_POINTS_N
};

#ifdef ANSINH_CHAOS
void crash_visit(enum crash_point point);
#define CRASH_POINT(point) crash_visit(CRASH_##point)
#else
#define CRASH_POINT(point) ((void)CRASH_##point)
#endif

#endif
