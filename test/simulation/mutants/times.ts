import { type Mutant, one } from './mutant.ts'

const domain = 'orchestrator/src/domain'
const engine = 'orchestrator/src/engine'
const replay = 'lambda-runtime/src/replay'

/** What happens too early, too late, or once too often. */
export const times: readonly Mutant[] = [
  {
    name: 'a sleep ends early',
    within: 100,
    edits: [
      ...one(
        `${domain}/invocation/due.ts`,
        '.filter(([, wakeAt]) => wakeAt <= now)',
        '.filter(([, wakeAt]) => wakeAt <= now + 5_000)',
      ),
      ...one(
        `${domain}/invocation/due.ts`,
        'if (wakeAt !== undefined && wakeAt <= now) return',
        'if (wakeAt !== undefined && wakeAt <= now + 5_000) return',
      ),
    ],
  },
  {
    name: 'what is sent for later comes at once',
    within: 300,
    edits: one(
      `${engine}/invocations/perform.ts`,
      `notBefore: entry.kind === 'send' ? entry.notBefore : undefined`,
      'notBefore: undefined',
    ),
  },
  {
    name: 'who failed is tried again at once',
    within: 100,
    edits: one(
      `${domain}/invocation/due.ts`,
      'return state.phase.retryAt <= now || isToCancel(state)',
      'return state.phase.retryAt <= now + 60_000 || isToCancel(state)',
    ),
  },
  {
    name: 'a long step is silent',
    within: 200,
    edits: one(
      `${replay}/keep-alive.ts`,
      'return lastAppendAt + aliveAfterMs',
      'return lastAppendAt + aliveEveryMs',
    ),
  },
  {
    name: 'an attempt goes on to its last moment',
    within: 300,
    edits: one(
      `${replay}/attempt.ts`,
      'if (!this.#hasProgressed || steps.isExecuting) return false\n    return host',
      'if (tuning !== undefined || steps.isExecuting) return false\n    return host',
    ),
  },
  {
    name: 'how often a step failed is forgotten',
    within: 100,
    edits: one(`${replay}/steps.ts`, 'tries: failed?.tries ?? 0,', 'tries: 0,'),
  },
  {
    name: 'what may happen once is not announced',
    within: 100,
    edits: one(
      `${replay}/steps.ts`,
      `if (options.atMostOnce) return 'yes'`,
      `if (options.atMostOnce) return 'no'`,
    ),
  },
]
