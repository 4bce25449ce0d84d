import { commandViolations } from '../history/command-rules.ts'
import { endViolations } from '../history/journal-rules.ts'
import { attemptViolations } from './attempt-rules.ts'
import type { Scenario } from './scenario.ts'
import { sendViolations } from './send-rules.ts'
import { earlyViolations, lateViolations } from './time-rules.ts'
import type { Universe } from './universe.ts'

/**
 * What must never be, whatever happened. Empty: all is well. Where each invariant is looked at:
 *
 * | INV | where |
 * |---|---|
 * | 1, 2, 6, 7, 8, 9, 12 | `test/history/ledger.ts`, at every write and commit; at the end, here |
 * | 3, 4 | `stories/weaves.ts`: what was told is a beginning of what the handler had in hand at its end |
 * | 5 | here: each call and send has its invocation, and each of those its command; each effect outside by its key |
 * | 6 | `send-rules.ts`: what one handler sends to one key keeps its order |
 * | 6, 7, 9 | `stories/tills.ts`, `stories/ledgers.ts`: against a sequential model of what was asked for |
 * | 10 | here: all comes to its end, even when all replicas have died |
 * | 10 | `time-rules.ts`: nothing before its time; where nothing goes wrong, nothing has to be found by those who look after the dead |
 * | 11 | only as far as nothing may wait for ever |
 */
export async function violationsOf(
  universe: Universe,
  { stories }: Scenario,
): Promise<readonly string[]> {
  const own = await Promise.all(stories.map(async (story) => story.violations(universe)))
  return [
    ...universe.violations,
    ...universe.outside.mistakes.map((mistake) => `one key, two things: ${mistake}`),
    ...[...universe.stored].flatMap(([id, segments]) => endViolations(id, segments)),
    ...universe.openKeys,
    ...commandViolations(universe.stored, universe.purged),
    ...sendViolations(universe.stored),
    ...(universe.isUndisturbed ? attemptViolations(universe.stored) : []),
    ...(universe.clocksAgree ? earlyViolations(universe.stored) : []),
    ...(universe.isPrompt ? lateViolations(universe.stored) : []),
    ...own.flat(),
  ]
}

/** Whether what was asked for is still on its way: it was written, and is yet to be carried out. */
export function isUnderWay({ stored, purged }: Universe): boolean {
  return commandViolations(stored, purged).length > 0
}
