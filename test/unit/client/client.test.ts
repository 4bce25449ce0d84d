import { handle, serde, service, TerminalError } from '@fermata/lambda-runtime'
import { connect, RequestError } from '@fermata/lambda-runtime/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InProcess, startInProcess } from '../../support/in-process.ts'

const runs = new Map<string, number>()

const shop = service('shop', {
  echo: (_, input: unknown) => input,
  nothing: () => undefined,
  count: (_, name: string) => {
    const times = (runs.get(name) ?? 0) + 1
    runs.set(name, times)
    return times
  },
  headers: (ctx) => ctx.headers,
  fail: () => {
    throw new TerminalError('no more of it', { code: 'sold-out', status: 409 })
  },
  late: async (ctx, id: string) => {
    const answer = ctx.awakeable<Date>()
    waiting.get(id)?.(answer.id)
    return await answer.promise
  },
  sum: handle({ input: serde.bytes, output: serde.string }, (_, bytes) =>
    String(bytes.reduce((sum, byte) => sum + byte, 0)),
  ),
})
type Shop = typeof shop

const waiting = new Map<string, (awakeable: string) => void>()

let system: InProcess
beforeAll(async () => {
  system = await startInProcess([shop])
})
afterAll(() => system.stop())

const connection = () => connect(system.url)

describe('a client outside', () => {
  it('calls a handler by its definition, and by its type and name', async () => {
    expect(await connection().call(shop).echo({ a: 1 })).toEqual({ a: 1 })
    expect(await connection().call<Shop>('shop').echo('x')).toBe('x')
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'a "text"'],
    ['a date', new Date(7)],
    ['a map with bytes', new Map([['k', new Uint8Array([1, 2])]])],
    ['NaN', { n: Number.NaN, big: 7n }],
  ])('carries %s there and back', async (_, value) => {
    expect(await connection().call(shop).echo(value)).toEqual(value)
  })

  it('answers one call for one idempotency key', async () => {
    const call = () => connection().call(shop, { idempotencyKey: 'k1' }).count('by key')
    expect([await call(), await call()]).toEqual([1, 1])
    expect(await connection().call(shop).count('by key')).toBe(2)
  })

  it('sends its headers and those of the call', async () => {
    const tenant = connect(system.url, { headers: { 'x-tenant': 'acme' } })
    expect(await tenant.call(shop, { headers: { 'x-more': 'yes' } }).headers()).toMatchObject({
      'x-tenant': 'acme',
      'x-more': 'yes',
    })
  })

  it('gets the error that the handler threw', async () => {
    const error: unknown = await connection()
      .call(shop)
      .fail()
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ message: 'no more of it', code: 'sold-out', status: 409 })
  })

  it('is told that there is no such handler, without trying again', async () => {
    const misnamed = connection().call<Shop>('shop')['nobody' as 'nothing']
    const error: unknown = await misnamed().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toMatchObject({ code: 'handler-not-found', status: 404 })
  })

  it('sends without waiting, and attaches to what it sent', async () => {
    const sent = await connection().send(shop, { idempotencyKey: 's1' }).count('sent')
    expect(sent.status).toBe('accepted')
    expect(await sent.attach()).toBe(1)
    const again = await connection().send(shop, { idempotencyKey: 's1' }).count('sent')
    expect(again).toMatchObject({
      status: 'previously_accepted',
      invocationId: sent.invocationId,
    })
    expect(await connection().attach(sent.invocationId)).toBe(1)
    expect(await connection().invocation(sent.invocationId).output()).toEqual({ value: 1 })
  })

  it('completes an awakeable, with a rich value', async () => {
    const id = new Promise<string>((resolve) => waiting.set('a', resolve))
    const sent = await connection().send(shop).late('a')
    expect(await connection().invocation(sent.invocationId).output()).toBeUndefined()
    await connection()
      .awakeable<Date>(await id)
      .resolve(new Date(5))
    expect(await sent.attach()).toEqual(new Date(5))
    await expect(
      connection()
        .awakeable(await id)
        .resolve(1),
    ).rejects.toMatchObject({
      code: 'awakeable-completed',
      status: 409,
    })
  })

  it('rejects an awakeable', async () => {
    const id = new Promise<string>((resolve) => waiting.set('b', resolve))
    const sent = await connection().send(shop).late('b')
    await connection()
      .awakeable(await id)
      .reject('not today')
    await expect(sent.attach()).rejects.toMatchObject({ message: 'not today' })
  })

  it('gives up waiting after its timeout, and the invocation goes on', async () => {
    const id = new Promise<string>((resolve) => waiting.set('c', resolve))
    const call = connection().call(shop, { idempotencyKey: 'c', timeout: '50ms' }).late('c')
    await expect(call).rejects.toMatchObject({ name: 'RequestError', code: 'timeout' })
    await connection()
      .awakeable(await id)
      .resolve(new Date(1))
    expect(await connection().call(shop, { idempotencyKey: 'c' }).late('c')).toEqual(new Date(1))
  })

  it('gives up waiting when its signal aborts', async () => {
    const id = new Promise<string>((resolve) => waiting.set('d', resolve))
    const abort = new AbortController()
    const call = connection().call(shop, { signal: abort.signal }).late('d')
    await id
    abort.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
  })

  it('sends bytes as they are, and reads text as it is', async () => {
    expect(
      await connection()
        .call(shop)
        .sum(new Uint8Array([1, 2, 250])),
    ).toBe('253')
  })

  it('cannot reach a handler called then', async () => {
    expect(Reflect.get(connection().call(shop), 'then')).toBeUndefined()
  })

  it('refuses what no URL can carry', () => {
    expect(() => connection().awakeable('..')).toThrow('cannot be a part')
    expect(() => connect('not a url')).toThrow(TypeError)
  })
})
