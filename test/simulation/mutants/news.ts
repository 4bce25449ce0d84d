import { type Mutant, one } from './mutant.ts'

const engine = 'orchestrator/src/engine'
const domain = 'orchestrator/src/domain'
const replay = 'lambda-runtime/src/replay'

/** Who is told what. */
export const news: readonly Mutant[] = [
  {
    name: 'news on nobody’s agenda',
    trace: 1,
    within: 800,
    edits: [
      ...one(
        `${engine}/invocations/stimulate.ts`,
        `const guard = source === 'asks-once' ? await deps.guards.make(id) : undefined`,
        'const guard = undefined as Ticket | undefined',
      ),
      ...one(
        `${engine}/invocations/stimulate.ts`,
        '    await guards.watch(id)\n',
        '    void guards.watch(id).then((made) => guards.drop(id, made))\n',
      ),
    ],
  },
  {
    name: 'what is resolved wakes nobody',
    trace: 1,
    within: 100,
    edits: one(
      `${engine}/invocations/complete-promise.ts`,
      'const waiters = await deps.promises.waiters(promise)',
      'const waiters = (await deps.promises.waiters(promise)).slice(1)',
    ),
  },
  {
    name: 'a completion before its op is lost',
    trace: 13,
    within: 200,
    edits: one(
      `${domain}/invocation/news.ts`,
      'const isOther = op < state.ops && !state.awakeables.has(op)',
      'const isOther = !state.awakeables.has(op)',
    ),
  },
  {
    name: 'nobody tells the caller',
    within: 100,
    edits: one(
      `${engine}/invocations/deliver.ts`,
      'return [...caller, ...(state?.waiters ?? [])]',
      'return state?.waiters ?? caller',
    ),
  },
  {
    name: 'those who found it are not told',
    within: 200,
    edits: one(
      `${engine}/invocations/deliver.ts`,
      'return [...caller, ...(state?.waiters ?? [])]',
      'return caller',
    ),
  },
  {
    name: 'who waits does not look again',
    within: 400,
    edits: one(
      `${engine}/invocations/promises.ts`,
      '  const record = await deps.promises.read(promise)\n  if (record === undefined) return\n',
      '  const record = known\n  if (record === undefined) return\n',
    ),
  },
  {
    name: 'everybody has won',
    within: 100,
    edits: one(
      `${engine}/invocations/promises.ts`,
      'value: { json: record.by === by }',
      'value: { json: record.by !== "" }',
    ),
  },
  {
    name: 'a handler wakes nobody',
    within: 100,
    edits: one(
      `${engine}/invocations/complete-promise.ts`,
      'if (record.by === completion.by) await wakeWaiters(',
      'if (record.by === "") await wakeWaiters(',
    ),
  },
  {
    name: 'a signal counts twice',
    within: 100,
    edits: [
      ...one(
        `${domain}/invocation/news.ts`,
        'if (isKnown || state.phase',
        'if ((isKnown && id === "") || state.phase',
      ),
      ...one(
        `${replay}/completions.ts`,
        'if (id !== undefined && this.#signalIds.has(id)) return\n',
        '',
      ),
      ...one(
        `${domain}/invocation/evolve.ts`,
        'if (id !== undefined && state.signalIds.has(id)) return state\n',
        '',
      ),
    ],
  },
  {
    name: 'a sign of life changes nothing',
    within: 500,
    edits: one(
      `${domain}/invocation/evolve.ts`,
      'const dueAt = Math.max(deadline.dueAt, segment.at + deadline.everyMs)',
      'const dueAt = Math.max(deadline.dueAt, segment.at * 0)',
    ),
  },
]
