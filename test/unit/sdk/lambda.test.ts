import type middy from '@middy/core'
import { describe, expect, it } from 'vitest'
import { service } from '../../../lambda-runtime/src/definition.ts'
import { TerminalError } from '../../../lambda-runtime/src/errors.ts'
import { lambda } from '../../../lambda-runtime/src/lambda.ts'
import {
  createLambdaHandler,
  type LambdaDeps,
} from '../../../lambda-runtime/src/middleware/create-lambda-handler.ts'
import {
  type InvokeReply,
  type InvokeRequest,
  parseInvocationId,
} from '../../../lambda-runtime/src/protocol/index.ts'
import type { HandlerHost } from '../../../lambda-runtime/src/replay/ports.ts'
import type { Interceptors } from '../../../lambda-runtime/src/types/interceptors.ts'

const orders = service('orders', { process: () => 'done' })
const invocation = parseInvocationId(`orders.${'0'.repeat(26)}`)

const request: InvokeRequest = {
  protocol: 1,
  kind: 'invoke',
  invocation,
  target: { service: 'orders', handler: 'process' },
  epoch: 1,
  attempt: 1,
  journal: [],
  expires: 1,
  channel: { kind: 'dynamodb', table: 'fermata', region: 'eu-west-1' },
}
const reply: InvokeReply = {
  protocol: 1,
  kind: 'reply',
  invocation,
  epoch: 1,
  writer: 'w',
  base: null,
  entries: [],
  status: { kind: 'completed', value: { json: 'done' } },
}

type Attempt = Parameters<LambdaDeps['runAttempt']>

function setUp(answer: () => Promise<InvokeReply> = async () => reply) {
  const attempts: Attempt[] = []
  const contexts: unknown[] = []
  const host: HandlerHost = {
    now: () => 0,
    timer: () => () => {},
    drained: async () => {},
    nonce: () => 'n',
    remainingMs: () => 1_000,
  }
  const handler = createLambdaHandler([orders], {
    runAttempt(...attempt) {
      attempts.push(attempt)
      return answer()
    },
    host(context) {
      contexts.push(context)
      return host
    },
    journal: () => {
      throw new Error('No journal is opened before it is used')
    },
    logger: () => ({ debug() {}, info() {}, warn() {}, error() {} }),
  })
  return { handler, attempts, contexts, host }
}

describe('a Lambda handler', () => {
  it('answers discover with the manifest, without an attempt', async () => {
    const { handler, attempts } = setUp()
    const manifest = await handler({ protocol: 1, kind: 'discover' }, {})
    expect(manifest).toMatchObject({ kind: 'manifest', services: [{ name: 'orders' }] })
    expect(attempts).toEqual([])
  })

  it('runs an attempt for invoke and answers with its reply', async () => {
    const { handler, attempts, contexts, host } = setUp()
    const context = { getRemainingTimeInMillis: () => 1_000 }
    expect(await handler(request, context)).toEqual(reply)
    const [[asked, definitions, deps] = []] = attempts
    expect(asked).toEqual(request)
    expect([...(definitions?.keys() ?? [])]).toEqual(['orders'])
    expect(deps?.host).toBe(host)
    expect(contexts).toEqual([context])
  })

  it('lets an attempt use its time up, without a timeout of its own', async () => {
    const late = new Promise<InvokeReply>((resolve) =>
      setImmediate(() => setImmediate(resolve, reply)),
    )
    const { handler } = setUp(() => late)
    expect(await handler(request, { getRemainingTimeInMillis: () => 0 })).toEqual(reply)
  })

  it.each<[string, unknown, string]>([
    [
      'an event of API Gateway',
      { requestContext: {}, body: '' },
      'an event of API Gateway, a load',
    ],
    ['an event of EventBridge', { source: 'a', 'detail-type': 'b' }, 'an event of EventBridge'],
    ['a batch of an event source', { Records: [] }, 'a batch of records'],
    ['a batch of Kafka', { eventSource: 'aws:kafka', records: {} }, 'a batch of records'],
    ['the test event of the console', { key1: 'value1' }, 'the test event of the Lambda console'],
    ['anything else', { a: 1, b: 2 }, 'an event with a, b'],
    ['an empty event', {}, 'an empty event'],
    ['text', 'hello', 'string: hello'],
    ['null', null, 'object: null'],
  ])('says clearly that it does not serve %s', async (_, event, message) => {
    const { handler } = setUp()
    await expect(handler(event, {})).rejects.toMatchObject({
      code: 'not-a-request',
      message: expect.stringContaining(`it was invoked with ${message}`),
    })
  })

  it('refuses a request of another version, and one that is misshapen', async () => {
    const { handler } = setUp()
    await expect(handler({ ...request, protocol: 2 }, {})).rejects.toMatchObject({
      code: 'protocol-version',
    })
    await expect(handler({ ...request, epoch: -1 }, {})).rejects.toMatchObject({
      code: 'protocol-shape',
      message: expect.stringContaining('epoch'),
    })
  })

  it('cannot be made of two services with one name', () => {
    const twice = () => createLambdaHandler([orders, orders], {} as LambdaDeps)
    expect(twice).toThrow('The service "orders" is there twice')
  })
})

