/**
 * What a seed means follows from scenarios, stories and faults. Whoever changes these so that seeds mean something else
 * raises this: from then on the seeds of older versions are no longer played, for they would show nothing.
 */
export const scenarioVersion = 4

/**
 * What seeds have found. A bug of what is tested has a test of its own (`shownBy`), which holds whatever seeds mean;
 * what was wrong with the simulation itself was put right there, and has none.
 */
export const finds: readonly Find[] = [
  {
    ...{ version: 1, seed: 2 },
    found: 'simulated time stood still: a rest of a millisecond was too small to pass',
    shownBy: { file: 'unit/sim-clock.test.ts', title: 'lets time pass in whole milliseconds' },
  },
  {
    ...{ version: 1, seed: 1656 },
    found: 'a play was over while what a last segment asked for was on its way',
    wasOf: 'the simulation',
  },
  {
    ...{ version: 1, seed: 1994 },
    found: 'two waits that are not durable, in one handler: which is first, no journal tells',
    wasOf: 'the simulation',
  },
  {
    ...{ version: 1, seed: 2293 },
    found: 'work that had slept, and was cancelled before its last step, makes up for nothing',
    wasOf: 'the simulation',
  },
  {
    ...{ version: 2, seed: 7 },
    found: 'of two who called one at the same time, each by a slot of his own, one was not told',
    shownBy: {
      file: 'unit/engine/object-callers.test.ts',
      title: 'of two who call it at the same time, each by a place of his own, both are told',
    },
  },
  {
    ...{ version: 2, seed: 68 },
    found: 'a retry was named by the entry of a stamp, and given up with it',
    shownBy: {
      file: 'unit/engine/watches.test.ts',
      title: 'is tried again when it is to be, and not only when the next stamp is due',
    },
  },
  {
    ...{ version: 2, seed: 594 },
    found: 'a watch was spent before the journal that it protects was there',
    shownBy: {
      file: 'unit/engine/traces.test.ts',
      title:
        'nor one that stalls before an invocation has a journal, and that nobody asks for again',
    },
  },
  {
    ...{ version: 3, seed: 15 },
    found: 'a configured deployment was never registered when the registry was away for a moment',
    shownBy: {
      file: 'unit/engine/configured-deployments.test.ts',
      title: 'is registered when the registry is there again',
    },
  },
  {
    ...{ version: 3, seed: 27 },
    found: 'the reference knew who wins a race in a program that nobody waits for',
    wasOf: 'the simulation',
  },
  {
    ...{ version: 3, seed: 296 },
    found:
      'a driver that stood still before it read the state of its key started its attempt from the state of a later one',
    shownBy: {
      file: 'unit/engine/object-traces.test.ts',
      title:
        'a driver that stalls before it has read the state starts nobody from what others have left meanwhile',
    },
  },
  {
    ...{ version: 3, seed: 2957 },
    found:
      'whoever asked for a delayed one again was answered while nothing but an entry at another time named it',
    shownBy: {
      file: 'unit/engine/watches.test.ts',
      title:
        'starts although nothing names it but who asked for it again, later, and was answered by one that died',
    },
  },
  {
    ...{ version: 3, seed: 4617 },
    found: 'a store that refused everything went on with it when nothing was to go wrong any more',
    wasOf: 'the simulation',
  },
  {
    ...{ version: 3, seed: 2381 },
    found: 'a sleeper whose first attempt was never heard of again was said to wake up late',
    wasOf: 'the simulation',
  },
  {
    ...{ version: 4, seed: 1 },
    found: 'signals to one that was only just sent were lost, and so was its cancellation',
    shownBy: {
      file: 'unit/engine/fresh-children.test.ts',
      title:
        'signals that are sent along with their receiver come, in their order, and its output is heard',
    },
  },
  {
    ...{ version: 4, seed: 1420 },
    found:
      'who asked again for what had ended was answered while nobody else could see what it had changed',
    shownBy: {
      file: 'unit/engine/object-callers.test.ts',
      title:
        'whoever attaches to a holder that has ended hears of it when what it changed is there',
    },
  },
  {
    ...{ version: 4, seed: 1_001_190 },
    found: 'what had ended and was purged was begun again by another replica that watched it',
    shownBy: {
      file: 'unit/engine/purged-while-watched.test.ts',
      title: 'what was ended and purged is not begun again by who has adopted it',
    },
  },
  {
    ...{ version: 4, seed: 2_000_535 },
    found:
      'who woke another died when that one was asleep again, and whoever brought the same news left it at that',
    shownBy: {
      file: 'unit/engine/news-found-there.test.ts',
      title: 'one that is woken by a result and %s goes on, though who brought it dies at once',
    },
  },
  {
    ...{ version: 4, seed: 2_005_517 },
    found: 'the same, where the one that was woken had come to its end: what it had sent was lost',
    shownBy: {
      file: 'unit/engine/news-found-there.test.ts',
      title:
        'what one has sent that a result has brought to its end is there, though who brought that dies at once',
    },
  },
  {
    ...{ version: 4, seed: 2_004_701 },
    found:
      'who heard late that nobody was in line took the entry back under which the next holder had begun',
    shownBy: {
      file: 'unit/engine/object-late-read.test.ts',
      title:
        'a key whose next holder has begun meanwhile is not let go of by who found nobody in line',
    },
  },
  {
    ...{ version: 4, seed: 3_005_934 },
    found: 'what had to be sent again was, though it had been sent and purged meanwhile',
    shownBy: {
      file: 'unit/engine/purged-while-sent-again.test.ts',
      title: 'a send that has to be tried again is not, once its sender says that it was sent',
    },
  },
]

type Find = {
  readonly version: number
  readonly seed: number
  readonly found: string
} & (
  | { readonly shownBy: { readonly file: string; readonly title: string } }
  | { readonly wasOf: 'the simulation' }
)
