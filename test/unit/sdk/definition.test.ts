import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  definitionsByName,
  object,
  runtimeOf,
  service,
  workflow,
} from '../../../lambda-runtime/src/definition.ts'
import { UsageError } from '../../../lambda-runtime/src/errors.ts'
import { handle, shared } from '../../../lambda-runtime/src/handle.ts'
import { manifestOf } from '../../../lambda-runtime/src/manifest.ts'
import { promiseName } from '../../../lambda-runtime/src/promise-name.ts'
import { decodeManifest } from '../../../lambda-runtime/src/protocol/index.ts'
import { serde } from '../../../lambda-runtime/src/serde.ts'
import type { Definition } from '../../../lambda-runtime/src/types/definition.ts'
import type { Serde } from '../../../lambda-runtime/src/types/serde.ts'
import { sdkVersion } from '../../../lambda-runtime/src/version.ts'

/** As a caller without types may define it. */
const untyped = service as unknown as (head: unknown, handlers: unknown) => Definition
const ok = () => 'ok'

describe('a definition', () => {
  const input = z.object({ sku: z.string() })
  const run = { run: async (_: unknown, next: () => Promise<unknown>) => next() }
  const definition = service(
    { name: 'orders', retention: '7d', private: true, around: run },
    {
      plain: ok,
      optioned: handle(
        { input, retry: { maxAttempts: 3, onExhaustion: 'fail' }, timeout: '1m' },
        ok,
      ),
      bare: handle(ok),
    },
  )

  it('is run with its options resolved', () => {
    const runtime = runtimeOf(definition)
    expect(runtime).toMatchObject({
      kind: 'service',
      name: 'orders',
      options: { retentionMs: 604_800_000, private: true },
      around: run,
    })
    expect([...runtime.handlers.values()]).toEqual([
      { name: 'plain', mode: 'stateless', fn: ok, serdes: {}, options: {} },
      {
        name: 'optioned',
        mode: 'stateless',
        fn: ok,
        input,
        serdes: {},
        options: { retry: { maxAttempts: 3, onExhaustion: 'fail' }, timeoutMs: 60_000 },
      },
      { name: 'bare', mode: 'stateless', fn: ok, serdes: {}, options: {} },
    ])
  })

  it('shows its kind and name, which clients of it need', () => {
    expect(definition).toMatchObject({ kind: 'service', name: 'orders' })
  })

  it('is told in a manifest that the protocol accepts', () => {
    const manifest = manifestOf([definition, service('other', { ok })])
    expect(decodeManifest(JSON.parse(JSON.stringify(manifest)))).toEqual({
      protocol: 1,
      kind: 'manifest',
      sdk: `@fermata/lambda-runtime/${sdkVersion}`,
      services: [
        {
          name: 'orders',
          kind: 'service',
          retentionMs: 604_800_000,
          private: true,
          handlers: [
            { name: 'plain', mode: 'stateless' },
            {
              name: 'optioned',
              mode: 'stateless',
              retry: { maxAttempts: 3, onExhaustion: 'fail' },
              timeoutMs: 60_000,
            },
            { name: 'bare', mode: 'stateless' },
          ],
        },
        { name: 'other', kind: 'service', handlers: [{ name: 'ok', mode: 'stateless' }] },
      ],
    })
  })

  it('tells the version that is in package.json', () => {
    const file = new URL('../../../lambda-runtime/package.json', import.meta.url)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('version', sdkVersion)
  })
})

