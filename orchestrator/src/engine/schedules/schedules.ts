import { FermataError } from '../../domain/errors.ts'
import {
  defineSchedule,
  nextTickOf,
  pauseSchedule,
  resumeSchedule,
  tickInvocationId,
} from '../../domain/schedules/schedule.ts'
import type { ScheduleDocument } from '../../domain/schedules/schedule-document.ts'
import type { AgendaEntry, ScheduleRequest, Schedules, ScheduleView } from '../../ports/index.ts'
import type { NudgeAnswer } from '../agenda/agenda.ts'
import { repeat } from '../agenda/within.ts'
import { change, contention } from './change.ts'
import { checkRequest } from './check-request.ts'
import { bringUpToDate, maxTries, schedulePrefix } from './make-ticks.ts'
import { nudgeSchedule } from './nudge-schedule.ts'
import { reconcile } from './reconcile.ts'
import { nextTickFor, type ScheduleDeps } from './schedule-deps.ts'
import type { StoredSchedule } from './schedule-registry.ts'
import { createSweep } from './sweep.ts'

export interface RunningSchedules extends Schedules {
  nudge(entry: AgendaEntry): Promise<NudgeAnswer>
  /** Looks after all schedules every now and then, until `stopping` aborts. */
  start(stopping: AbortSignal): void
  /** Makes the schedules what the code of the newest deployments says. */
  reconcile(): Promise<void>
}

const sweepMs = 60_000

export function createSchedules(deps: ScheduleDeps): RunningSchedules {
  const sweep = createSweep(deps, sweepMs)
  return {
    async list() {
      const all = await deps.registry.all()
      return all.filter(({ document }) => !document.removed).map(viewOf)
    },
    get: async (name) => viewOf(await existing(deps, name)),
    async put(name, request) {
      await checkRequest(deps, name, request)
      const changed = await change(deps, name, (before) => {
        refuseManaged(name, before)
        return defined(deps, before, request)
      })
      return viewOf(changed)
    },
    remove: (name) => remove(deps, name),
    pause: async (name) =>
      viewOf(await change(deps, name, (before) => pauseSchedule(known(name, before)))),
    resume: async (name) =>
      viewOf(await change(deps, name, (before) => resumed(deps, name, before))),
    nudge: (entry) => nudgeSchedule(deps, entry),
    reconcile: () => reconcile(deps),
    start(stopping) {
      void repeat(deps.clock, sweepMs, stopping, async () => {
        try {
          await reconcile(deps)
          await sweep()
        } catch (error) {
          if (stopping.aborted) return
          deps.logger.warn({ error }, 'The schedules could not be looked after; trying again')
        }
      })
    },
  }
}

function defined(
  { calendar, clock }: ScheduleDeps,
  before: ScheduleDocument | undefined,
  spec: ScheduleRequest,
): ScheduleDocument {
  const next = nextTickFor(calendar, spec.timing)
  return defineSchedule(before, { spec, managed: undefined }, next, clock.now())
}

function resumed(
  { calendar, clock }: ScheduleDeps,
  name: string,
  before: ScheduleDocument | undefined,
): ScheduleDocument {
  const document = known(name, before)
  if (!document.paused) return document
  return resumeSchedule(document, nextTickFor(calendar, document.spec.timing), clock.now())
}

async function remove(deps: ScheduleDeps, name: string): Promise<void> {
  for (let tries = 0; tries < maxTries; tries++) {
    const before = await bringUpToDate(deps, name)
    if (before === undefined || before.document.removed) throw notFound(name)
    refuseManaged(name, before.document)
    if (await deps.registry.remove(before)) return
  }
  throw contention(name)
}

async function existing({ registry }: ScheduleDeps, name: string): Promise<StoredSchedule> {
  const stored = await registry.read(name)
  if (stored !== undefined && !stored.document.removed) return stored
  throw notFound(name)
}

function known(name: string, document: ScheduleDocument | undefined): ScheduleDocument {
  if (document !== undefined && !document.removed) return document
  throw notFound(name)
}

function notFound(name: string): FermataError {
  return new FermataError('schedule-not-found', `There is no schedule "${name}"`)
}

function refuseManaged(name: string, document: ScheduleDocument | undefined): void {
  if (document?.managed === undefined) return
  const message = `Schedule "${name}" comes from the code: change it there, or pause it`
  throw new FermataError('schedule-managed', message)
}

function viewOf({ name, document }: Pick<StoredSchedule, 'name' | 'document'>): ScheduleView {
  const { spec, paused, lastTick, managed } = document
  return {
    ...spec,
    name,
    status: paused ? 'paused' : 'active',
    lastTick,
    lastInvocationId:
      lastTick === undefined ? undefined : tickInvocationId(name, document, lastTick),
    nextTick: nextTickOf(document),
    deployment: managed?.deployment,
  }
}

/** Whether an entry of the agenda is about a schedule. */
export function isSchedule({ subject }: AgendaEntry): boolean {
  return subject.startsWith(schedulePrefix)
}
