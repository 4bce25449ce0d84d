import { type Mutant, one } from './mutant.ts'

const domain = 'orchestrator/src/domain'
const replay = 'lambda-runtime/src/replay'

/** What handlers and their replay do. */
export const handlers: readonly Mutant[] = [
  {
    name: 'skip the fence',
    within: 600,
    edits: [
      ...one(
        `${domain}/invocation/evolve.ts`,
        `if (state.phase.kind !== 'running' || segment.epoch !== state.epoch) return false`,
        '',
      ),
      ...one(
        `${replay}/journal-view.ts`,
        'if (this.#epoch !== this.#me.epoch) return this.#epoch > this.#me.epoch',
        'if (this.#epoch !== this.#me.epoch) return false',
      ),
    ],
  },
  {
    name: 'hand out before durable',
    within: 200,
    edits: one(
      `${replay}/attempt.ts`,
      '        outbox.flush()\n        return\n',
      '        outbox.flush()\n',
    ),
  },
  {
    name: 'drop seen',
    within: 100,
    edits: one(
      `${replay}/hand-outs.ts`,
      'outbox.add(role, entryAt({ at: this.#now, after: table.count }))',
      `const made = entryAt({ at: this.#now, after: table.count })
    if (made.kind !== 'seen') outbox.add(role, made)`,
    ),
  },
  {
    name: 'twins',
    trace: 9,
    within: 300,
    edits: [
      ...one(
        `${domain}/invocation/evolve.ts`,
        'return state.lastHandler === undefined || state.lastHandler.writer === segment.writer',
        'return true',
      ),
      ...one(
        `${replay}/journal-view.ts`,
        'return !this.#running || (this.#writer !== undefined && this.#writer !== this.#me.writer)',
        'return !this.#running',
      ),
    ],
  },
  {
    name: 'replay does not wait for user code',
    trace: 11,
    within: 100,
    edits: one(
      `${replay}/hand-outs.ts`,
      'recorded === undefined || table.count < recorded.after',
      'recorded === undefined',
    ),
  },
  {
    name: 'another time when it is done again',
    trace: 11,
    within: 100,
    edits: one(
      `${replay}/hand-outs.ts`,
      'this.#now = recorded.at\n',
      'this.#now = this.#deps.clock()\n',
    ),
  },
  {
    name: 'a zombie after a failure',
    trace: 18,
    within: 200,
    edits: [
      ...one(
        `${domain}/invocation/evolve.ts`,
        `if (state.phase.kind !== 'running' || segment.epoch !== state.epoch) return false`,
        'if (segment.epoch !== state.epoch) return false',
      ),
      ...one(
        `${replay}/journal-view.ts`,
        `'attempt-failed': () => this.#end('attempt-failed'),`,
        `'attempt-failed': () => undefined,`,
      ),
    ],
  },
  {
    name: 'each result costs a write',
    within: 300,
    edits: one(
      `${replay}/hand-outs.ts`,
      `    this.#record('result', now, (moment) => ({ kind: 'run', op, name, result, ...moment }))\n`,
      `    this.#record('result', now, (moment) => ({ kind: 'run', op, name, result, ...moment }))
    this.#deps.outbox.flush()\n`,
    ),
  },
]
