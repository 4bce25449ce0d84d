import { describe, expect, it } from 'vitest'
import { service, TerminalError, workflow } from '../../../lambda-runtime/src/index.ts'
import {
  awakeableId,
  childInvocationId,
  deriveInvocationId,
} from '../../../lambda-runtime/src/protocol/index.ts'
import type { ServiceContext } from '../../../lambda-runtime/src/types/context.ts'
import { completed, invocation, json, Stage } from './support/stage.ts'

const mail = service('mail', { go: (_, input: unknown) => input })

describe('a call', () => {
  it('has its id at once: the one that whoever carries it out derives', async () => {
    const ids: string[] = []
    const stage: Stage = new Stage((ctx) => {
      ids.push(ctx.call(mail).go(1).invocationId)
      ids.push(ctx.send(mail).go(1).invocationId)
      ids.push(ctx.call(mail, { idempotencyKey: 'k' }).go(1).invocationId)
    })
    await stage.attempt()
    expect(ids).toEqual([
      childInvocationId('mail', invocation, 0),
      childInvocationId('mail', invocation, 1),
      deriveInvocationId('mail', ['key', 'go', 'k']),
    ])
  })

  it('records its target, input and options', async () => {
    const stage: Stage = new Stage((ctx) => {
      void ctx.call(mail, { idempotencyKey: 'k', headers: { a: 'b' } }).go({ x: 1 })
      void ctx.call<typeof mail>('mail').go(undefined)
    })
    const { entries } = await stage.attempt()
    const target = { service: 'mail', handler: 'go' }
    expect(entries).toEqual([
      {
        kind: 'call',
        op: 0,
        target,
        input: json({ x: 1 }),
        idempotencyKey: 'k',
        headers: { a: 'b' },
      },
      { kind: 'call', op: 1, target, input: { void: true } },
    ])
  })

  it('takes its input as it is at the time of the call', async () => {
    const stage: Stage = new Stage((ctx) => {
      const order = { state: 'new' }
      void ctx.call(mail).go(order)
      order.state = 'changed'
    })
    const { entries } = await stage.attempt()
    expect(entries).toMatchObject([{ input: json({ state: 'new' }) }])
  })

  it('rejects for good when its input cannot be stored, and is no op', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const error = await ctx
        .call(mail)
        .go({ deep: { fn: () => 1 } })
        .catch((reason: unknown) => reason)
      if (!(error instanceof TerminalError)) return 'not terminal'
      return [error.code, error.message.includes('$.deep.fn')]
    })
    const reply = await stage.attempt()
    expect(reply).toMatchObject({
      entries: [],
      status: completed(['value-unstorable', true]),
    })
  })

  it('that failed rejects with a terminal error that has its code, status and message', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      const error = await ctx
        .call(mail)
        .go(1)
        .catch((reason: unknown) => reason)
      if (!(error instanceof TerminalError)) return 'not terminal'
      return [error.code, error.status, error.message]
    })
    await stage.drive()
    stage.fail(0, { code: 'declined', message: 'no funds', status: 402 })
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(['declined', 402, 'no funds']))
  })

  it('of a handler that cannot exist is refused', async () => {
    const stage: Stage = new Stage((ctx) =>
      (ctx.call(mail) as unknown as Record<string, () => unknown>)['no way']?.(),
    )
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ failure: { code: 'option-invalid' } })
  })

  it('has a client that is not taken for a promise', async () => {
    const stage: Stage = new Stage(async (ctx) => typeof (await ctx.call(mail)).go)
    expect((await stage.attempt()).status).toEqual(completed('function'))
  })
})

describe('a send', () => {
  it('may be delayed', async () => {
    const stage: Stage = new Stage((ctx) => {
      ctx.send(mail, { delay: '1m' }).go(1)
    })
    const { entries } = await stage.attempt()
    expect(entries).toMatchObject([{ kind: 'send', notBefore: stage.world.now + 60_000 }])
  })

  it('throws for good at once when its input cannot be stored', async () => {
    const stage: Stage = new Stage((ctx) => {
      ctx.send(mail).go(() => 1)
    })
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ kind: 'failed', failure: { code: 'value-unstorable' } })
  })
})

