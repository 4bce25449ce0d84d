import { deriveInvocationId, type InvokeReply } from '@fermata/lambda-runtime/protocol'
import { invalidReply, replyTo } from '@fermata/orchestrator/domain/reply-to'
import { describe, expect, it } from 'vitest'

const invocation = deriveInvocationId('orders', ['a'])
const request = { invocation, epoch: 3 }
const reply: InvokeReply = {
  protocol: 1,
  kind: 'reply',
  ...request,
  writer: 'w',
  base: null,
  entries: [],
  status: { kind: 'fenced' },
}

describe('a reply', () => {
  it('is taken by the request that it is for', () => {
    expect(replyTo(request, reply, '')).toEqual({ kind: 'replied', reply })
  })

  it.each([
    ['another invocation', { ...reply, invocation: deriveInvocationId('orders', ['b']) }],
    ['another attempt', { ...reply, epoch: 2 }],
  ])('of %s is not taken', (_, answer) => {
    expect(replyTo(request, answer, '')).toMatchObject({
      kind: 'failed',
      failure: { code: 'invalid-reply', message: expect.stringContaining(answer.invocation) },
    })
  })

  it('that is none is quoted', () => {
    expect(replyTo(request, 'hello', '"hello"')).toMatchObject({
      kind: 'failed',
      failure: { code: 'invalid-reply', message: expect.stringContaining('it said: "hello"') },
    })
    expect(invalidReply('too long').failure).toEqual({ code: 'invalid-reply', message: 'too long' })
  })

  it('that cannot be looked at is a bug, not an answer', () => {
    const hostile = {
      get kind(): string {
        throw new RangeError('do not look')
      },
    }
    expect(() => replyTo(request, new Proxy(hostile, { has: () => fail() }), '')).toThrow('do not')
  })
})

function fail(): never {
  throw new RangeError('do not look')
}
