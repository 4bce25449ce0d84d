import { describe, expect, it } from 'vitest'
import { createLogger } from '../../../lambda-runtime/src/logger.ts'
import type { Log } from '../../../lambda-runtime/src/types/log.ts'

function logged(write: (log: Log) => void): unknown {
  const lines: string[] = []
  const deps = { write: (line: string) => lines.push(line), now: () => 0 }
  write(createLogger(deps, { invocation: 'orders.1' }))
  expect(lines).toHaveLength(1)
  return JSON.parse(lines.join())
}

const common = { time: '1970-01-01T00:00:00.000Z', invocation: 'orders.1' }

describe('a log line', () => {
  it('is JSON with level, time, bindings and message', () => {
    expect(logged((log) => log.info('paid'))).toEqual({ level: 'info', ...common, msg: 'paid' })
    expect(logged((log) => log.debug('a'))).toMatchObject({ level: 'debug' })
    expect(logged((log) => log.warn('a'))).toMatchObject({ level: 'warn' })
    expect(logged((log) => log.error('a'))).toMatchObject({ level: 'error' })
  })

  it('takes fields before the message', () => {
    expect(logged((log) => log.info({ amount: 3 }, 'paid'))).toMatchObject({
      amount: 3,
      msg: 'paid',
    })
    expect(logged((log) => log.info({ amount: 3 }))).toEqual({
      level: 'info',
      ...common,
      amount: 3,
    })
  })

  it('shows an error with its causes', () => {
    const error = new Error('not paid', { cause: new Error('declined') })
    expect(logged((log) => log.error(error))).toMatchObject({
      msg: 'not paid',
      err: { message: 'not paid', cause: { message: 'declined' } },
    })
    expect(logged((log) => log.error({ err: error }, 'charging failed'))).toMatchObject({
      msg: 'charging failed',
      err: { name: 'Error', stack: expect.any(String) },
    })
  })

  it('is written whatever the fields are', () => {
    const cyclic: Record<string, unknown> = { big: 1n, again: [{ a: 1 }, { a: 1 }] }
    cyclic['self'] = { cyclic }
    expect(logged((log) => log.info(cyclic, 'odd'))).toMatchObject({
      big: '1',
      again: [{ a: 1 }, { a: 1 }],
      self: { cyclic: { self: '[circular]' } },
    })
    const hostile = {
      toJSON() {
        throw new Error('no')
      },
    }
    expect(logged((log) => log.info({ hostile }, 'odd'))).toMatchObject({
      level: 'error',
      msg: 'A log message could not be written as JSON',
    })
  })
})
