/** Seeds that have found something, and what: a bug in what is tested, or a hole in what tests it. */
export const regressions: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 2, found: 'simulated time stood still: a rest of a millisecond was too small to pass' },
  { seed: 1656, found: 'a play was over while what a last segment asked for was on its way' },
  {
    seed: 1994,
    found: 'two waits that are not durable, in one handler: which is first, no journal tells',
  },
  {
    seed: 2293,
    found: 'work that had slept, and was cancelled before its last step, makes up for nothing',
  },
]