describe('an awakeable', () => {
  it('has an id of the invocation and its op', async () => {
    const stage: Stage = new Stage(async (ctx) => {
      void ctx.sleep('1h')
      return ctx.awakeable().id
    })
    expect((await stage.attempt()).status).toEqual(completed(awakeableId(invocation, 1)))
  })

  it('rejects with what it was rejected with', async () => {
    const stage: Stage = new Stage((ctx) => ctx.awakeable().promise)
    await stage.drive()
    stage.fail(0, { code: 'awakeable-rejected', message: 'too dear' })
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ kind: 'failed', failure: { message: 'too dear' } })
  })

  it('of another invocation can be resolved and rejected', async () => {
    const id = awakeableId(invocation, 5)
    const stage: Stage = new Stage((ctx) => {
      ctx.resolveAwakeable(id, { ok: true })
      ctx.rejectAwakeable(id, 'no')
      ctx.resolveAwakeable(id)
    })
    const { entries } = await stage.attempt()
    expect(entries).toMatchObject([
      { kind: 'awakeable-complete', awakeable: id, result: { value: json({ ok: true }) } },
      { result: { kind: 'failure', failure: { code: 'awakeable-rejected', message: 'no' } } },
      { result: { kind: 'value', value: { void: true } } },
    ])
  })

  it('whose id is none fails the handler for good', async () => {
    const stage: Stage = new Stage((ctx) => ctx.resolveAwakeable('nonsense', 1))
    const { status } = await stage.attempt()
    expect(status).toMatchObject({ kind: 'failed', failure: { code: 'bad-awakeable-id' } })
  })
})

describe('the context', () => {
  it('tells the handler who it is', async () => {
    const stage: Stage = new Stage((ctx) => [
      ctx.kind,
      ctx.id,
      ctx.attempt,
      ctx.headers,
      ctx.origin.kind,
    ])
    const reply = await stage.attempt()
    expect(reply.status).toEqual(completed(['service', invocation, 1, { tenant: 'a' }, 'http']))
  })

  it.each<[string, (stage: Stage) => unknown]>([
    ['a duration that is none', () => '-1s'],
    ['a name that is none', () => ''],
  ])('refuses %s', async (what, make) => {
    const stage: Stage = new Stage((ctx) =>
      what.includes('duration')
        ? ctx.sleep(make(stage) as '1s')
        : ctx.run(make(stage) as string, () => 1),
    )
    const { status } = await stage.attempt()
    expect(status).toMatchObject({
      kind: 'retry',
      failure: { code: expect.stringMatching(/duration-invalid|option-invalid/) },
    })
  })
})

describe('what is no text is refused, and never reaches the journal', () => {
  const keyed = workflow('flow', { run: () => undefined })
  it.each<[string, (ctx: ServiceContext) => unknown]>([
    ['a key', (ctx) => ctx.call(keyed, 42 as never).run()],
    ['an idempotency key', (ctx) => ctx.call(mail, { idempotencyKey: 42 as never }).go(1)],
    ['that of a run', (ctx) => ctx.call(keyed, 'k', { idempotencyKey: 42 as never }).run()],
    ['that of a send', (ctx) => ctx.send(mail, { idempotencyKey: null as never }).go(1)],
    ['a header', (ctx) => ctx.send(mail, { headers: { tenant: 7 as never } }).go(1)],
  ])('%s', async (_, ask) => {
    const { status, entries } = await new Stage((ctx) => void ask(ctx)).attempt()
    expect(status).toMatchObject({ kind: 'retry', failure: { code: 'option-invalid' } })
    expect(entries).toEqual([])
  })

  it('but an absent header is none, and an id is taken as text', async () => {
    const stage = new Stage((ctx) => {
      ctx.send(mail, { headers: { tenant: undefined as never } }).go(1)
      ctx.resolveAwakeable([awakeableId(invocation, 3)] as never, 1)
    })
    const { entries } = await stage.attempt()
    expect(entries).toMatchObject([{ headers: {} }, { awakeable: awakeableId(invocation, 3) }])
  })
})

describe('interceptors', () => {
  it('go around the handler and each try of a step, those of the function outermost', async () => {
    const order: string[] = []
    const layer = (name: string) => ({
      handler: async (call: { handler: string }, next: () => Promise<unknown>) => {
        order.push(`${name}:${call.handler}`)
        return next()
      },
      run: async (call: { name: string; attempt: number }, next: () => Promise<unknown>) => {
        order.push(`${name}:${call.name}#${call.attempt}`)
        return next()
      },
    })
    const stage: Stage = new Stage((ctx) => ctx.run('x', () => 1), undefined, layer('inner'))
    const reply = await stage.attempt({ around: layer('outer') })
    expect(reply.status).toEqual(completed(1))
    expect(order).toEqual(['outer:go', 'inner:go', 'outer:x#1', 'inner:x#1'])
  })

  it('may take the place of what the handler gives', async () => {
    const stage: Stage = new Stage(() => 'plain')
    const reply = await stage.attempt({
      around: { handler: async (_, next) => `around ${await next()}` },
    })
    expect(reply.status).toEqual(completed('around plain'))
  })
})
