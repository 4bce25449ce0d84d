/** A bug to be planted: each `from` stands once in its file, and becomes `to`. */
export type Mutant = {
  readonly name: string
  /** Which of the interleavings of docs/invariants.md it brings back. */
  readonly trace?: number
  readonly edits: readonly Edit[]
  /** It must be found within so many seeds. */
  readonly within: number
}

export type Edit = { readonly file: string; readonly from: string; readonly to: string }

const engine = 'orchestrator/src/engine'
const domain = 'orchestrator/src/domain'
const replay = 'lambda-runtime/src/replay'

function one(file: string, from: string, to: string): readonly Edit[] {
  return [{ file, from, to }]
}

export const mutants: readonly Mutant[] = [
  {
    name: 'skip the fence',
    within: 300,
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
    name: 'commit before accept',
    within: 100,
    edits: one(
      `${domain}/subscriptions/accepted-prefix.ts`,
      'if (!accepted) return',
      'if (!accepted && next < 0n) return',
    ),
  },
  {
    name: 'hand out before durable',
    within: 100,
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
    name: 'release before state',
    within: 100,
    edits: one(
      `${domain}/objects/head.ts`,
      'layOut(head?.cells ?? [], patch, slot)',
      'layOut(head?.cells ?? [], { cleared: false, values: new Map() }, slot)',
    ),
  },
  {
    name: 'lose a watch entry',
    within: 300,
    edits: one(
      `${engine}/invocations/guards.ts`,
      'watch.ticket = await watch.made\n',
      'watch.ticket = await watch.made\n      retire(watch.ticket)\n',
    ),
  },
  {
    name: 'news on nobody’s agenda',
    trace: 1,
    within: 300,
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
    within: 300,
    edits: one(
      `${engine}/invocations/complete-promise.ts`,
      'const waiters = await deps.promises.waiters(promise)',
      'const waiters = (await deps.promises.waiters(promise)).slice(1)',
    ),
  },
  {
    name: 'a flush that is late counts',
    trace: 2,
    within: 1_000,
    edits: [
      ...one(`${engine}/agenda/writer.ts`, 'if (item.home.gone) {', 'if (item.key === "") {'),
      ...one(`${engine}/agenda/writer.ts`, 'if (!item.home.holds()) {', 'if (item.key === "") {'),
    ],
  },
  {
    name: 'the cursor passes what is open',
    trace: 3,
    within: 300,
    edits: one(
      `${domain}/agenda/cursor.ts`,
      'if (item.open > 0 || item.key >= end) break',
      'if (item.key >= end) break',
    ),
  },
  {
    name: 'the holder sees its own writes',
    trace: 4,
    within: 100,
    edits: one(
      `${domain}/objects/head.ts`,
      'return { ...head, live, expires: until, writes: head.writes + 1 }',
      'return { ...head, live, cells: patchCells(head.cells, patch), expires: until, writes: head.writes + 1 }',
    ),
  },
  {
    name: 'two places for one',
    trace: 5,
    within: 300,
    edits: [
      ...one(
        `${engine}/objects/enqueue.ts`,
        `if (known !== undefined) return { kind: 'known', slot: known }`,
        '',
      ),
      ...one(
        `${domain}/objects/mail.ts`,
        `return state.created.slot === 0 && !isClosed ? 'begins' : 'void'`,
        `return state.created.slot === 0 && !isClosed ? 'begins' : isClosed ? 'over' : 'holds'`,
      ),
    ],
  },
  {
    name: 'the dropped baton',
    trace: 6,
    within: 300,
    edits: [
      ...one(
        `${engine}/objects/nudge-key.ts`,
        'if (mailbox.isWatched) return giveUp(mailbox, ticket)',
        'return giveUp(mailbox, ticket)',
      ),
      ...one(
        `${engine}/objects/go-on.ts`,
        'await persist(deps, mailbox.subject, () => mailbox.ensure())',
        '',
      ),
      ...one(`${engine}/objects/begin.ts`, '  await mailbox.ensure()\n', ''),
    ],
  },
  {
    name: 'expiry kills the living',
    trace: 7,
    within: 600,
    edits: one(`${engine}/invocations/retain.ts`, '  await session.restamp(nextAt + half)\n', ''),
  },
  {
    name: 'no watermark',
    trace: 8,
    within: 600,
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
    name: 'twins',
    trace: 9,
    within: 100,
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
    name: 'a completion before its op is lost',
    trace: 13,
    within: 300,
    edits: one(
      `${domain}/invocation/news.ts`,
      'const isOther = op < state.ops && !state.awakeables.has(op)',
      'const isOther = !state.awakeables.has(op)',
    ),
  },
  {
    name: 'what the one before asked for is forgotten',
    trace: 15,
    within: 600,
    edits: one(
      `${engine}/objects/advance.ts`,
      `if (slot !== undefined || manner !== 'turn') await redeliver(deps, work, mailbox, done)`,
      'if (done < 0) await redeliver(deps, work, mailbox, done)',
    ),
  },
  {
    name: 'a watch that is spent too early',
    trace: 16,
    within: 1_000,
    edits: [
      ...one(
        `${engine}/invocations/nudge.ts`,
        `return kind === 'watch' && dueAt > now`,
        'return kind === "timer" && dueAt < 0 && now < 0',
      ),
      ...one(
        `${engine}/objects/nudge-key.ts`,
        `if (entry.kind === 'watch' && entry.dueAt > now) {`,
        `if (entry.kind === 'watch' && entry.dueAt < 0) {`,
      ),
    ],
  },
  {
    name: 'a zombie after a failure',
    trace: 18,
    within: 300,
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
    name: 'a slow clock behind the cursor',
    trace: 19,
    within: 1_000,
    edits: one(
      `${domain}/agenda/agenda-key.ts`,
      'return Math.max(earliest, agendaTime(cursor) + 1, keyFrom)',
      'return Math.max(earliest, keyFrom, agendaTime(cursor) * 0)',
    ),
  },
  {
    name: 'who waits in line cannot be cancelled',
    trace: 20,
    within: 300,
    edits: one(
      `${engine}/invocations/stimulate.ts`,
      'const told = await tellQueued(deps, session, stimulus)',
      `const told = stimulus.kind === 'cancel' ? undefined : await tellQueued(deps, session, stimulus)`,
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
    within: 300,
    edits: one(
      `${engine}/invocations/deliver.ts`,
      'return [...caller, ...(state?.waiters ?? [])]',
      'return caller',
    ),
  },
  {
    name: 'who waits does not look again',
    within: 600,
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
    name: 'the children are not cancelled',
    within: 600,
    edits: one(
      `${domain}/invocation/effects.ts`,
      `  cancelled: ({ after }) => ({ kind: 'end-children', how: 'cancel', before: after }),\n`,
      '',
    ),
  },
  {
    name: 'a send goes with two batches',
    within: 600,
    edits: one(
      `${engine}/collect/collect-due.ts`,
      'await collectors.markTaken(ref, marks)',
      'void marks',
    ),
  },
  {
    name: 'a schedule forgets its next tick',
    within: 300,
    edits: one(
      `${engine}/schedules/make-ticks.ts`,
      'if (!written) agenda.retire(ticket)\n',
      'if (kind !== "watch") agenda.retire(ticket)\n',
    ),
  },
  {
    name: 'sends to one key overtake each other',
    within: 300,
    edits: one(
      `${engine}/invocations/carry.ts`,
      'previous === undefined ? perform(effect) : carryOut(previous).then(() => perform(effect))',
      'previous === effect ? carryOut(previous) : perform(effect)',
    ),
  },
  {
    name: 'carried before it is carried out',
    within: 300,
    edits: one(
      `${engine}/invocations/carry.ts`,
      `      await deps.faults.reach('effects.before', session.id)\n`,
      `      session.markCarried(segment.n)
      await session.stampCarried()
      await deps.faults.reach('effects.before', session.id)\n`,
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
    name: 'a sign of life changes nothing',
    within: 600,
    edits: one(
      `${domain}/invocation/evolve.ts`,
      'const dueAt = Math.max(deadline.dueAt, segment.at + deadline.everyMs)',
      'const dueAt = Math.max(deadline.dueAt, segment.at * 0)',
    ),
  },
  {
    name: 'what has ended ends again',
    within: 300,
    edits: one(
      `${domain}/invocation/news.ts`,
      `  if (state.phase.kind === 'closed') return nothing
  const message = reason ?? 'The invocation was killed'`,
      `  const message = reason ?? 'The invocation was killed'`,
    ),
  },
  {
    name: 'the key is released while its holder waits',
    within: 100,
    edits: one(
      `${engine}/invocations/settle.ts`,
      '  await showProgress(deps, session, state)\n',
      `  const held = refOf(state)
  if (held !== undefined && (state.created.slot ?? 0) > 0) {
    await finishHolder(deps, session, state, held)
    await goOn(deps, work, held, state.created.slot ?? 0)
  }
`,
    ),
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
