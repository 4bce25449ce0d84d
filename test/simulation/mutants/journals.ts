import { type Mutant, one } from './mutant.ts'

const engine = 'orchestrator/src/engine'
const domain = 'orchestrator/src/domain'
const replay = 'lambda-runtime/src/replay'

/** What becomes of journals. */
export const journals: readonly Mutant[] = [
  {
    name: 'carried before it is carried out',
    within: 200,
    edits: one(
      `${engine}/invocations/carry.ts`,
      `      await deps.faults.reach('effects.before', session.id)\n`,
      `      session.markCarried(segment.n)
      await session.stampCarried()
      await deps.faults.reach('effects.before', session.id)\n`,
    ),
  },
  {
    name: 'no watermark',
    trace: 8,
    within: 300,
    edits: [
      ...one(`${domain}/invocation/effects.ts`, 'segment.n > carried && ', ''),
      ...one(
        `${engine}/invocations/perform.ts`,
        'minRetentionMs: session.state?.created.retentionMs ?? 0,',
        'minRetentionMs: 0,',
      ),
    ],
  },
  {
    name: 'expiry kills the living',
    trace: 7,
    within: 300,
    edits: one(`${engine}/invocations/retain.ts`, '  await session.restamp(nextAt + half)\n', ''),
  },
  {
    name: 'only the beginning is kept',
    trace: 17,
    within: 300,
    // The rest of the journal goes before its segment 0, and what is over looks as if it had crashed.
    edits: one(
      `${engine}/invocations/journal-session.ts`,
      `      if (state === undefined || expires <= this.#expires) return
      await this.#deps.journals.restamp(this.id, state.born, state.next, expires)`,
      `      if (state === undefined || expires <= this.#expires) return
      await this.#deps.journals.restamp(this.id, state.born, 1, expires)`,
    ),
  },
  {
    name: 'what has ended ends again',
    within: 500,
    edits: one(
      `${domain}/invocation/news.ts`,
      `  if (state.phase.kind === 'closed') return nothing
  const message = reason ?? 'The invocation was killed'`,
      `  const message = reason ?? 'The invocation was killed'`,
    ),
  },
  {
    name: 'a restart meets what it repeats',
    trace: 12,
    within: 300,
    edits: one(
      `${engine}/invocations/restart.ts`,
      `const id = deriveInvocationId(target, ['restart', session.id, nonce, String(kept.from)])`,
      'const id = session.id + (nonce === undefined ? deriveInvocationId(target, []) : "") as typeof session.id',
    ),
  },
  {
    name: 'the children are not cancelled',
    within: 500,
    edits: one(
      `${domain}/invocation/effects.ts`,
      `  cancelled: ({ after }) => ({ kind: 'end-children', how: 'cancel', before: after }),\n`,
      '',
    ),
  },
  {
    name: 'attempts wait in a line',
    trace: 10,
    within: 300,
    edits: [
      ...one(
        `${engine}/invocations/wake.ts`,
        '    if (held === undefined) return { demand, priority }\n',
        `    if (held === undefined) {
      const leave = { deployment: deployment.id, deadline: deps.clock.now() + 60_000 }
      await session.apply({ kind: 'wake' }, (now) => ({ ...contextOf(deps, now, undefined), leave }))
      return { demand, priority }
    }
`,
      ),
      ...one(
        `${engine}/invocations/wake.ts`,
        '  if (session.busy) return false\n',
        `  if (session.busy) return false
  if (session.state?.phase.kind === 'running') return true
`,
      ),
    ],
  },
  {
    name: 'who waits keeps his permit',
    trace: 10,
    within: 300,
    edits: one(
      `${engine}/invocations/drive.ts`,
      '    held?.release()\n',
      `    if (session.state?.phase.kind !== 'suspended') held?.release()\n`,
    ),
  },
  {
    name: 'more results than an item holds',
    trace: 14,
    within: 400,
    edits: one(
      `${replay}/segments.ts`,
      'return bytes > maxBytes && index > 0',
      'return bytes > maxBytes * 100 && index > 0',
    ),
  },
]
