import { deriveInvocationId, type InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Managed, ScheduleDocument, ScheduleSpec } from './schedule-document.ts'
import { dueTicks, type NextTick } from './ticks.ts'

/** By so much may the clocks of two replicas differ; a last tick further in the future was a wrong clock's. */
const skewMs = 60_000

/** One tick, one invocation, whoever makes it, and however often (INV-9). */
export function tickInvocationId(
  name: string,
  { spec, generation }: Pick<ScheduleDocument, 'spec' | 'generation'>,
  tick: number,
): InvocationId {
  return deriveInvocationId(spec.target, ['schedule', name, String(generation), String(tick)])
}

/** When somebody must look at it next (epoch ms); `undefined`: nobody must. */
export function nextTickOf({ paused, removed, nextTick }: ScheduleDocument): number | undefined {
  return paused || removed ? undefined : nextTick
}

/** Whether it has work that must be done before it may be changed. */
export function isDue(document: ScheduleDocument, now: number): boolean {
  const next = nextTickOf(document)
  return document.making !== undefined || (next !== undefined && next <= now)
}

export type Definition = {
  readonly spec: ScheduleSpec
  readonly managed: Managed | undefined
}

/**
 * A schedule made anew, or changed: its past stays, so no tick is made twice. Only if its last tick lies far in the
 * future, by a clock that was wrong, it begins a new generation: it could not tick until then.
 */
export function defineSchedule(
  before: ScheduleDocument | undefined,
  { spec, managed }: Definition,
  next: NextTick,
  now: number,
): ScheduleDocument {
  const { lastTick, generation = 1, paused = false } = before ?? {}
  const isWrong = lastTick !== undefined && lastTick > now + skewMs
  const past = isWrong ? undefined : lastTick
  return {
    spec,
    paused,
    generation: isWrong ? generation + 1 : generation,
    ...(past !== undefined && { lastTick: past }),
    ...nextTick(next(Math.max(now, past ?? now))),
    ...(managed !== undefined && { managed }),
  }
}

export function pauseSchedule(document: ScheduleDocument): ScheduleDocument {
  return { ...document, paused: true }
}

/** The ticks of the pause are over: it goes on with the next one. */
export function resumeSchedule(
  document: ScheduleDocument,
  next: NextTick,
  now: number,
): ScheduleDocument {
  const { nextTick: _, ...rest } = document
  const after = Math.max(now, document.lastTick ?? now)
  return { ...rest, paused: false, ...nextTick(next(after)) }
}

/** The code does not have it any more. */
export function removeSchedule(document: ScheduleDocument, managed: Managed): ScheduleDocument {
  const { nextTick: _, ...rest } = document
  return { ...rest, managed, removed: true }
}

export type Claim = {
  readonly document: ScheduleDocument
  /** Ticks that nobody makes up for. */
  readonly skipped: boolean
}

/** Claims the ticks that are due: `from` is the next one, and its time has come. */
export function claimTicks(
  document: ScheduleDocument,
  from: number,
  next: NextTick,
  now: number,
): Claim {
  const due = dueTicks(next, { from, now, catchUp: document.spec.catchUp })
  const { nextTick: _, ...rest } = document
  return {
    document: {
      ...rest,
      lastTick: due.last,
      ...nextTick(due.next),
      ...(due.make.length > 0 && { making: [...due.make] }),
    },
    skipped: due.skipped,
  }
}

/** The invocations of what was claimed exist. */
export function ticksMade({ making: _, ...document }: ScheduleDocument): ScheduleDocument {
  return document
}

function nextTick(tick: number | undefined): { readonly nextTick?: number } {
  return tick === undefined ? {} : { nextTick: tick }
}
