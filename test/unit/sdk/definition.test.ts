import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { definitionsByName, runtimeOf, service } from '../../../lambda-runtime/src/definition.ts'
import { UsageError } from '../../../lambda-runtime/src/errors.ts'
import { handle } from '../../../lambda-runtime/src/handle.ts'
import { manifestOf } from '../../../lambda-runtime/src/manifest.ts'
import { decodeManifest } from '../../../lambda-runtime/src/protocol/index.ts'
import type { Definition } from '../../../lambda-runtime/src/types/definition.ts'
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
