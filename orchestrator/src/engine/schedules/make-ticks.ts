import { FermataError } from '../../domain/errors.ts'
import {
  claimTicks,
  nextTickOf,
  tickInvocationId,
  ticksMade,
} from '../../domain/schedules/schedule.ts'
import type { ScheduleDocument } from '../../domain/schedules/schedule-document.ts'
import type { AgendaEntry } from '../../ports/index.ts'
import { nextTickFor, type ScheduleDeps } from './schedule-deps.ts'
import type { StoredSchedule } from './schedule-registry.ts'

const dayMs = 86_400_000
const sideBySide = 16
/** So often somebody else may be faster in a row before it is no accident. */
export const maxTries = 20

export const schedulePrefix = 's:'

export function scheduleSubject(name: string): string {
  return `${schedulePrefix}${name}`
}

/** Does what is due of a schedule, and answers with the schedule as it stands then; `undefined`: there is none. */
export async function bringUpToDate(
  deps: ScheduleDeps,
  name: string,
): Promise<StoredSchedule | undefined> {
  for (let tries = 0; tries < maxTries; tries++) {
    const stored = await deps.registry.read(name)
    if (stored === undefined) return undefined
    const { document } = stored
    const next = nextTickOf(document)
    if (document.making !== undefined) await create(deps, stored, document.making)
    else if (next === undefined || next > deps.clock.now()) return stored
    else await claim(deps, stored, next)
  }
  throw new FermataError('schedule-contention', `Schedule "${name}" changed again and again`)
}

/**
 * Takes the due ticks for this schedule as it is now: from then on nobody makes other ones of the same times, nor the same
 * ones for another target. The agenda names the next tick first, so that a document's next tick always stands there.
 */
async function claim(deps: ScheduleDeps, stored: StoredSchedule, from: number): Promise<void> {
  const { calendar, clock, faults, logger } = deps
  const { name, document } = stored
  const next = nextTickFor(calendar, document.spec.timing)
  const { document: claimed, skipped } = claimTicks(document, from, next, clock.now())
  if (skipped) {
    const { lastTick } = claimed
    logger.warn(
      { schedule: name, from, lastTick },
      'Ticks of a schedule were missed and are skipped',
    )
  }
  await faults.reach('schedule.before-claim', name)
  await store(deps, stored, claimed, 'timer')
  await faults.reach('schedule.after-claim', name)
}

/** Writes a schedule; the agenda names its next tick before that. `false`: somebody was faster. */
export async function store(
  { agenda, registry }: ScheduleDeps,
  before: StoredSchedule | { readonly name: string },
  document: ScheduleDocument,
  kind: AgendaEntry['kind'],
): Promise<boolean> {
  const { name } = before
  const dueAt = nextTickOf(document)
  const subject = scheduleSubject(name)
  const ticket = dueAt === undefined ? undefined : await agenda.add({ subject, dueAt, kind })
  const written = await registry.write(name, document, 'rev' in before ? before : undefined)
  if (ticket === undefined || dueAt === undefined) return written
  if (!written) agenda.retire(ticket)
  // Its look may have come before the document, and put it off.
  else if (!agenda.counts(ticket) || ticket.entry.dueAt > dueAt) {
    await agenda.add({ subject, dueAt, kind: 'timer' })
  }
  return written
}

/**
 * The ids follow from the ticks: again is the same. Only an outage of more than a day between this and the next
 * write could find an invocation expired that was created.
 */
async function create(
  deps: ScheduleDeps,
  stored: StoredSchedule,
  ticks: readonly number[],
): Promise<void> {
  const { name, document } = stored
  for (let from = 0; from < ticks.length; from += sideBySide) {
    const some = ticks.slice(from, from + sideBySide)
    await Promise.all(some.map((tick) => createTick(deps, name, document, tick)))
  }
  await deps.faults.reach('schedule.after-create', name)
  await deps.registry.write(name, ticksMade(document), stored)
}

async function createTick(
  { work }: ScheduleDeps,
  name: string,
  document: ScheduleDocument,
  tick: number,
): Promise<void> {
  const { target, input } = document.spec
  await work.create(
    {
      id: tickInvocationId(name, document, tick),
      target,
      input,
      headers: {},
      origin: { kind: 'schedule', schedule: name, tick },
      idempotencyKey: undefined,
      notBefore: undefined,
      minRetentionMs: dayMs,
    },
    { source: 'asks-again', permit: undefined },
  )
}
