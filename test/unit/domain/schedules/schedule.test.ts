import {
  claimTicks,
  defineSchedule,
  isDue,
  nextTickOf,
  pauseSchedule,
  removeSchedule,
  resumeSchedule,
  tickInvocationId,
  ticksMade,
} from '@fermata/orchestrator/domain/schedules/schedule'
import type { ScheduleSpec } from '@fermata/orchestrator/domain/schedules/schedule-document'
import { everyTick } from '@fermata/orchestrator/domain/schedules/ticks'
import { describe, expect, test } from 'vitest'

const minute = 60_000
const now = 1_000 * minute + 1
const next = everyTick(minute)
const spec: ScheduleSpec = {
  target: { service: 'reports', handler: 'daily' },
  input: { void: true },
  timing: { kind: 'every', everyMs: minute },
  catchUp: 'all',
}
const managed = { deployment: 'dp_1', since: 1 }
const fresh = defineSchedule(undefined, { spec, managed: undefined }, next, now)
const at = (minutes: number) => minutes * minute

describe('a schedule', () => {
  test('begins with the next tick', () => {
    expect(fresh).toEqual({ spec, paused: false, generation: 1, nextTick: at(1_001) })
  })

  test('claims what is due, and is done with it once it is made', () => {
    const { document, skipped } = claimTicks(fresh, at(1_001), next, at(1_002))
    expect(skipped).toBe(false)
    expect(document).toMatchObject({
      making: [at(1_001), at(1_002)],
      lastTick: at(1_002),
      nextTick: at(1_003),
    })
    expect(isDue(document, 0)).toBe(true)
    expect(ticksMade(document)).not.toHaveProperty('making')
  })

  test('claims nothing where nothing is made up for, and goes on', () => {
    const none = { ...fresh, spec: { ...spec, catchUp: 'none' as const } }
    const { document, skipped } = claimTicks(none, at(1_001), next, at(1_001) + 59_000)
    expect(skipped).toBe(true)
    expect(document).not.toHaveProperty('making')
    expect(document).toMatchObject({ lastTick: at(1_001), nextTick: at(1_002) })
  })

  test('is due when its next tick has come, unless it is paused or gone', () => {
    expect(isDue(fresh, at(1_001) - 1)).toBe(false)
    expect(isDue(fresh, at(1_001))).toBe(true)
    expect(isDue(pauseSchedule(fresh), at(1_001))).toBe(false)
    const gone = removeSchedule(fresh, managed)
    expect(nextTickOf(gone)).toBeUndefined()
    expect(gone).toMatchObject({ removed: true, managed })
    expect(isDue({ ...fresh, nextTick: undefined as never }, at(1_001))).toBe(false)
  })

  test('that is changed keeps its past and its pause', () => {
    const before = { ...pauseSchedule(fresh), lastTick: at(1_000), generation: 3 }
    const after = defineSchedule(before, { spec, managed }, everyTick(5 * minute), now)
    expect(after).toEqual({
      spec,
      managed,
      paused: true,
      generation: 3,
      lastTick: at(1_000),
      nextTick: at(1_005),
    })
  })

  test('ticks no earlier than after its last tick, if a clock is a little behind', () => {
    const before = { ...fresh, lastTick: at(1_001) }
    expect(defineSchedule(before, { spec, managed: undefined }, next, now)).toMatchObject({
      generation: 1,
      nextTick: at(1_002),
    })
    expect(resumeSchedule(pauseSchedule(before), next, now)).toMatchObject({
      paused: false,
      nextTick: at(1_002),
    })
  })

  test('begins a new generation where a wrong clock has ticked far ahead', () => {
    const before = { ...fresh, lastTick: at(9_000) }
    const after = defineSchedule(before, { spec, managed: undefined }, next, now)
    expect(after).toMatchObject({ generation: 2, nextTick: at(1_001) })
    expect(after).not.toHaveProperty('lastTick')
    expect(tickInvocationId('s', after, at(2_000))).not.toBe(
      tickInvocationId('s', before, at(2_000)),
    )
  })

  test('that is resumed goes on with the next tick, or with none', () => {
    expect(resumeSchedule(pauseSchedule(fresh), next, now + at(5))).toMatchObject({
      nextTick: at(1_006),
    })
    expect(resumeSchedule(fresh, () => undefined, now)).not.toHaveProperty('nextTick')
  })

  test('names the invocation of a tick by schedule and tick', () => {
    const id = tickInvocationId('s', fresh, at(1))
    expect(id).toMatch(/^reports\./)
    expect(tickInvocationId('s', fresh, at(1))).toBe(id)
    expect(tickInvocationId('t', fresh, at(1))).not.toBe(id)
    expect(tickInvocationId('s', fresh, at(2))).not.toBe(id)
  })
})