describe('objects and workflows', () => {
  const cart = object({ name: 'cart', concurrency: 5 }, { add: ok, size: shared(ok) })
  const signup = workflow('signup', { run: ok, verify: ok })

  it('have a mode for each handler', () => {
    const modes = [cart, signup].map(({ kind, name }, index) => {
      const definition = [cart, signup][index] as Definition
      const { handlers } = runtimeOf(definition)
      return [kind, name, [...handlers.values()].map((handler) => [handler.name, handler.mode])]
    })
    expect(modes).toEqual([
      [
        'object',
        'cart',
        [
          ['add', 'exclusive'],
          ['size', 'shared'],
        ],
      ],
      [
        'workflow',
        'signup',
        [
          ['run', 'workflow'],
          ['verify', 'shared'],
        ],
      ],
    ])
  })

  it('have no handler called "send", which is how a call is sent over HTTP', () => {
    for (const define of [
      () => object('o', { send: ok }),
      () => workflow('w', { run: ok, send: ok }),
    ]) {
      expect(define).toThrow(/cannot be called "send"/)
    }
  })

  it('are the same with their state typed', () => {
    const typed = object<{ items: string[] }>()('cart', { add: ok })
    expect(runtimeOf(typed)).toMatchObject({ kind: 'object', name: 'cart' })
    expect(runtimeOf(workflow<{ at: number }>()('w', { run: ok }))).toMatchObject({ name: 'w' })
  })

  it('are told in a manifest, with policies, schedules and media types', () => {
    const csv: Serde<string[]> = {
      contentType: 'Text/CSV',
      serialize: () => new Uint8Array(),
      deserialize: () => [],
    }
    const reports = service('reports', {
      nightly: handle(
        { schedule: { cron: '0 3 * * *', timezone: 'Europe/Berlin', catchUp: 'none' } },
        ok,
      ),
      often: handle({ schedule: { every: '10m' } }, ok),
      limited: handle(
        {
          inactivityTimeout: '1m',
          idempotencyRetention: '2d',
          rate: { limit: 10, per: '1s', burst: 20 },
          input: csv,
          output: serde.bytes,
        },
        (_, rows) => new Uint8Array(rows.length),
      ),
      text: handle({ input: serde.json<string>(), output: serde.string }, ok),
    })
    const { services } = decodeManifest(JSON.parse(JSON.stringify(manifestOf([cart, reports]))))
    expect(services).toEqual([
      {
        name: 'cart',
        kind: 'object',
        concurrency: 5,
        handlers: [
          { name: 'add', mode: 'exclusive' },
          { name: 'size', mode: 'shared' },
        ],
      },
      {
        name: 'reports',
        kind: 'service',
        handlers: [
          {
            name: 'nightly',
            mode: 'stateless',
            schedule: { cron: '0 3 * * *', timezone: 'Europe/Berlin', catchUp: 'none' },
          },
          { name: 'often', mode: 'stateless', schedule: { everyMs: 600_000 } },
          {
            name: 'limited',
            mode: 'stateless',
            inactivityMs: 60_000,
            idempotencyRetentionMs: 172_800_000,
            rate: { limit: 10, perMs: 1_000, burst: 20 },
            accepts: 'text/csv',
            answers: 'application/octet-stream',
          },
          { name: 'text', mode: 'stateless', answers: 'text/plain' },
        ],
      },
    ])
  })

  it('name promises', () => {
    expect(promiseName<string>('done')).toEqual({ name: 'done' })
    expect(() => promiseName('')).toThrow('was given none')
  })

  it.each<[string, () => unknown, string]>([
    ['an object with run', () => object('a', { run: ok } as never), 'cannot be called "run"'],
    ['a workflow without run', () => workflow('a', { b: ok } as never), 'has no handler "run"'],
    ['shared() in a service', () => service('a', { b: shared(ok) } as never), 'only objects'],
    ['shared() in a workflow', () => workflow('a', { run: shared(ok) } as never), 'only objects'],
    [
      'a schedule of an object',
      () => object('a', { b: handle({ schedule: { every: '1m' } }, ok) }),
      'a tick names no key',
    ],
    ...[
      [{ schedule: {} }, 'either cron or every'],
      [{ schedule: { cron: '* * * *' } }, 'five fields'],
      [{ schedule: { cron: '* * * * *', timezone: 'Mars/Olympus' } }, 'no time zone'],
      [{ schedule: { every: '1ms' } }, 'at least a second'],
      [{ schedule: { every: '1m', catchUp: 'some' } }, 'must be one of latest, all, none'],
      [{ concurrency: 0 }, 'concurrency must be a whole number'],
      [{ rate: { limit: 1.5, per: '1s' } }, 'rate.limit must be a whole number'],
      [{ rate: { limit: 1, per: 0 } }, 'rate.per must be longer'],
      [{ input: { deserialize: 1 } }, 'without serialize() or deserialize()'],
      [{ output: { ...serde.bytes, contentType: 'csv' } }, 'is no media type'],
    ].map(([options, message]): [string, () => unknown, string] => [
      JSON.stringify(options),
      () => service('a', { b: handle(options as never, ok) }),
      message as string,
    ]),
  ])('are refused at once: %s', (_, define, message) => {
    expect(define).toThrow(expect.objectContaining({ code: 'definition-invalid' }))
    expect(define).toThrow(message)
  })
})

describe('a definition that cannot work', () => {
  it.each<[string, unknown, unknown, string]>([
    ['no name', '', { ok }, 'The service cannot be named ""'],
    ['a name with a slash', 'a/b', { ok }, 'The service cannot be named "a/b"'],
    ['a name that is too long', 'a'.repeat(101), { ok }, 'up to 99 letters, digits, _ or -'],
    ['a name that is no text', { name: 7 }, { ok }, 'The service cannot be named 7'],
    ['no handlers', 'a', {}, 'The service "a" has no handler'],
    ['a handler’s bad name', 'a', { 'b c': ok }, 'The handler "a/b c" cannot be named "b c"'],
    [
      'a handler called then',
      'a',
      Object.fromEntries([['then', ok]]),
      'its client would be awaitable',
    ],
    [
      'a handler that is no function',
      'a',
      { b: 1 },
      '"a/b" is neither a function nor made by handle() or shared()',
    ],
    [
      'a bad duration',
      { name: 'a', timeout: '-1s' },
      { ok },
      `The service "a": '-1s' is no duration`,
    ],
    [
      'a bad policy',
      'a',
      { b: handle({ retry: { factor: 0 } }, ok) },
      'The handler "a/b": retry.factor',
    ],
  ])('is refused at once: %s', (_, head, handlers, message) => {
    const define = () => untyped(head, handlers)
    expect(define).toThrow(UsageError)
    expect(define).toThrow(expect.objectContaining({ code: 'definition-invalid' }))
    expect(define).toThrow(message)
  })

  it('is refused when handle() gets no function', () => {
    const handleUntyped = handle as unknown as (options: object) => unknown
    expect(() => handleUntyped({})).toThrow('handle() was given no function')
  })

  it('is refused where definitions are taken, when service() did not make it', () => {
    const strangers = [null, {}, 'orders', { kind: 'service', name: 'orders' }]
    for (const stranger of strangers) {
      expect(() => runtimeOf(stranger as unknown as Definition)).toThrow('did not make')
    }
  })

  it('is refused when two have one name, or there is none', () => {
    const twice = [service('a', { ok }), service('a', { ok })]
    expect(() => definitionsByName(twice)).toThrow('The service "a" is there twice')
    expect(() => definitionsByName([])).toThrow('pass at least one service')
  })
})
