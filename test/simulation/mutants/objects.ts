import { type Mutant, one } from './mutant.ts'

const engine = 'orchestrator/src/engine'
const domain = 'orchestrator/src/domain'

/** Keys and their lines. */
export const objects: readonly Mutant[] = [
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
    // A second slot is no harm where it is void; here the state of whoever is over counts again when it comes up.
    edits: [
      ...one(
        `${engine}/objects/enqueue.ts`,
        `if (known !== undefined) return { kind: 'known', slot: known }`,
        '',
      ),
      ...one(
        `${engine}/objects/advance.ts`,
        `      case 'void':
        return pass(turn)`,
        `      case 'void':
        if (state?.phase.kind === 'closed') {
          const again = { slot: slot.n, patch: state.patch, expires: slot.expires }
          await finishSlot(deps, turn.mailbox.ref, again)
        }
        return pass(turn)`,
      ),
    ],
  },
  {
    name: 'who asked by another place is not told',
    trace: 5,
    within: 500,
    edits: one(`${engine}/objects/advance.ts`, '  await joinAsker(turn)\n', ''),
  },
  {
    name: 'the dropped baton',
    trace: 6,
    within: 200,
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
    name: 'what the one before asked for is forgotten',
    trace: 15,
    within: 800,
    edits: one(
      `${engine}/objects/advance.ts`,
      `if (slot !== undefined || manner !== 'turn') await redeliver(deps, work, mailbox, done)`,
      'if (done < 0) await redeliver(deps, work, mailbox, done)',
    ),
  },
  {
    name: 'who waits in line cannot be cancelled',
    trace: 20,
    within: 500,
    edits: one(
      `${engine}/invocations/stimulate.ts`,
      'const told = await tellQueued(deps, session, stimulus)',
      `const told = stimulus.kind === 'cancel' ? undefined : await tellQueued(deps, session, stimulus)`,
    ),
  },
  {
    name: 'sends to one key overtake each other',
    within: 200,
    edits: one(
      `${engine}/invocations/carry.ts`,
      'previous === undefined ? perform(effect) : carryOut(previous).then(() => perform(effect))',
      'previous === effect ? carryOut(previous) : perform(effect)',
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
    name: 'all of a state stands in its head',
    trace: 14,
    within: 400,
    edits: one(
      `${domain}/objects/cells.ts`,
      'if (total <= inlineBytes) break',
      'if (total <= inlineBytes * 1_000) break',
    ),
  },
]
