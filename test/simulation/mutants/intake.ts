import { type Mutant, one } from './mutant.ts'

const engine = 'orchestrator/src/engine'
const domain = 'orchestrator/src/domain'

/** What comes in. */
export const intake: readonly Mutant[] = [
  {
    name: 'commit before accept',
    within: 200,
    edits: one(
      `${domain}/subscriptions/accepted-prefix.ts`,
      'if (!accepted) return',
      'if (!accepted && next < 0n) return',
    ),
  },
  {
    name: 'records of a key overtake each other',
    within: 300,
    edits: one(
      `${engine}/subscriptions/lines.ts`,
      'before === undefined ? work() : before.then(work)',
      'before === undefined ? work() : work()',
    ),
  },
  {
    name: 'a send goes with two batches',
    within: 200,
    edits: one(
      `${engine}/collect/collect-due.ts`,
      'await collectors.markTaken(ref, marks)',
      'void marks',
    ),
  },
]
