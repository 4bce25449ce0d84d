import { type Mutant, one } from './mutant.ts'

const engine = 'orchestrator/src/engine'
const domain = 'orchestrator/src/domain'

/** What must be looked at, and when. */
export const agenda: readonly Mutant[] = [
  {
    name: 'lose a watch entry',
    within: 100,
    edits: one(
      `${engine}/invocations/guards.ts`,
      'watch.ticket = await watch.made\n',
      'watch.ticket = await watch.made\n      retire(watch.ticket)\n',
    ),
  },
  {
    name: 'a flush that is late counts',
    trace: 2,
    within: 1_500,
    edits: [
      ...one(`${engine}/agenda/writer.ts`, 'if (item.home.gone) {', 'if (item.key === "") {'),
      ...one(`${engine}/agenda/writer.ts`, 'if (!item.home.holds()) {', 'if (item.key === "") {'),
      ...one(
        `${engine}/agenda/held.ts`,
        'return !this.retired && this.home?.home.holds() === true',
        'return !this.retired && this.home !== undefined',
      ),
    ],
  },
  {
    name: 'the cursor passes what is open',
    trace: 3,
    within: 100,
    edits: one(
      `${domain}/agenda/cursor.ts`,
      'if (item.open > 0 || item.key >= end) break',
      'if (item.key >= end) break',
    ),
  },
  {
    name: 'a watch that is spent too early',
    trace: 16,
    within: 800,
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
    name: 'a slow clock behind the cursor',
    trace: 19,
    within: 200,
    edits: one(
      `${domain}/agenda/agenda-key.ts`,
      'return Math.max(earliest, agendaTime(cursor) + 1, keyFrom)',
      'return Math.max(earliest, keyFrom, agendaTime(cursor) * 0)',
    ),
  },
  {
    name: 'a schedule forgets its next tick',
    within: 500,
    edits: one(
      `${engine}/schedules/make-ticks.ts`,
      'if (!written) agenda.retire(ticket)\n',
      'if (kind !== "watch") agenda.retire(ticket)\n',
    ),
  },
  {
    name: 'a watch over what is yet to be is spent',
    trace: 16,
    within: 800,
    edits: one(
      `${engine}/invocations/nudge.ts`,
      'if (!isEarly(look.entry, deps.clock.now())) return retire(deps, look)',
      'if (dueAt > 0) return retire(deps, look)',
    ),
  },
  {
    name: 'only a stamp names what waits for longer',
    within: 300,
    edits: one(
      `${engine}/invocations/next-look.ts`,
      'return own > stamp.dueAt ? [look, stamp] : [look]',
      'return own > stamp.dueAt ? [stamp] : [look]',
    ),
  },
]
