import type { Manifest, ManifestHandler } from '@fermata/lambda-runtime/protocol'
import {
  manifestSchedules,
  scheduleMistakes,
  timingOf,
} from '@fermata/orchestrator/domain/schedules/manifest-schedules'
import { expect, test } from 'vitest'

const manifestOf = (...handlers: ManifestHandler[]): Manifest => ({
  protocol: 1,
  kind: 'manifest',
  sdk: 'test',
  services: [{ name: 'reports', kind: 'service', handlers }],
})
const noMistake = () => undefined

test('a timing is a cron expression in a time zone, or an interval', () => {
  expect(timingOf({ cron: '0 2 * * *' })).toEqual({
    kind: 'cron',
    cron: '0 2 * * *',
    timezone: 'UTC',
  })
  expect(timingOf({ cron: '0 2 * * *', timezone: 'Asia/Tokyo' })).toMatchObject({
    timezone: 'Asia/Tokyo',
  })
  expect(timingOf({ everyMs: 1_000 })).toEqual({ kind: 'every', everyMs: 1_000 })
  expect(timingOf({})).toContain('either')
  expect(timingOf({ cron: '0 2 * * *', everyMs: 1_000 })).toContain('either')
  expect(timingOf({ everyMs: 1_000, timezone: 'UTC' })).toContain('time zone')
  expect(timingOf({ everyMs: 999 })).toContain('second')
})

test('the schedules of a manifest are named by service and handler', () => {
  const manifest = manifestOf(
    { name: 'daily', mode: 'stateless', schedule: { cron: '0 2 * * *', catchUp: 'all' } },
    { name: 'often', mode: 'stateless', schedule: { everyMs: 5_000 } },
    { name: 'never', mode: 'stateless' },
  )
  const found = manifestSchedules(manifest)
  expect([...found.keys()]).toEqual(['reports/daily', 'reports/often'])
  expect(found.get('reports/daily')).toMatchObject({ catchUp: 'all', input: { void: true } })
  expect(found.get('reports/often')).toMatchObject({
    catchUp: 'latest',
    target: { service: 'reports', handler: 'often' },
  })
  expect(scheduleMistakes(manifest, noMistake)).toEqual([])
})

test('mistakes are told with the handler; what has them is no schedule', () => {
  const manifest = manifestOf(
    { name: 'keyed', mode: 'exclusive', schedule: { everyMs: 5_000 } },
    { name: 'fast', mode: 'stateless', schedule: { everyMs: 1 } },
    { name: 'odd', mode: 'stateless', schedule: { cron: 'odd' } },
  )
  const mistakes = scheduleMistakes(manifest, ({ kind }) => (kind === 'cron' ? 'odd' : undefined))
  expect(mistakes).toEqual([
    expect.stringContaining('reports/keyed: schedule: a tick names no key'),
    expect.stringContaining('reports/fast: schedule: every must be'),
    'reports/odd: schedule: odd',
  ])
  expect([...manifestSchedules(manifest).keys()]).toEqual(['reports/odd'])
})