describe('middlewares of middy', () => {
  it('go around an attempt, in order', async () => {
    const { handler } = setUp()
    const seen: unknown[] = []
    const first: middy.MiddlewareObj = {
      before: ({ event }) => void seen.push(event === request ? 'request' : event),
      after: ({ response }) => void seen.push(response),
    }
    const second = { before: () => void seen.push('second') }
    await handler.use(first).use([second])(request, {})
    expect(seen).toEqual(['request', 'second', reply])
  })

  it('see an error, which ends the attempt without a reply', async () => {
    const { handler } = setUp(() => Promise.reject(new Error('lost')))
    const seen: unknown[] = []
    handler.use({ onError: ({ error }) => void seen.push(error?.message) })
    await expect(handler(request, {})).rejects.toThrow('lost')
    expect(seen).toEqual(['lost'])
  })
})

describe('interceptors', () => {
  it('are handed to the attempt, those added first outermost', async () => {
    const { handler, attempts } = setUp()
    const order: string[] = []
    const tracing = (name: string): Interceptors => ({
      async run(_, next) {
        order.push(`${name} in`)
        const result = await next()
        order.push(`${name} out`)
        return `${name}(${result})`
      },
    })
    await handler.around(tracing('a')).around({}).around(tracing('b'))(request, {})
    const around = attempts[0]?.[2].around
    const result = await around?.run?.({} as never, async () => 'x')
    expect(result).toBe('a(b(x))')
    expect(order).toEqual(['a in', 'b in', 'b out', 'a out'])
    expect(around?.handler).toBeUndefined()
  })
})

describe('lambda()', () => {
  const around: string[] = []
  const shop = service(
    {
      name: 'shop',
      around: { run: async ({ name }, next) => `inner ${name}(${await next()})` },
    },
    {
      async buy(ctx, sku: string) {
        const paid = await ctx.run('charge', () => `paid ${sku}`)
        return { paid, origin: ctx.origin, attempt: ctx.attempt }
      },
      async refuse() {
        throw new TerminalError('sold out', { status: 409, code: 'sold-out' })
      },
    },
  )
  const invoke = (handler: string): InvokeRequest => ({
    ...request,
    target: { service: 'shop', handler },
    journal: [
      {
        protocol: 1,
        n: 0,
        born: 'b',
        epoch: 1,
        by: 'orchestrator',
        writer: 'o',
        at: 1_000,
        entries: [
          {
            kind: 'created',
            target: { service: 'shop', handler },
            input: { json: 'tea' },
            headers: {},
            origin: { kind: 'http' },
            retentionMs: 1_000,
          },
          { kind: 'attempt', epoch: 1, deployment: 'd' },
        ],
      },
    ],
  })

  it('runs a handler with one step to its end, without a connection to the table', async () => {
    const handler = lambda(shop).around({
      run: async ({ name, service: of, handler: buy }, next) => {
        around.push(`${of}/${buy} ${name}`)
        return `outer(${await next()})`
      },
    })
    const paid = 'outer(inner charge(paid tea))'
    expect(await handler(invoke('buy'), {})).toMatchObject({
      kind: 'reply',
      base: null,
      entries: [
        { kind: 'run', op: 0, name: 'charge', result: { kind: 'value', value: { json: paid } } },
      ],
      status: {
        kind: 'completed',
        value: { json: { paid, origin: { kind: 'http' }, attempt: 1 } },
      },
    })
    expect(around).toEqual(['shop/buy charge'])
  })

  it('answers a terminal error as a failure with its code and status', async () => {
    expect(await lambda(shop)(invoke('refuse'), {})).toMatchObject({
      entries: [],
      status: {
        kind: 'failed',
        failure: { code: 'sold-out', message: 'sold out', status: 409 },
      },
    })
  })
})
