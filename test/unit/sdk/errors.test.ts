import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isTerminal,
  TerminalError,
  TimeoutError,
  UsageError,
  ValueError,
} from '../../../lambda-runtime/src/errors.ts'
import { fromFailure, toFailure } from '../../../lambda-runtime/src/failure.ts'
import { type Failure, failureSchema } from '../../../lambda-runtime/src/protocol/index.ts'

describe('TerminalError', () => {
  it('keeps message, status, code and cause', () => {
    const cause = new Error('declined')
    const error = new TerminalError('not paid', { status: 402, code: 'declined', cause })
    expect(error).toMatchObject({ message: 'not paid', status: 402, code: 'declined', cause })
    expect(error).toBeInstanceOf(Error)
  })

  it('has a code of its own, and no status or cause, when none is given', () => {
    const error = new TerminalError('no')
    expect(error).toMatchObject({ name: 'TerminalError', code: 'terminal', status: undefined })
    expect(Object.hasOwn(error, 'cause')).toBe(false)
  })

  it('is known as terminal, as are its subclasses, and nothing else is', () => {
    class OutOfStock extends TerminalError {}
    expect(
      [new TerminalError('a'), new OutOfStock('b'), new TimeoutError('c')].map(isTerminal),
    ).toEqual([true, true, true])
    const others = [new Error('a'), undefined, null, 'x', { '~terminal': true }]
    expect(others.map(isTerminal)).toEqual([false, false, false, false, false])
  })
})

describe('whatever is thrown', () => {
  const throwsOnRead = {
    get message(): string {
      throw new Error('from a getter')
    },
    get name(): string {
      throw new Error('from a getter')
    },
  }

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'Something was thrown that is no error: undefined'],
    ['null', null, 'Something was thrown that is no error: null'],
    ['text', 'it broke', 'it broke'],
    ['a number', 42, 'Something was thrown that is no error: 42'],
    ['a bigint', 1n, 'Something was thrown that is no error: 1n'],
    ['a symbol', Symbol('s'), 'Something was thrown that is no error: Symbol(s)'],
    ['an object', { a: 1 }, 'Something was thrown that is no error: {"a":1}'],
    ['an object like an error', { message: 'like one' }, 'like one'],
    [
      'getters that throw',
      throwsOnRead,
      'Something was thrown that is no error: an object that cannot be shown',
    ],
    ['a function', () => 1, 'Something was thrown that is no error: [object Function]'],
  ])('becomes a failure: %s', (_, thrown, message) => {
    expect(toFailure(thrown, 'handler-failed')).toMatchObject({ code: 'handler-failed', message })
  })

  it('becomes a failure that the protocol accepts', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (thrown) => {
        const failure = toFailure(thrown, 'x')
        expect(failureSchema['~standard'].validate(failure)).toHaveProperty('value')
        expect(JSON.parse(JSON.stringify(failure))).toEqual(failure)
      }),
    )
  })

  it('survives a proxy that refuses everything', () => {
    const refuse = () => {
      throw new Error('no')
    }
    const hostile = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse })
    expect(toFailure(hostile, 'x')).toEqual({ code: 'x', message: expect.any(String) })
  })
})

describe('an error as it is stored', () => {
  it('has name, message, stack and the chain of causes', () => {
    const error = new TypeError('outer', { cause: new RangeError('inner', { cause: 'root' }) })
    expect(toFailure(error, 'x')).toEqual({
      code: 'x',
      name: 'TypeError',
      message: 'outer',
      stack: error.stack,
      cause: {
        code: 'x',
        name: 'RangeError',
        message: 'inner',
        stack: expect.stringContaining('inner'),
        cause: { code: 'x', message: 'root' },
      },
    })
  })

  it.each([
    [new TerminalError('a', { code: 'sold-out', status: 409 }), 'sold-out'],
    [new TimeoutError('b'), 'timeout'],
    [new ValueError('value-unstorable', '$', 'is odd'), 'value-unstorable'],
    [new UsageError('duration-invalid', 'c'), 'duration-invalid'],
    [Object.assign(new Error('d'), { code: 'ECONNRESET' }), 'x'],
  ])('has the code of our own errors, and the given one otherwise: %s', (error, code) => {
    expect(toFailure(error, 'x').code).toBe(code)
  })

  it('has a status only when it is one of HTTP', () => {
    const statuses = [409, 99, 600, 404.5, '404', Number.NaN].map(
      (status) => toFailure(Object.assign(new Error('a'), { status }), 'x').status,
    )
    expect(statuses).toEqual([409, undefined, undefined, undefined, undefined, undefined])
  })

  it('has the codes of its causes, whosever they are', () => {
    const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    expect(toFailure(new Error('a', { cause }), 'x')).toMatchObject({
      code: 'x',
      cause: { code: 'ECONNRESET' },
    })
  })

  it('ends a chain of causes that never ends', () => {
    const error = new Error('a')
    error.cause = error
    expect(JSON.stringify(toFailure(error, 'x')).match(/"message":"a"/g)).toHaveLength(8)
  })

  it('is cut where it is too long', () => {
    const failure = toFailure(new Error('m'.repeat(100_000)), 'x')
    expect(failure.message).toHaveLength(4_000)
    expect(failure.stack).toHaveLength(4_000)
  })

  it('names the first of the errors of an aggregate as its cause', () => {
    const error = new AggregateError([new Error('first'), new Error('second')], 'all failed')
    expect(toFailure(error, 'x')).toMatchObject({
      message: 'all failed',
      cause: { message: 'first' },
    })
  })
})

describe('the error for a stored failure', () => {
  it('is terminal and has the failure’s code, status, name and cause', () => {
    const cause = { code: 'y', name: 'RangeError', message: 'why', status: 400 }
    const error = fromFailure({ code: 'x', message: 'what', status: 409, name: 'Oops', cause })
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'x', message: 'what', status: 409, name: 'Oops' })
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.cause).not.toBeInstanceOf(TerminalError)
    expect(error.cause).toMatchObject(cause)
  })

  it('is a TimeoutError when the failure is one', () => {
    expect(fromFailure({ code: 'timeout', message: 'late' })).toBeInstanceOf(TimeoutError)
  })

  it('gives the same failure again when it is stored again', () => {
    const text = fc.string({ minLength: 1, maxLength: 50 })
    const { failure } = fc.letrec<{ failure: Failure }>((tie) => ({
      failure: fc.record(
        {
          code: text,
          message: fc.string(),
          name: text,
          stack: text,
          status: fc.integer({ min: 100, max: 599 }),
          cause: fc.oneof(
            { maxDepth: 3 },
            fc.constant({ code: 'z', message: 'root', stack: 's', name: 'n' }),
            tie('failure'),
          ),
        },
        { requiredKeys: ['code', 'message', 'name', 'stack'] },
      ),
    }))
    fc.assert(
      fc.property(failure, (stored) => {
        const again = toFailure(fromFailure(stored), 'other')
        const expected = stored.code === 'timeout' ? { ...stored, status: 504 } : stored
        expect(again).toEqual(expected)
      }),
    )
  })
})
