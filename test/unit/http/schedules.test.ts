import type { ScheduleRequest, Schedules, ScheduleView } from '@fermata/orchestrator/ports'
import { describe, expect, test } from 'vitest'
import { setUp } from './set-up.ts'

const view: ScheduleView = {
  name: 'reports/daily',
  target: { service: 'reports', handler: 'daily', key: 'k' },
  input: { json: { a: 1 } },
  timing: { kind: 'cron', cron: '0 7 * * *', timezone: 'Europe/Berlin' },
  catchUp: 'latest',
  status: 'active',
  lastTick: 1_700_000_000_000,
  lastInvocationId: undefined,
  nextTick: undefined,
  deployment: 'dp_1',
}
const shown = {
  name: 'reports/daily',
  status: 'active',
  target: 'reports/daily',
  key: 'k',
  input: { a: 1 },
  cron: '0 7 * * *',
  timezone: 'Europe/Berlin',
  catchUp: 'latest',
  lastTick: '2023-11-14T22:13:20.000Z',
  deployment: 'dp_1',
}

function recording() {
  const asked: [string, ...unknown[]][] = []
  const note =
    (what: string) =>
    async (...args: unknown[]): Promise<never> => {
      asked.push([what, ...args])
      return (what === 'list' ? [view] : view) as never
    }
  const schedules: Schedules = {
    list: note('list'),
    get: note('get'),
    put: note('put'),
    remove: note('remove'),
    pause: note('pause'),
    resume: note('resume'),
  }
  return { asked, schedules }
}

describe('schedules over HTTP', () => {
  test('are listed, shown, paused, resumed and removed, by names with a slash, too', async () => {
    const { asked, schedules } = recording()
    const { admin } = await setUp({ admin: { schedules } })
    expect((await admin('GET', '/schedules')).json).toEqual({ schedules: [shown] })
    const path = '/schedules/reports%2Fdaily'
    expect((await admin('GET', path)).json).toEqual(shown)
    expect((await admin('POST', `${path}/pause`)).json).toEqual(shown)
    expect((await admin('POST', `${path}/resume`)).json).toEqual(shown)
    expect((await admin('DELETE', path)).status).toBe(204)
    expect(asked).toEqual([
      ['list'],
      ['get', 'reports/daily'],
      ['pause', 'reports/daily'],
      ['resume', 'reports/daily'],
      ['remove', 'reports/daily'],
    ])
  })

  test.for([
    [
      { target: 'a/b', cron: '0 7 * * *' },
      {
        target: { service: 'a', handler: 'b' },
        input: { void: true },
        timing: { kind: 'cron', cron: '0 7 * * *', timezone: 'UTC' },
        catchUp: 'latest',
      },
    ],
    [
      { target: 'a/b', key: 'k', every: '5m', input: [1], catchUp: 'all' },
      {
        target: { service: 'a', handler: 'b', key: 'k' },
        input: { json: [1] },
        timing: { kind: 'every', everyMs: 300_000 },
        catchUp: 'all',
      },
    ],
    [
      { target: 'a/b', every: 1_500, input: null },
      {
        target: { service: 'a', handler: 'b' },
        input: { json: null },
        timing: { kind: 'every', everyMs: 1_500 },
        catchUp: 'latest',
      },
    ],
  ] as [object, ScheduleRequest][])('are put: %o', async ([body, request]) => {
    const { asked, schedules } = recording()
    const { admin } = await setUp({ admin: { schedules } })
    expect((await admin('PUT', '/schedules/s', body)).status).toBe(200)
    expect(asked).toEqual([['put', 's', request]])
  })

  test.for([
    [{}, 'target: is missing'],
    [{ target: 'a', every: '1s' }, '<service>/<handler>'],
    [{ target: 'a b/c', every: '1s' }, 'cannot be a handler'],
    [{ target: 'a/b' }, 'either cron or every'],
    [{ target: 'a/b', cron: '* * * * *', every: '1s' }, 'either cron or every'],
    [{ target: 'a/b', every: '1s', timezone: 'UTC' }, 'time zone'],
    [{ target: 'a/b', every: 'soon' }, 'expected a duration'],
    [{ target: 'a/b', every: '1s', catchUp: 'some' }, 'catchUp'],
    [{ target: 'a/b', every: '1s', more: 1 }, 'no such field'],
  ] as const)('are refused with what is wrong: %o', async ([body, detail]) => {
    const { schedules } = recording()
    const { admin } = await setUp({ admin: { schedules } })
    const { status, json } = await admin('PUT', '/schedules/s', body)
    expect(status).toBe(422)
    expect(json).toMatchObject({
      code: 'schedule-invalid',
      detail: expect.stringContaining(detail),
    })
  })
})

describe('sends that are put together', () => {
  const submission = {
    target: { service: 'mail', handler: 'send' },
    input: { json: 1 },
    idempotencyKey: 'once',
    delayMs: undefined,
  }

  test.for([
    ['debounce=5s', { how: 'debounce', waitMs: 5_000 }],
    [
      'debounce=5000&maxWait=1m&collectKey=k',
      { how: 'debounce', waitMs: 5_000, maxWaitMs: 60_000, key: 'k' },
    ],
    ['batch=100&maxWait=2s', { how: 'batch', maxSize: 100, waitMs: 2_000 }],
  ] as const)('are taken, without an invocation of their own: %s', async ([query, collect]) => {
    const asked: unknown[] = []
    const { post } = await setUp({
      ingress: {
        mediaOf: async () => ({}),
        collect: async (...args) => {
          asked.push(args)
          return 'previously_accepted'
        },
      },
    })
    const headers = { 'idempotency-key': 'once' }
    const { status, json } = await post(`/mail/send/send?${query}`, '1', headers)
    expect({ status, json }).toEqual({ status: 202, json: { status: 'previously_accepted' } })
    expect(asked).toEqual([[expect.objectContaining(submission), collect]])
  })

  test.for([
    ['debounce=5s&delay=1s', 'one of delay'],
    ['debounce=5s&batch=1&maxWait=1s', 'one of delay'],
    ['batch=10', 'needs maxWait'],
    ['batch=0&maxWait=1s', 'from 1 to 1000'],
    ['batch=1001&maxWait=1s', 'from 1 to 1000'],
    ['collectKey=k', 'go with'],
    ['debounce=soon', 'expected a duration'],
  ] as const)('are refused with what is wrong: %s', async ([query, detail]) => {
    const { post } = await setUp({ ingress: { mediaOf: async () => ({}) } })
    const { status, json } = await post(`/mail/send/send?${query}`, '1')
    expect(status).toBe(400)
    expect(json).toMatchObject({ detail: expect.stringContaining(detail) })
  })
})
