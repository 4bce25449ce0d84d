import { type Mutant, one } from './mutant.ts'

const engine = 'orchestrator/src/engine'
const domain = 'orchestrator/src/domain'

/** What handlers do to others, and people to both. */
export const control: readonly Mutant[] = [
  {
    name: 'what is told to one that was only just sent is lost',
    within: 100,
    edits: one(
      `${domain}/invocation/effects.ts`,
      '...inKeys(effects), ...afterReceivers(effects, parent)',
      '...inKeys(effects), ...afterReceivers([], parent)',
    ),
  },
  {
    name: 'two signals of one handler are one',
    within: 100,
    edits: one(
      `${engine}/invocations/perform.ts`,
      `{ kind: 'signal', name, value, id }, 'asks-again'`,
      `{ kind: 'signal', name, value, id: id.slice(0, -2) }, 'asks-again'`,
    ),
  },
  {
    name: 'who attaches to nobody waits',
    within: 100,
    edits: one(
      `${engine}/invocations/perform.ts`,
      '  if (await waitFor(deps, work, session, invocation, op)) return\n',
      '  await waitFor(deps, work, session, invocation, op)\n  if (op >= 0) return\n',
    ),
  },
  {
    name: 'who waits for a promise is forgotten before it is kept',
    trace: 7,
    within: 200,
    edits: one(
      `${engine}/invocations/keep-promises.ts`,
      'for (const [op, promise] of state.promises) {',
      'for (const [op, promise] of [...state.promises].slice(1)) {',
    ),
  },
  {
    name: 'who comes twice keeps his permit',
    within: 300,
    edits: one(
      `${engine}/objects/enqueue.ts`,
      '    held?.release()\n    work.advance',
      '    work.advance',
    ),
  },
  {
    name: 'a restart sends what it keeps',
    trace: 12,
    within: 150,
    edits: one(`${engine}/invocations/copy-prefix.ts`, '      carried: n,\n', ''),
  },
  {
    name: 'what is cleared is there for the next one',
    within: 150,
    edits: one(
      `${domain}/invocation/evolve.ts`,
      'patch: { cleared: true, values: new Map() },',
      'patch: { ...state.patch, values: new Map() },',
    ),
  },
  {
    name: 'what was forgotten is sent again',
    trace: 8,
    within: 300,
    edits: one(
      `${engine}/invocations/purge.ts`,
      '  await settleSender(deps, work, state)\n',
      '  if (state.next < 0) await settleSender(deps, work, state)\n',
    ),
  },
  {
    name: 'a run finds the promises of the one before it',
    within: 300,
    edits: one(
      `${engine}/invocations/purge.ts`,
      'if (isRun && key !== undefined)',
      'if (isRun && key === "")',
    ),
  },
  {
    name: 'a change of an older version is made',
    within: 200,
    edits: one(
      `${domain}/objects/head.ts`,
      `if (version !== undefined && version !== (head?.version ?? 0)) return 'void'`,
      `if (version !== undefined && version > (head?.version ?? 0)) return 'void'`,
    ),
  },
  {
    name: 'who comes late does not line up',
    within: 100,
    edits: [
      ...one(
        `${engine}/invocations/nudge.ts`,
        '  if (needsPlace(state, deps.clock.now())) await work.place(session)\n',
        '',
      ),
      ...one(
        `${engine}/invocations/settle.ts`,
        '  if (needsPlace(state, deps.clock.now())) await work.place(session)\n',
        '',
      ),
    ],
  },
  {
    name: 'an output is told before what it changed is there',
    within: 200,
    edits: one(
      `${engine}/services/ingress-service.ts`,
      `if (state.phase.kind !== 'closed' || !(await isReleased(deps, state))) return undefined`,
      `if (state.phase.kind !== 'closed') return undefined`,
    ),
  },
  {
    name: 'a caller hears before what he asked for is there',
    within: 200,
    edits: one(
      `${engine}/invocations/settle.ts`,
      '  if (state !== undefined && ref !== undefined && slot > 0) {\n    await finishHolder',
      '  await deliver(deps, work, session, outcome)\n  if (state !== undefined && ref !== undefined && slot > 0) {\n    await finishHolder',
    ),
  },
]
