/* Faults made on purpose, to show that the tests would find them: a build with
 * -DANSINH_MUTANT=<NAME> has one of them, any other build none. `make chaos-teeth` builds and hunts
 * each. */
#ifndef ANSINH_BASE_MUTANT_H
#define ANSINH_BASE_MUTANT_H

enum mutant {
    MUTANT_NONE,
    MUTANT_ANSWER_BEFORE_COMMIT, /* commands are answered when their commit is sent */
    MUTANT_RETRY_WITH_NEW_ID,    /* a call that is sent again gets another request id */
    MUTANT_DROP_ON_HOLE,         /* a consumer passes over events that it missed */
    MUTANT_CHECKPOINT_APART,     /* the checkpoint is written later than what it stands for */
    MUTANT_REUSED_CONNECTION,    /* a Redis connection is used on after an answer came too late */
    MUTANT_COUNT_REPEATS,        /* an event that comes again is counted again */
    MUTANT_NO_TOMBSTONE,         /* a payment is done although its reversal came before it */
};

#ifndef ANSINH_MUTANT
#define ANSINH_MUTANT NONE
#endif
#define MUTANT_NAMED(name) MUTANT_##name
#define MUTANT_BUILT(name) MUTANT_NAMED(name)
#define MUTANT(name) (MUTANT_BUILT(ANSINH_MUTANT) == MUTANT_##name)

#endif
