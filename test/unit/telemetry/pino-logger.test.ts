import {
  createLogger,
  type LoggerOptions,
} from '@fermata/orchestrator/adapters/telemetry/pino-logger'
import { describe, expect, it } from 'vitest'

function capture(level: LoggerOptions['level'] = 'debug') {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  return { lines, logger: createLogger({ level, destination }) }
}

describe('the logger', () => {
  it('writes a line of JSON with level, time, message and fields', () => {
    const { lines, logger } = capture()
    logger.info({ invocation: 'checkout.0', epoch: 2 }, 'attempt begun')
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        name: 'fermata',
        invocation: 'checkout.0',
        epoch: 2,
        msg: 'attempt begun',
      },
    ])
  })

  it('repeats the fields of a child on each of its lines', () => {
    const { lines, logger } = capture()
    const child = logger.child({ invocation: 'checkout.0' })
    child.warn({}, 'one')
    child.error({ epoch: 1 }, 'two')
    expect(lines).toMatchObject([
      { invocation: 'checkout.0', msg: 'one', level: 'warn' },
      { invocation: 'checkout.0', msg: 'two', level: 'error', epoch: 1 },
    ])
  })

  it('leaves out what is below its level', () => {
    const { lines, logger } = capture('warn')
    logger.debug({}, 'no')
    logger.info({}, 'no')
    logger.warn({}, 'yes')
    expect(lines).toHaveLength(1)
  })

  it('shows an error with its code, stack and causes', () => {
    const { lines, logger } = capture()
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    logger.error({ error: new TypeError('no answer', { cause }) }, 'failed')
    expect(lines[0]).toMatchObject({
      error: {
        name: 'TypeError',
        message: 'no answer',
        stack: expect.stringContaining('pino-logger.test.ts'),
        cause: { message: 'refused', code: 'ECONNREFUSED' },
      },
    })
  })

  it('survives whatever was thrown: nothing, a text, an error that is its own cause', () => {
    const { lines, logger } = capture()
    const circular = new Error('round')
    circular.cause = circular
    for (const error of [undefined, null, 'text', circular]) logger.error({ error }, 'thrown')
    expect(lines).toHaveLength(4)
    expect(lines[2]).toMatchObject({ error: 'text' })
  })

  it('writes no secrets', () => {
    const { lines, logger } = capture()
    logger.info({ password: 'p', sasl: { password: 'p' }, headers: { authorization: 'a' } }, 'x')
    expect(lines[0]).toMatchObject({
      password: '[redacted]',
      sasl: { password: '[redacted]' },
      headers: { authorization: '[redacted]' },
    })
  })
})
